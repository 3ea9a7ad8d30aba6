/** What a link holds on to until something is wrong with it: a connection to one server, or those to the masters of a cluster. */
import type { Link, SendOptions } from './link.ts';

/** Of one attempt to reach a server, in ms. */
export const CONNECT_MS = 5_000;

export interface Server {
  sendCommand(args: (string | Buffer)[]): Promise<unknown>;
}

/** It does not come back by itself: when it is lost, another one is made. */
export interface Connection extends Pick<Link, 'send' | 'subscribe' | 'unsubscribe' | 'servers' | 'info'> {
  /**
   * As `send`, but a command that is for another server than was known fails with a redirection.
   * @returns the answer, and who gave it.
   */
  sendTo(
    key: string,
    args: (string | Buffer)[],
    options?: SendOptions,
  ): Promise<{ readonly answer: unknown; readonly server: Server }>;
  /** Resolves when all servers have answered. @throws Unfit when they are not those to talk to. */
  check(): Promise<void>;
  /** Waits for the answers to what was sent. */
  close(): Promise<void>;
  /** What was sent and is not answered fails. */
  destroy(): void;
}

/** Servers answer, but are not, or not any more, those to talk to. */
export class Unfit extends Error {}

/** @param replication the section of a server's INFO. @throws Unfit when it is no master. */
export function checkRole(replication: string): void {
  if (!/^role:master/m.test(replication)) throw new Unfit('the server is no master, or not any more');
}

/** @throws the reason of the signal, unless the work is done before. */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}
