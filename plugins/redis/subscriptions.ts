/** The channels this hub listens to: what is wanted, brought to Redis once a turn and again after every failure. */
import { ErrorReply } from '@redis/client';
import type { Log } from '../../core/index.ts';
import type { Link, Listener } from './link.ts';

/** Channels in one command. */
const MOST_AT_ONCE = 1_000;
/** After Redis refused something, or a connection failed without Redis being away: in ms. */
const RETRY_MS = 5_000;

export class Subscriptions {
  readonly #link: Link;
  readonly #log: Log;
  readonly #listener: Listener;
  readonly #wanted = new Set<string>();
  /** Channels about which Redis may think otherwise. */
  #changed = new Set<string>();
  /** Until Redis was told of these. */
  #inForce = Promise.withResolvers<void>();
  /** Until it was told of what was asked for last. */
  #lastInForce = Promise.resolve();
  #isBusy = false;
  /** Until Redis is asked again for what failed. */
  #retry: NodeJS.Timeout | undefined;

  constructor(link: Link, log: Log, listener: Listener) {
    this.#link = link;
    this.#log = log;
    this.#listener = listener;
    // The client restores those that Redis had confirmed; the others are asked for here.
    link.onReady(() => this.#schedule());
  }

  /** Nothing is asked for any more. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#wanted.clear();
    this.#changed.clear();
    this.#inForce.resolve();
  }

  /** Resolves when all that was asked for is in force, or nothing is asked for any more. */
  settled(): Promise<void> {
    return this.#lastInForce;
  }

  /** @returns when it is in force. */
  add(channel: string): Promise<void> {
    this.#wanted.add(channel);
    this.#change(channel);
    return this.#inForce.promise;
  }

  delete(channel: string): void {
    this.#wanted.delete(channel);
    this.#change(channel);
  }

  #change(channel: string): void {
    this.#changed.add(channel);
    this.#lastInForce = this.#inForce.promise;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isBusy || this.#changed.size === 0 || !this.#link.isReady) return;
    this.#isBusy = true;
    // At the end of the turn, so that all changes of it go together.
    queueMicrotask(async () => {
      const inForce = this.#inForce;
      this.#inForce = Promise.withResolvers();
      const failed = await this.#tell();
      this.#isBusy = false;
      for (const channel of failed) this.#changed.add(channel);
      inForce.resolve(failed.length === 0 ? undefined : this.#inForce.promise);
      clearTimeout(this.#retry);
      if (failed.length === 0) this.#schedule();
      else this.#retry = setTimeout(() => this.#schedule(), RETRY_MS).unref();
    });
  }

  /** Tells Redis all that has changed. @returns the channels for which that failed. */
  async #tell(): Promise<string[]> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    // In two steps: the client of a cluster lets a connection go with its last channel.
    const end = changed.filter((channel) => !this.#wanted.has(channel));
    const ended = await this.#each(end, (some) => this.#link.unsubscribe(some, this.#listener));
    const begin = changed.filter((channel) => this.#wanted.has(channel));
    const begun = await this.#each(begin, (some) => this.#link.subscribe(some, this.#listener));
    return [...ended, ...begun];
  }

  /** @returns the channels for which it failed. */
  async #each(channels: string[], ask: (some: string[]) => Promise<void>): Promise<string[]> {
    const failed: string[] = [];
    const asked: Promise<void>[] = [];
    for (let at = 0; at < channels.length; at += MOST_AT_ONCE) {
      const some = channels.slice(at, at + MOST_AT_ONCE);
      const failing = (error: unknown) => {
        failed.push(...some);
        if (error instanceof ErrorReply) this.#log.error({ err: error }, 'Redis refuses a subscription');
      };
      asked.push(ask(some).catch(failing));
    }
    await Promise.all(asked);
    return failed;
  }
}
