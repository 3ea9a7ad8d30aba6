/**
 * Events that wait to be sent as one: of one key, from the first on, for a fixed time. All hubs collect the same, from the same
 * entries in the same order; that a collection ends is an entry, too. So they send the same events in the same places. The hub
 * that published the first event ends it, and when that hub is gone any other, a little later: whichever is first counts.
 */
import type { StreamEntry } from '../../core/index.ts';
import type { Clock } from './clock.ts';
import type { Batch, Topic } from './definition.ts';

/** How much later than its own a hub ends the collections of others, in ms: that long, and up to twice as long. */
const OTHERS_MS = 2_000;

/** Where an event stands. */
export type Place = Pick<StreamEntry<unknown>, 'position'> & {
  /** Whether another event is sent in the same place after it. */
  readonly isFollowed: boolean;
};

interface Pending {
  /** Of the entry that began it. */
  readonly id: string;
  readonly batch: Batch<unknown>;
  readonly key: string;
  /** Whether this hub published the first event. */
  readonly isOwn: boolean;
  /** The topic of the first one. */
  readonly topic: Topic;
  readonly callOff: () => void;
  event: unknown;
}

export interface BatchesParts {
  readonly clock: Clock;
  /** Events that wait, of all batches; at that number the oldest goes early. */
  readonly most: number;
  /** @param text the event as JSON, if it is at hand. */
  readonly send: (topic: Topic, event: unknown, place: Place, text?: string) => void;
  /** Tells all hubs that a collection ends. */
  readonly end: (id: string) => Promise<void>;
}

export class Batches {
  readonly #parts: BatchesParts;
  /** Not the same for all hubs, so that one of them is first. */
  readonly #othersMs = OTHERS_MS * (1 + Math.random());
  /** In the order in which they began. */
  readonly #pending = new Map<string, Pending>();
  readonly #byKey = new Map<Batch<unknown>, Map<string, Pending>>();

  constructor(parts: BatchesParts) {
    this.#parts = parts;
  }

  /** @param text the event as JSON. */
  add(topic: Topic, event: unknown, text: string, entry: StreamEntry<unknown>): void {
    const { batch } = topic.definition;
    const key = batch?.key(event);
    const place = { position: entry.position, isFollowed: false };
    if (batch === undefined || key === undefined) {
      this.#parts.send(topic, event, place, text);
      return;
    }
    const pending = this.#byKey.get(batch)?.get(key);
    if (batch.joins !== undefined && !batch.joins(event)) {
      if (pending !== undefined) this.#release(pending, { ...place, isFollowed: true });
      this.#parts.send(topic, event, place, text);
    } else if (pending !== undefined) pending.event = batch.merge(pending.event, event);
    else {
      const [oldest] = this.#pending.values();
      if (oldest !== undefined && this.#pending.size >= this.#parts.most) this.#release(oldest, place);
      this.#begin(batch, key, topic, event, entry);
    }
  }

  /** A collection ends, if it has not yet. */
  end(id: string, { position }: StreamEntry<unknown>): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) this.#release(pending, { position, isFollowed: false });
  }

  /** Ends now what this hub began. @returns when it has ended. */
  async flush(): Promise<void> {
    const own = [...this.#pending.values()].filter(({ isOwn }) => isOwn);
    await Promise.all(own.map(({ id }) => this.#parts.end(id)));
  }

  #begin(
    batch: Batch<unknown>,
    key: string,
    topic: Topic,
    event: unknown,
    { id, own }: StreamEntry<unknown>,
  ): void {
    const isOwn = own !== undefined;
    const ms = isOwn ? batch.ms : batch.ms + this.#othersMs;
    const callOff = this.#parts.clock.after(ms, () => void this.#parts.end(id));
    const pending = { id, batch, key, isOwn, topic, event, callOff };
    this.#pending.set(id, pending);
    const keys = this.#byKey.get(batch) ?? new Map();
    this.#byKey.set(batch, keys.set(key, pending));
  }

  #release({ id, batch, key, topic, event, callOff }: Pending, place: Place): void {
    callOff();
    this.#pending.delete(id);
    this.#byKey.get(batch)?.delete(key);
    this.#parts.send(topic, event, place);
  }
}
