/** A link that connects anew whenever its connection is lost, or silent, and then has its subscriptions again. */
import { setTimeout as wait } from 'node:timers/promises';
import { ErrorReply } from '@redis/client';
import type { Log } from '../../core/index.ts';
import { CONNECT_MS, type Connection, Unfit, within } from './connection.ts';
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
import { Replicas } from './replicas.ts';

/** Between questions to a Redis that still loads its data at the start, in ms. */
const LOADING_MS = 100;
/** Questions within the time of silence that is allowed. */
const PINGS = 5;
/** Channels in one command. */
const MOST_AT_ONCE = 1_000;
/** Of the first attempt to connect anew, in ms, unless more silence is allowed; later ones get up to four times as long. */
const ATTEMPT_MS = 1_000;
const AWAY = 'Redis is away';

export abstract class LastingLink implements Link {
  readonly #silenceMs: number;
  readonly #place: string;
  readonly #log: Log;
  readonly #replicas: Replicas | undefined;
  readonly #whenReady: (() => void)[] = [];
  /** By channel: those that are in force, and are again when the link is back. */
  readonly #listeners = new Map<string, Listener>();
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #watch: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #isOpen = false;
  /** Unix ms; undefined: it is not away. */
  #awaySince: number | undefined;

  /** @param place for messages; without a password. */
  constructor({ silenceMs, replicas = 0 }: LinkOptions, place: string, log: Log) {
    this.#silenceMs = silenceMs;
    this.#place = place;
    this.#log = log;
    // Half the time: the connection answers nothing else meanwhile, and must not seem silent.
    if (replicas > 0) this.#replicas = new Replicas(replicas, Math.ceil(silenceMs / 2));
  }

  /**
   * Connects once.
   * @param lost is called when the connection breaks, or has to be another one.
   * @param signal ends the attempt.
   */
  protected abstract connect(lost: (error: unknown) => void, signal: AbortSignal): Promise<Connection>;

  get isReady(): boolean {
    return this.#isOpen && this.#connection !== undefined;
  }

