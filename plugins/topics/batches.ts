/** Events that wait to be sent as one: of one key, from the first on, for a fixed time. */
import type { Clock } from './clock.ts';
import type { Batch, Topic } from './definition.ts';

interface Pending {
  readonly key: string;
  readonly due: number;
  /** The topic of the first one. */
  readonly topic: Topic;
  event: unknown;
}

export type Send = (topic: Topic, event: unknown) => void;

/** Everything that is collected, for all topics. */
export class Batches {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #send: Send;
  readonly #windows = new Map<Batch<unknown>, Window>();

  /** @param most events that wait, of each batch; at that number the oldest goes early. */
  constructor(clock: Clock, most: number, send: Send) {
    this.#clock = clock;
    this.#most = most;
    this.#send = send;
  }

  add(topic: Topic, event: unknown): void {
    const { batch } = topic.definition;
    const key = batch?.key(event);
    if (batch === undefined || key === undefined) {
      this.#send(topic, event);
      return;
    }
    let window = this.#windows.get(batch);
    if (window === undefined) {
      window = new Window(batch, this.#clock, this.#most, this.#send);
      this.#windows.set(batch, window);
    }
    window.add(topic, key, event);
  }

  /** Sends all that waits now. */
  flush(): void {
    for (const window of this.#windows.values()) window.flush();
  }
}

class Window {
  readonly #batch: Batch<unknown>;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #send: Send;
  /** In the order in which they are due, which is that of their first events. */
  readonly #pending = new Map<string, Pending>();
  #callOff: (() => void) | undefined;

  constructor(batch: Batch<unknown>, clock: Clock, most: number, send: Send) {
    this.#batch = batch;
    this.#clock = clock;
    this.#most = most;
    this.#send = send;
  }

  add(topic: Topic, key: string, event: unknown): void {
    const { ms, joins, merge } = this.#batch;
    const pending = this.#pending.get(key);
    if (joins !== undefined && !joins(event)) {
      if (pending !== undefined) this.#release(pending);
      this.#send(topic, event);
    } else if (pending !== undefined) pending.event = merge(pending.event, event);
    else {
      if (this.#pending.size >= this.#most) this.#releaseUntil(Number.NEGATIVE_INFINITY, 1);
      this.#pending.set(key, { key, due: this.#clock.now() + ms, topic, event });
      this.#callOff ??= this.#clock.after(ms, () => this.#ring());
    }
  }

  flush(): void {
    this.#releaseUntil(Number.POSITIVE_INFINITY);
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #ring(): void {
    const now = this.#clock.now();
    this.#callOff = undefined;
    this.#releaseUntil(now);
    const [next] = this.#pending.values();
    // At least 1 ms: timers may ring a little early.
    if (next !== undefined)
      this.#callOff = this.#clock.after(Math.max(1, next.due - now), () => this.#ring());
  }

  /** Sends those due until then, and in any case the first `atLeast`. */
  #releaseUntil(time: number, atLeast = 0): void {
    let left = atLeast;
    for (const pending of this.#pending.values()) {
      if (pending.due > time && left-- <= 0) return;
      this.#release(pending);
    }
  }

  #release(pending: Pending): void {
    this.#pending.delete(pending.key);
    this.#send(pending.topic, pending.event);
  }
}
