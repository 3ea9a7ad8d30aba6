/** How calls of the store reach Redis: at once, or once Redis is back, within limits. */
import { ErrorReply, RESP_TYPES } from '@redis/client';
import { HubError } from '../../core/index.ts';
import { type Link, TooFewReplicas } from './link.ts';

export interface WaitOptions {
  /** How long a command waits while Redis is away. */
  readonly waitMs: number;
  /** Commands that may wait at a time. */
  readonly waiting: number;
  /** As those of the link. */
  readonly replicas?: number;
}

/** Calls that may be under way at a time: beyond, Redis does not keep up. */
const MOST_CALLS = 100_000;

/**
 * Answers of a Redis that loads its data, follows another one, lacks replicas, or is part of a cluster that lacks a master or
 * moves keys.
 */
const NOT_NOW = /^(LOADING|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK)/;

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

export class Engine {
  readonly #link: Link;
  readonly #options: WaitOptions;
  /** What goes on when Redis is back, in the order in which it was asked for. */
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(link: Link, options: WaitOptions) {
    this.#link = link;
    this.#options = options;
    link.onReady(() => {
      for (const { resolve } of this.#waiting) resolve();
    });
  }

  /** Makes a call, of one command or several. @throws Error once the store is closed, HubError `store_unavailable`. */
  async call<R>(work: () => Promise<R>): Promise<R> {
    if (this.#isClosed) throw new Error('the store in Redis is closed');
    if (this.#running.size >= MOST_CALLS) {
      throw new HubError('store_unavailable', 'Redis does not keep up with the calls of the store', 503);
    }
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Sends one command; text is given back as text.
   * @param key see `Link.send`.
   * @throws HubError `store_unavailable` when Redis is away for too long, or goes away before it answers.
   */
  send(key: string, ...args: (string | Buffer)[]): Promise<unknown> {
    return this.#send(() => this.#link.send(key, args));
  }

  /** As `send`, for all that changes something: as many replicas have it then as are wanted. See `Link.write`. */
  write(key: string, ...args: (string | Buffer)[]): Promise<unknown> {
    return this.#send(() => this.#link.write(key, args));
  }

  /** Resolves when what was read of the key is as safe as if it had been written now. */
  async keep(key: string): Promise<void> {
    if ((this.#options.replicas ?? 0) > 0) await this.write(key, 'EXISTS', key);
  }

  /** As `send`, but bytes are given back as the bytes they are. */
  sendForBytes(key: string, ...args: string[]): Promise<unknown> {
    return this.#send(() => this.#link.send(key, args, BYTES));
  }

  /** No call is accepted from here on, and those that wait for Redis fail. @returns when all have ended and Redis is let go. */
  async stop(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting) reject(unavailable(', and the hub stops'));
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await this.#link.close();
  }

  async #send(command: () => Promise<unknown>): Promise<unknown> {
    if (!this.#link.isReady) await this.#untilReady();
    try {
      return await command();
    } catch (error) {
      if (error instanceof ErrorReply) throw NOT_NOW.test(error.message) ? cannotNow(error) : error;
      if (error instanceof TooFewReplicas)
        throw new HubError('store_unavailable', error.message, 503, { cause: error });
      const text = 'Redis went away before it answered; whether it did what it was asked to is not known';
      throw new HubError('store_unavailable', text, 503, { cause: error });
    }
  }

  async #untilReady(): Promise<void> {
    const { waitMs, waiting } = this.#options;
    if (waitMs === 0) throw unavailable('');
    if (this.#isClosed) throw unavailable(', and the hub stops');
    if (this.#waiting.size >= waiting) throw unavailable(`, and ${waiting} calls wait for it already`);
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(() => ready.reject(unavailable(` for longer than ${waitMs} ms`)), waitMs);
    this.#waiting.add(ready);
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(ready);
    }
  }
}

function cannotNow(cause: Error): HubError {
  return new HubError('store_unavailable', `Redis cannot do it now: ${cause.message}`, 503, { cause });
}

function unavailable(why: string): HubError {
  return new HubError('store_unavailable', `Redis is away${why}`, 503);
}
