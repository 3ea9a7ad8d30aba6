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

/**
 * How long before and after a notice that something may be missing events may be, in ms: a hub may be cut off for so long before
 * it is noticed, and one that is killed before it has found Redis again takes along what it told its own clients alone.
 */
const NOTICE = 15_000;

/** One who reads along. */
class Follower {
  readonly seen = new Set<number>();
  readonly problems: string[] = [];
  /** When it came, and when it was told that something may be missing. */
  readonly gaps: number[] = [];
  #last: Place | undefined;

  subscribe(send: (message: unknown) => void): void {
    send({ type: 'subscribe', topics: ['count.*'], ...(this.#last && { since: this.#last }) });
  }

  received({ type, epoch, offset, event, recovered, error }: Received): void {
    if (type === 'event') this.#follow(offset, event.n);
    else if (type === 'subscribed' && recovered === true) return;
    else if (type === 'subscribed' || type === 'missed') {
      this.gaps.push(performance.now());
      this.#last = { epoch, offset };
    } else this.problems.push(`an answer: ${JSON.stringify({ type, error })}`);
  }

  /** Whether it has to have seen what was published then. */
  mustHaveSeen(published: number): boolean {
    const [came = Number.POSITIVE_INFINITY, ...notices] = this.gaps;
    return came < published && !notices.some((at) => Math.abs(at - published) < NOTICE);
  }

  #follow(offset: number, n: number): void {
    this.seen.add(n);
    if (this.#last === undefined) return;
    // The same again is in order: a hub that is cut off tells its own clients at once, with the last offset it knows.
    if (offset < this.#last.offset) this.problems.push(`${this.#last.offset} is followed by ${offset}`);
    this.#last = { ...this.#last, offset };
  }
}

export class Events implements Traffic {
  readonly #followers: readonly Follower[];
  readonly #clients: readonly Traveller[];
  readonly #token: string;
  /** When they were tried for the first time. */
  readonly #acknowledged = new Map<number, number>();
  #loops: readonly Loop[] = [];
  #next = 0;

  /** @returns when everybody follows. */
  static async start(world: World, followers: number): Promise<Events> {
    const token = await tokenOf(world, { sub: 'service', scope: 'topics:publish' });
    const events = new Events(world, followers, token);
    while (events.#followers.some(({ gaps }) => gaps.length === 0)) await wait(20);
    events.#loops = Array.from(
      { length: PUBLISHERS },
      () => new Loop(100, () => events.#publish(world, events.#next++)),
    );
    return events;
  }

  private constructor(world: World, followers: number, token: string) {
    this.#token = token;
    this.#followers = Array.from({ length: followers }, () => new Follower());
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
    const last = this.#next++;
    await this.#publish(world, last);
    while (!this.#followers.every(({ seen }) => seen.has(last))) await wait(50);
    for (const follower of this.#followers) {
      const lacking = [...this.#acknowledged]
        .filter(([n, published]) => !follower.seen.has(n) && follower.mustHaveSeen(published))
        .map(([n]) => `${n} is lacking`);
      t.strictSame([...follower.problems, ...lacking], []);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }

  async #publish(world: World, n: number): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, 'idempotency-key': randomUUID() };
    const published = performance.now();
    while ((await world.post('/topics/count.x', { n }, headers))?.status !== 200) await wait(50);
    this.#acknowledged.set(n, published);
  }
}
