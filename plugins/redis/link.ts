/** One connection to Redis that comes back by itself, and knows whether Redis answers. */
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, ErrorReply, type TypeMapping } from '@redis/client';
import { type Log, StartError } from '../../core/index.ts';

/** Of one attempt to connect, in ms. */
const CONNECT_MS = 5_000;
/** Between attempts, in ms: doubled from the first to the last, each one shortened at random by up to a half. */
const FIRST_DELAY = 50;
const LAST_DELAY = 2_000;
/** Between questions to a Redis that still loads its data, in ms. */
const LOADING_MS = 100;
/** Questions within the time of silence that is allowed. */
const PINGS = 5;

export interface LinkOptions {
  readonly url: string;
  readonly silenceMs: number;
}

interface CommandOptions {
  /** How answers are given back, where not as text and numbers. */
  readonly typeMapping: TypeMapping;
}

export class Link {
  readonly client;
  readonly #options: LinkOptions;
  readonly #log: Log;
  readonly #whenReady: (() => void)[] = [];
  #watch: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #isReady = false;
  #isOpen = false;
  /** Unix ms; undefined: it is not away. */
  #awaySince: number | undefined;

  /** @param log says which of the hub's connections this is. */
  constructor(options: LinkOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    this.client = createClient({
      url: options.url,
      RESP: 3,
      // What may wait, and how long, is decided before a command is given to the client.
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: {
        connectTimeout: CONNECT_MS,
        reconnectStrategy: (retries) => this.#isOpen && delay(retries),
      },
    });
    this.client.on('error', (error: unknown) => this.#lost(error));
    this.client.on('ready', () => void this.#probe());
  }

  /** Whether Redis answered last; commands sent now go out in this turn. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Sends one command with all others of this turn of the event loop. */
  send(args: (string | Buffer)[], options?: CommandOptions): Promise<unknown> {
    return this.client.sendCommand(args, options);
  }

  /** In plain words since when it is away; undefined: it is not. */
  get obstacle(): string | undefined {
    if (this.#awaySince === undefined) return undefined;
    return `Redis does not answer since ${new Date(this.#awaySince).toISOString()}`;
  }

  /** Calls back whenever Redis has come back, in the order of registration. */
  onReady(task: () => void): void {
    this.#whenReady.push(task);
  }

  /** @throws StartError when Redis cannot be reached, or is too old. */
  async open(): Promise<void> {
    try {
      await this.client.connect();
      this.#isOpen = true;
      await this.#answer();
      await this.#checkVersion();
    } catch (cause) {
      await this.close();
      if (cause instanceof StartError) throw cause;
      const { host } = new URL(this.#options.url);
      const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
      throw new StartError(`Redis at ${host} cannot be used: ${reason}`, { cause });
    }
    this.#isReady = true;
    this.#watch = setInterval(() => this.#ping(), this.#options.silenceMs / PINGS);
  }

  /** Waits for the answers to what was sent, unless Redis is away. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    const wasReady = this.#isReady;
    this.#isOpen = false;
    this.#isReady = false;
    const tooLate = setTimeout(() => this.client.destroy(), this.#options.silenceMs);
    if (wasReady) await this.client.close().catch(() => {}); // lost just now: there is nothing left to wait for
    clearTimeout(tooLate);
    this.client.destroy();
  }

  /** Counted in questions and not in time, so that a hub that was stopped itself does not take Redis for silent. */
  #ping(): void {
    if (!this.#isReady) return;
    if (this.#unanswered >= PINGS) {
      this.#lost(new Error(`no answer for ${this.#options.silenceMs} ms`));
      this.client.destroy();
      this.client.connect().catch((error) => this.#lost(error));
      return;
    }
    this.#unanswered++;
    this.client.ping().then(
      () => {
        this.#unanswered = 0;
      },
      () => {}, // the connection is lost, and the client says so by itself
    );
  }

  #lost(error: unknown): void {
    this.#isReady = false;
    if (!this.#isOpen || this.#awaySince !== undefined) return;
    this.#awaySince = Date.now();
    this.#log.warn({ err: error }, 'the connection to Redis is lost; trying to get it back');
  }

  /** The client is connected. */
  async #probe(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.#answer();
    } catch {
      return; // lost again, which the client says by itself
    }
    this.#unanswered = 0;
    this.#isReady = true;
    if (this.#awaySince !== undefined) {
      this.#log.info(`Redis is back after ${Date.now() - this.#awaySince} ms`);
      this.#awaySince = undefined;
    }
    for (const task of this.#whenReady) task();
  }

  /** Waits while Redis loads its data. */
  async #answer(): Promise<void> {
    for (;;) {
      try {
        await this.client.ping();
        return;
      } catch (error) {
        if (!(error instanceof ErrorReply && error.message.startsWith('LOADING'))) throw error;
        await wait(LOADING_MS);
      }
    }
  }

  async #checkVersion(): Promise<void> {
    const info = await this.client.info('server');
    const [, version = ''] = /^redis_version:(.*?)\r?$/m.exec(info) ?? [];
    if (Number.parseInt(version, 10) >= 7) return;
    throw new StartError(`Redis must be version 7 or newer, or Valkey, found version ${version}`);
  }
}

function delay(retries: number): number {
  const longest = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** Math.min(retries, 10));
  return longest * (1 - Math.random() / 2);
}
