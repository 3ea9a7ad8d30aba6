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

/** What a follower was told without a gap. */
interface Stretch {
  readonly epoch: string;
  /** Offsets; the events after the first and up to the last are there. */
  readonly from: number;
  to: number;
  /** When it was told so: it could ask then for what came of earlier events. */
  readonly begins: number;
}

/** One who reads along. */
class Follower {
  readonly seen = new Set<number>();
  /** Where events are in the stream, as far as it was told. */
  readonly places = new Map<number, Place>();
  readonly stretches: Stretch[] = [];
  readonly problems: string[] = [];

  subscribe(send: (message: unknown) => void): void {
    const last = this.stretches.at(-1);
    const since = last && { epoch: last.epoch, offset: last.to };
    send({ type: 'subscribe', topics: ['count.*'], ...(since && { since }) });
  }

  received({ type, epoch, offset, event, recovered, error }: Received): void {
    if (type === 'event') this.#follow(offset, event.n);
    else if (type === 'subscribed' && recovered === true) return;
    else if (type === 'subscribed' || type === 'missed')
      this.stretches.push({ epoch, from: offset, to: offset, begins: performance.now() });
    else this.problems.push(`an answer: ${JSON.stringify({ type, error })}`);
  }

  #follow(offset: number, n: number): void {
    const stretch = this.stretches.at(-1);
    if (stretch === undefined) return;
    this.seen.add(n);
    if (offset < stretch.to) this.problems.push(`${stretch.to} is followed by ${offset}`);
    // A hub that is cut off tells its own clients at once, with the offset of the last event that has a place.
    if (offset > stretch.to) this.places.set(n, { epoch: stretch.epoch, offset });
    stretch.to = offset;
  }

  /** Whether it was told that something may be missing, or came, after a time. */
  isNewSince(time: number): boolean {
    return (this.stretches.at(-1)?.begins ?? 0) > time;
  }
}

export class Events implements Traffic {
  readonly #followers: readonly Follower[];
  readonly #clients: readonly Traveller[];
  readonly #token: string;
  readonly #acknowledged = new Set<number>();
  /** By event: when it was tried for the first time. */
  readonly #published = new Map<number, number>();
  #loops: readonly Loop[] = [];
  #next = 0;

  /** @returns when everybody follows. */
  static async start(world: World, followers: number): Promise<Events> {
    const token = await tokenOf(world, { sub: 'service', scope: 'topics:publish' });
    const events = new Events(world, followers, token);
    while (events.#followers.some(({ stretches }) => stretches.length === 0)) await wait(20);
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
    const places = new Map(this.#followers.flatMap((follower) => [...follower.places]));
    for (const follower of this.#followers) {
      const { seen, stretches, problems } = follower;
      const isMeant = ({ epoch, offset }: Place, published: number) =>
        stretches.some(
          (one) => one.epoch === epoch && one.from < offset && offset <= one.to && one.begins < published,
        );
      const lacking = [...this.#published]
        .filter(([n]) => !seen.has(n))
        .filter(([n, published]) => {
          const place = places.get(n);
          if (place !== undefined) return isMeant(place, published);
          // It died with a hub that was cut off, and whoever was not told by that hub knows of a gap.
          return this.#acknowledged.has(n) && !follower.isNewSince(published);
        })
        .map(([n]) => `${n} is lacking`);
      t.strictSame([...problems, ...lacking], []);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }

  async #publish(world: World, n: number): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}`, 'idempotency-key': randomUUID() };
    this.#published.set(n, performance.now());
    while ((await world.post('/topics/count.x', { n }, headers))?.status !== 200) await wait(50);
    this.#acknowledged.add(n);
  }
}
