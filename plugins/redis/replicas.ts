/** Waits until replicas have what was written: for all writes to a server that were answered meanwhile, one question at a time. */
import { ErrorReply } from '@redis/client';
import type { Server } from './connection.ts';
import { TooFewReplicas } from './link.ts';

interface Questions {
  /** Until the last one is answered. */
  last: Promise<unknown>;
  /** The one that is asked then. */
  next: Promise<number> | undefined;
}

export class Replicas {
  readonly #count: number;
  readonly #ms: number;
  readonly #asked = new WeakMap<Server, Questions>();

  /** @param count replicas that must have a write. @param ms how long it may take: Redis does nothing else for the connection meanwhile. */
  constructor(count: number, ms: number) {
    this.#count = count;
    this.#ms = ms;
  }

  /** Resolves when enough of them have what the server has answered to so far. @throws TooFewReplicas */
  async have(server: Server): Promise<void> {
    let questions = this.#asked.get(server);
    if (questions === undefined) {
      questions = { last: Promise.resolve(), next: undefined };
      this.#asked.set(server, questions);
    }
    questions.next ??= this.#ask(server, questions);
    const found = await questions.next.catch((error: unknown) => {
      // The server is about to become a replica itself.
      if (error instanceof ErrorReply) throw new TooFewReplicas(`the write may be lost: ${error.message}`);
      throw error;
    });
    if (found >= this.#count) return;
    const text = `only ${found} of ${this.#count} replicas had the write within ${this.#ms} ms; it may be there, or be lost later`;
    throw new TooFewReplicas(text);
  }

  async #ask(server: Server, questions: Questions): Promise<number> {
    await questions.last;
    const asking = server.sendCommand(['WAIT', `${this.#count}`, `${this.#ms}`]);
    questions.next = undefined;
    questions.last = asking.catch(() => {}); // whoever asks is told
    return Number(await asking);
  }
}
