/** Topics: services publish over HTTP, each event again until it is acknowledged; clients follow them from where they were. */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Received } from '../helpers/hub.ts';
import { Loop, type Traffic, tokenOf } from './traffic.ts';
import { Traveller } from './traveller.ts';
import type { World } from './world.ts';

const PUBLISHERS = 5;

interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** From when to when, both inclusive, in ms. An event has its place between the first attempt to publish it and the acknowledgement. */
interface Span {
  readonly from: number;
  readonly till: number;
}

/** One who reads along. */
class Follower {
  readonly seen = new Set<number>();
  readonly problems: string[] = [];
  /** When events it lacks may have had their places: before it came, and between what it saw last and a notice that something may be missing. */
  readonly gaps: Span[] = [];
  readonly #triedAt: (n: number) => number;
  #last: Place | undefined;
  /** What it saw last had its place then, or later. */
  #sawUpTo = Number.NEGATIVE_INFINITY;

  /** @param triedAt when somebody tried to publish an event first. */
  constructor(triedAt: (n: number) => number) {
    this.#triedAt = triedAt;
  }

  subscribe(send: (message: unknown) => void): void {
    send({ type: 'subscribe', topics: ['count.*'], ...(this.#last && { since: this.#last }) });
  }

  received({ type, epoch, offset, event, recovered, error }: Received): void {
    if (type === 'event') this.#follow(offset, event.n);
    else if (type === 'subscribed' && recovered === true) return;
    else if (type === 'subscribed' || type === 'missed') {
      this.gaps.push({ from: this.#sawUpTo, till: performance.now() });
      this.#last = { epoch, offset };
    } else this.problems.push(`an answer: ${JSON.stringify({ type, error })}`);
  }

  /** Whether it has to have seen what had its place then. */
  mustHaveSeen({ from, till }: Span): boolean {
    return !this.gaps.some((gap) => gap.from <= till && gap.till >= from);
  }

  #follow(offset: number, n: number): void {
    this.seen.add(n);
    this.#sawUpTo = Math.max(this.#sawUpTo, this.#triedAt(n));
    if (this.#last === undefined) return;
    // The same again is in order: what a hub knows to have a place, but not which, comes with the last offset it knows.
    if (offset < this.#last.offset) this.problems.push(`${this.#last.offset} is followed by ${offset}`);
    this.#last = { ...this.#last, offset };
  }
}

export class Events implements Traffic {
  readonly #followers: readonly Follower[];
  readonly #clients: readonly Traveller[];
  readonly #token: string;
  /** When somebody tried first to publish the event of each number. */
  readonly #tried: number[] = [];
  readonly #acknowledged = new Map<number, Span>();
  #loops: readonly Loop[] = [];

  /** @returns when everybody follows. */
  static async start(world: World, followers: number): Promise<Events> {
    const token = await tokenOf(world, { sub: 'service', scope: 'topics:publish' });
    const events = new Events(world, followers, token);
    while (events.#followers.some(({ gaps }) => gaps.length === 0)) await wait(20);
    events.#loops = Array.from(
      { length: PUBLISHERS },
      () => new Loop(100, async () => void (await events.#publish(world))),
    );
    return events;
  }

  private constructor(world: World, followers: number, token: string) {
    this.#token = token;
    this.#followers = Array.from(
      { length: followers },
      () => new Follower((n) => this.#tried[n] ?? Number.NaN),
    );
    this.#clients = this.#followers.map(
      (follower) =>
        new Traveller(world, {
          path: '/topics',
          opened: (send) => follower.subscribe(send),
          received: (message) => follower.received(message),
        }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  async check(t: Test, world: World): Promise<void> {
    const last = await this.#publish(world);
    while (!this.#followers.every(({ seen }) => seen.has(last))) await wait(50);
    for (const follower of this.#followers) {
      const lacking = [...this.#acknowledged]
        .filter(([n, span]) => !follower.seen.has(n) && follower.mustHaveSeen(span))
        .map(([n]) => `${n} is lacking`);
      t.strictSame([...follower.problems, ...lacking], []);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }

  /** @returns the number of the event, once it is acknowledged. */
  async #publish(world: World): Promise<number> {
    const from = performance.now();
    const n = this.#tried.push(from) - 1;
    const headers = { authorization: `Bearer ${this.#token}`, 'idempotency-key': randomUUID() };
    while ((await world.post('/topics/count.x', { n }, headers))?.status !== 200) await wait(50);
    this.#acknowledged.set(n, { from, till: performance.now() });
    return n;
  }
}
