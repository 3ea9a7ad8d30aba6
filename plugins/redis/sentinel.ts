/** The server that sentinels name as the master. They are asked whenever it is lost, and now and then. */
import type { Log } from '../../core/index.ts';
import { CONNECT_MS, type Connection, checkRole, Unfit, within } from './connection.ts';
import { LastingLink } from './lasting.ts';
import type { LinkOptions } from './link.ts';
import { newClient, ServerConnection } from './server.ts';

export interface SentinelOptions extends LinkOptions {
  /** URLs, with the credentials of the sentinels themselves. */
  readonly sentinels: readonly string[];
  /** Its name among the sentinels. */
  readonly master: string;
}

/** Of the questions to the master, each so manieth goes to the sentinels too. */
const ASK_EVERY = 5;

/** It takes no more from `url` than how to speak to the master: user, password, database and TLS. */
export class SentinelLink extends LastingLink {
  readonly #options: SentinelOptions;

  constructor(options: SentinelOptions, log: Log) {
    super(options, options.sentinels.map((url) => new URL(url).host).join(', '), log);
    this.#options = options;
  }

  protected async connect(lost: (error: unknown) => void, signal: AbortSignal): Promise<Connection> {
    const address = await this.#find(signal);
    let asked = 0;
    return ServerConnection.open(at(this.#options.url, address), lost, signal, async (server) => {
      checkRole(await server.info('replication'));
      asked++;
      if (asked % ASK_EVERY === 0) void this.#compare(address, lost);
    });
  }

  /** A master that is cut off from the sentinels, but not from this hub, would go on for it alone. */
  async #compare(address: string, lost: (error: unknown) => void): Promise<void> {
    const signal = AbortSignal.timeout(this.#options.silenceMs);
    const found = await this.#find(signal).catch(() => address); // the sentinels are away: the master need not be
    if (found !== address) lost(new Unfit(`the sentinels name the Redis at ${found} now`));
  }

  /** Asks all sentinels at once. @returns the address most of those name that answer. */
  async #find(signal: AbortSignal): Promise<string> {
    const { sentinels, master } = this.#options;
    const votes = new Map<string, number>();
    const found = Promise.withResolvers<string>();
    const enough = new AbortController();
    const until = AbortSignal.any([signal, enough.signal]);
    const asked = sentinels.map(async (url) => {
      const address = await ask(url, master, until);
      const count = (votes.get(address) ?? 0) + 1;
      votes.set(address, count);
      if (count > sentinels.length / 2) found.resolve(address);
    });
    void Promise.allSettled(asked).then((outcomes) => {
      const [most] = [...votes].sort(([, a], [, b]) => b - a);
      if (most !== undefined) found.resolve(most[0]);
      const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      found.reject(new Error(`no sentinel names a master: ${[...new Set(reasons)].join('; ')}`));
    });
    return found.promise.finally(() => enough.abort());
  }
}

/** @returns `host:port`. @throws Error when the sentinel does not answer, or knows no such master. */
async function ask(url: string, master: string, signal: AbortSignal): Promise<string> {
  const client = newClient({
    url,
    maintNotifications: 'disabled',
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: false },
  });
  client.on('error', () => {}); // what is asked fails by it
  client.on('connect', () => signal.aborted && client.destroy());
  try {
    await within(signal, client.connect());
    const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master];
    const answer = await within(signal, client.sendCommand(question));
    if (!Array.isArray(answer)) throw new Error(`it knows no master ${JSON.stringify(master)}`);
    const [host, port] = answer.map(String);
    return host?.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  } finally {
    client.destroy();
  }
}

/** @returns the URL with another address. */
function at(url: string, address: string): string {
  const found = new URL(url);
  found.host = address;
  return found.href;
}
