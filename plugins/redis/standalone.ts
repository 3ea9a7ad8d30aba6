/** One server: a single connection, so that publications and subscriptions take effect in the order they were asked for. */
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, ErrorReply } from '@redis/client';
import type { Log } from '../../core/index.ts';
import {
  cannotStart,
  checkVersion,
  delay,
  type Link,
  type LinkOptions,
  type Listener,
  obstacleSince,
  type SendOptions,
} from './link.ts';

/** Of one attempt to connect, in ms. */
const CONNECT_MS = 5_000;
/** Between questions to a Redis that still loads its data, in ms. */
const LOADING_MS = 100;
/** Questions within the time of silence that is allowed. */
const PINGS = 5;

export class StandaloneLink implements Link {
  readonly #client;
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
    this.#client = createClient({
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
    this.#client.on('error', (error: unknown) => this.#lost(error));
    this.#client.on('ready', () => void this.#probe());
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get obstacle(): string | undefined {
    return obstacleSince(this.#awaySince);
  }

  onReady(task: () => void): void {
    this.#whenReady.push(task);
  }

  send(_key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown> {
    return this.#client.sendCommand(args, options);
  }

  subscribe(channels: string[], listener: Listener): Promise<void> {
    return this.#client.sSubscribe(channels, listener, true);
  }

  unsubscribe(channels: string[], listener: Listener): Promise<void> {
    return this.#client.sUnsubscribe(channels, listener, true);
  }

  async servers(): ReturnType<Link['servers']> {
    return [(args) => this.#client.sendCommand(args)];
  }

  info(section: string): Promise<string> {
    return this.#client.info(section);
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect();
      this.#isOpen = true;
      await this.#answer();
      await checkVersion(this);
    } catch (cause) {
      await this.close();
      throw cannotStart(this.#options.url, cause);
    }
    this.#isReady = true;
    this.#watch = setInterval(() => this.#ping(), this.#options.silenceMs / PINGS);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    const wasReady = this.#isReady;
    this.#isOpen = false;
    this.#isReady = false;
    const tooLate = setTimeout(() => this.#client.destroy(), this.#options.silenceMs);
    if (wasReady) await this.#client.close().catch(() => {}); // lost just now: there is nothing left to wait for
    clearTimeout(tooLate);
    this.#client.destroy();
  }

  /** Counted in questions and not in time, so that a hub that was stopped itself does not take Redis for silent. */
  #ping(): void {
    if (!this.#isReady) return;
    if (this.#unanswered >= PINGS) {
      this.#lost(new Error(`no answer for ${this.#options.silenceMs} ms`));
      this.#client.destroy();
      this.#client.connect().catch((error) => this.#lost(error));
      return;
    }
    this.#unanswered++;
    this.#client.ping().then(
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
        await this.#client.ping();
        return;
      } catch (error) {
        if (!(error instanceof ErrorReply && error.message.startsWith('LOADING'))) throw error;
        await wait(LOADING_MS);
      }
    }
  }
}
