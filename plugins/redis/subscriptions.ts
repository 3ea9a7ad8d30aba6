/** The channels this hub listens to: what is wanted, brought to Redis once a turn and again after every failure. */
import { ErrorReply } from '@redis/client';
import type { Log } from '../../core/index.ts';
import type { Link } from './link.ts';

/** Channels in one command. */
const MOST_AT_ONCE = 1_000;

type Listener = (message: Buffer, channel: Buffer) => void;

export class Subscriptions {
  readonly #link: Link;
  readonly #log: Log;
  readonly #listener: Listener;
  readonly #wanted = new Set<string>();
  /** Channels about which Redis may think otherwise. */
  #changed = new Set<string>();
  #isScheduled = false;

  constructor(link: Link, log: Log, listener: Listener) {
    this.#link = link;
    this.#log = log;
    this.#listener = listener;
    // The client restores those that Redis had confirmed; the others are asked for here.
    link.onReady(() => this.#schedule());
  }

  add(channel: string): void {
    this.#wanted.add(channel);
    this.#change(channel);
  }

  delete(channel: string): void {
    this.#wanted.delete(channel);
    this.#change(channel);
  }

  /** Whether Redis knows all that is wanted. */
  get isSettled(): boolean {
    return this.#changed.size === 0;
  }

  #change(channel: string): void {
    this.#changed.add(channel);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#changed.size === 0 || !this.#link.isReady) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#link.isReady) void this.flush();
    });
  }

  /** Asks Redis for all that has changed. @returns when that is in force; what fails is asked for again later. */
  async flush(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed = new Set();
    const { client } = this.#link;
    const begin = changed.filter((channel) => this.#wanted.has(channel));
    const end = changed.filter((channel) => !this.#wanted.has(channel));
    await Promise.all([
      ...chunks(end).map((some) => this.#ask(some, client.sUnsubscribe(some, this.#listener, true))),
      ...chunks(begin).map((some) => this.#ask(some, client.sSubscribe(some, this.#listener, true))),
    ]);
  }

  async #ask(channels: readonly string[], asked: Promise<void>): Promise<void> {
    try {
      await asked;
    } catch (error) {
      for (const channel of channels) this.#changed.add(channel);
      // A refusal would be repeated at once: it is asked again with the next change.
      if (error instanceof ErrorReply) this.#log.error({ err: error }, 'Redis refuses a subscription');
      else this.#schedule();
    }
  }
}

function chunks(channels: string[]): string[][] {
  const all: string[][] = [];
  for (let at = 0; at < channels.length; at += MOST_AT_ONCE) all.push(channels.slice(at, at + MOST_AT_ONCE));
  return all;
}