  get obstacle(): string | undefined {
    return obstacleSince(this.#awaySince);
  }

  onReady(task: () => void): void {
    this.#whenReady.push(task);
  }

  async open(): Promise<void> {
    try {
      this.#connection = await this.#begin();
      await checkVersion(this);
    } catch (cause) {
      await this.close();
      throw cannotStart(this.#place, cause);
    }
    this.#isOpen = true;
    this.#watch = setInterval(() => this.#ping(), this.#silenceMs / PINGS);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#isOpen = false;
    this.#closing.abort(new Error('the link to Redis is closed'));
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    const tooLate = setTimeout(() => connection.destroy(), this.#silenceMs);
    await connection.close().catch(() => {}); // lost just now: there is nothing left to wait for
    clearTimeout(tooLate);
    connection.destroy();
  }

  send(key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown> {
    return this.#connection?.send(key, args, options) ?? Promise.reject(new Error(AWAY));
  }

  async write(key: string, args: (string | Buffer)[]): Promise<unknown> {
    const connection = this.#present();
    if (this.#replicas === undefined) return connection.send(key, args);
    const writing = connection.sendTo(key, args).catch(async (error: unknown) => {
      if (!(error instanceof ErrorReply && error.message.startsWith('MOVED'))) throw error;
      // It was not done. A command that is led on makes the connection know where to.
      await connection.send(key, ['EXISTS', key]);
      return connection.sendTo(key, args);
    });
    const { answer, server } = await writing;
    await this.#replicas.have(server);
    return answer;
  }

  async subscribe(channels: string[], listener: Listener): Promise<void> {
    await this.#present().subscribe(channels, listener);
    for (const channel of channels) this.#listeners.set(channel, listener);
  }

  async unsubscribe(channels: string[], listener: Listener): Promise<void> {
    for (const channel of channels) this.#listeners.delete(channel);
    await this.#present().unsubscribe(channels, listener);
  }

  async servers(): ReturnType<Link['servers']> {
    return this.#present().servers();
  }

  async info(section: string): Promise<string> {
    return this.#present().info(section);
  }

  /** @throws Error when Redis is away. */
  #present(): Connection {
    if (this.#connection === undefined) throw new Error(AWAY);
    return this.#connection;
  }

  /** Waits while Redis loads its data. */
  async #begin(): Promise<Connection> {
    for (;;) {
      try {
        return await this.#attempt(Math.max(this.#silenceMs, CONNECT_MS));
      } catch (error) {
        if (!(error instanceof ErrorReply && error.message.startsWith('LOADING'))) throw error;
        await wait(LOADING_MS);
      }
    }
  }

  /** @returns a connection with all subscriptions. @throws Error, also when that takes longer than so many ms. */
  async #attempt(ms: number): Promise<Connection> {
    const tooLong = new AbortController();
    const timer = setTimeout(() => tooLong.abort(new Error(`no answer for ${ms} ms`)), ms);
    const signal = AbortSignal.any([tooLong.signal, this.#closing.signal]);
    let connection: Connection | undefined;
    let isFailed = false;
    try {
      const lost = (error: unknown) => {
        if (connection !== undefined && connection === this.#connection) this.#lose(connection, error);
        else tooLong.abort(error);
      };
      connection = await this.connect(lost, signal);
      await within(signal, connection.check());
      await within(signal, this.#restore(connection));
      signal.throwIfAborted();
      return connection;
    } catch (error) {
      isFailed = true;
      throw error;
    } finally {
      clearTimeout(timer);
      if (isFailed) connection?.destroy();
    }
  }

  async #restore(connection: Connection): Promise<void> {
    const groups = Map.groupBy(this.#listeners, ([, listener]) => listener);
    for (const [listener, entries] of groups) {
      const channels = entries.map(([channel]) => channel);
      const asked: Promise<void>[] = [];
      for (let at = 0; at < channels.length; at += MOST_AT_ONCE)
        asked.push(connection.subscribe(channels.slice(at, at + MOST_AT_ONCE), listener));
      await Promise.all(asked);
    }
  }

  /** Counted in questions and not in time, so that a hub that was stopped itself does not take Redis for silent. */
  #ping(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#unanswered >= PINGS) {
      this.#lose(connection, new Error(`no answer for ${this.#silenceMs} ms`));
      return;
    }
    this.#unanswered++;
    connection.check().then(
      () => {
        if (connection === this.#connection) this.#unanswered = 0;
      },
      (error: unknown) => {
        // Anything else is the end of the connection, which says so by itself.
        if (error instanceof Unfit) this.#lose(connection, error);
      },
    );
  }

  #lose(connection: Connection, error: unknown): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    connection.destroy();
    if (!this.#isOpen) return;
    this.#awaySince = Date.now();
    this.#log.warn({ err: error }, 'the connection to Redis is lost; trying to get it back');
    void this.#connectAnew(this.#awaySince);
  }

  async #connectAnew(awaySince: number): Promise<void> {
    const { signal } = this.#closing;
    const reasons = new Set<string>();
    for (let retries = 0; ; retries++) {
      await wait(delay(retries), undefined, { signal }).catch(() => {}); // closed
      if (!this.#isOpen) return;
      try {
        const ms = Math.max(this.#silenceMs, ATTEMPT_MS) * Math.min(1 + retries / 4, 4);
        this.#connection = await this.#attempt(ms);
        break;
      } catch (error) {
        // Each reason once: what is wrong now may be another thing than what was at first.
        const reason = String(error);
        if (this.#isOpen && !reasons.has(reason)) this.#log.info({ reason }, 'Redis is not back yet');
        reasons.add(reason);
      }
    }
    this.#unanswered = 0;
    this.#awaySince = undefined;
    this.#log.info(`Redis is back after ${Date.now() - awaySince} ms`);
    for (const task of this.#whenReady) task();
  }
}
