/** Which hubs live: a sorted set of them by the end of their time, which each hub puts off again and again. */
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { BEAT } from './scripts.ts';

/** Heartbeats in a life without a sign of it. */
const BEATS_PER_LIFE = 3;

export class Heartbeat {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #lifeMs: number;
  #node = '';
  #lives = 0;
  #gone: () => void = () => {};
  /** As of the last heartbeat. */
  #living = new Set<string>();
  #dead: readonly string[] = [];
  /** Until then the hubs that lived before an outage may still come back, as `performance.now` has it. */
  #graceUntil: number | undefined;

  /** @param lifeMs how long a hub lives after its last sign of life. */
  constructor(link: Link, keys: Keys, lifeMs: number) {
    this.#link = link;
    this.#keys = keys;
    this.#lifeMs = lifeMs;
  }

  get everyMs(): number {
    return this.#lifeMs / BEATS_PER_LIFE;
  }

  /** Of this hub, in its present life. */
  get name(): string {
    return `${this.#node}-${this.#lives}`;
  }

  /** Of a connection of this hub. */
  field(client: string): string {
    return `${this.name} ${client}`;
  }

  /** @param gone called when hubs that lived do not any more, and some time after an outage. */
  async begin(node: string, gone: () => void): Promise<void> {
    this.#node = node;
    this.#gone = gone;
    await this.#ask(true);
  }

  /** Begins another life. The last one ends when `enter` has, so that others see what is entered all the time. */
  async renew(enter: () => Promise<void>): Promise<void> {
    const last = this.name;
    this.#lives++;
    await this.#ask(true);
    await enter();
    await this.#end(last);
  }

  /** @returns false: Redis took the hub for gone. */
  beat(): Promise<boolean> {
    return this.#ask(false);
  }

  /** Redis was away, and hubs with it. */
  restored(): void {
    this.#graceUntil = performance.now() + this.#lifeMs;
  }

  lives(hub: string): boolean {
    return this.#living.has(hub);
  }

  /** Whether it lives, or left something behind that is not removed yet. */
  knows(hub: string): boolean {
    return this.#living.has(hub) || this.#dead.includes(hub);
  }

  /** The hubs whose entries are to be removed. */
  async dead(): Promise<readonly string[]> {
    await this.beat();
    return this.#dead.filter((hub) => !this.#living.has(hub));
  }

  /** Nothing of the hub is left. */
  async forget(hub: string): Promise<void> {
    const { hubs } = this.#keys;
    await this.#link.send(hubs, ['ZREM', hubs, hub]);
  }

  async end(): Promise<void> {
    await this.#end(this.name);
  }

  async #end(hub: string): Promise<void> {
    const { hubs } = this.#keys;
    await this.#link.send(hubs, ['ZADD', hubs, 'XX', '0', hub]);
  }

  async #ask(isNew: boolean): Promise<boolean> {
    const { hubs } = this.#keys;
    const arguments_ = [this.name, `${this.#lifeMs}`, isNew ? 'new' : ''];
    const answer = await this.#link.send(hubs, ['EVAL', BEAT, '1', hubs, ...arguments_]);
    if (!Array.isArray(answer) || answer.length === 0) return false;
    const [living, dead, ended] = answer as [string[], string[], string[]];
    this.#see(new Set(living), dead, ended);
    return true;
  }

  /** @param ended those of the dead that said so themselves. */
  #see(living: Set<string>, dead: readonly string[], ended: readonly string[]): void {
    const isGraceOver = this.#graceUntil !== undefined && performance.now() >= this.#graceUntil;
    if (isGraceOver) this.#graceUntil = undefined;
    if (this.#graceUntil !== undefined)
      for (const hub of this.#living) if (!ended.includes(hub)) living.add(hub);
    const areGone = [...this.#living].some((hub) => !living.has(hub));
    this.#living = living;
    this.#dead = dead;
    if (areGone || isGraceOver) this.#gone();
  }
}
