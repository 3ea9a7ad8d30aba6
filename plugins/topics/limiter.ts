/** How many events of limited topics one session gets. */
import type { Clock } from './clock.ts';
import type { SessionLimits } from './definition.ts';

type Limits = SessionLimits<unknown>;

/** The limits of one session, a token bucket for each. M: the messages. */
export class Limiter<M> {
  readonly #clock: Clock;
  readonly #send: (message: M) => void;
  readonly #buckets = new Map<Limits, Bucket<M>>();

  constructor(clock: Clock, send: (message: M) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Sends now, later or never, as the limits say. @param event decides, not what the message was made of. */
  offer(limits: Limits, event: unknown, message: M): void {
    if (limits.exempt?.(event)) {
      this.#send(message);
      return;
    }
    let bucket = this.#buckets.get(limits);
    if (bucket === undefined) {
      bucket = new Bucket(limits, this.#clock, this.#send);
      this.#buckets.set(limits, bucket);
    }
    bucket.offer(message, limits.expendable?.(event) ?? false);
  }

  /** Forgets what waits: the session is over or another one. What was used up stays used up. */
  clear(): void {
    for (const bucket of this.#buckets.values()) bucket.clear();
  }
}

class Bucket<M> {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #send: (message: M) => void;
  #tokens: number;
  #refilledAt: number;
  #waiting: M[] = [];
  #callOff: (() => void) | undefined;

  constructor(limits: Limits, clock: Clock, send: (message: M) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#send = send;
    this.#tokens = limits.burst;
    this.#refilledAt = clock.now();
  }

  offer(message: M, isExpendable: boolean): void {
    this.#sendWaiting();
    if (this.#waiting.length === 0 && this.#take()) this.#send(message);
    else if (!isExpendable) {
      this.#waiting.push(message);
      if (this.#waiting.length > this.#limits.waiting) this.#waiting.shift();
      this.#wait();
    }
  }

  clear(): void {
    this.#waiting = [];
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #sendWaiting(): void {
    const now = this.#clock.now();
    const refill = ((now - this.#refilledAt) / 1_000) * this.#limits.perSecond;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + refill);
    this.#refilledAt = now;
    for (const message of this.#waiting.splice(0, Math.floor(this.#tokens))) {
      this.#tokens--;
      this.#send(message);
    }
  }

  #take(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #wait(): void {
    if (this.#callOff !== undefined || this.#waiting.length === 0) return;
    const ms = Math.max(1, Math.ceil(((1 - this.#tokens) / this.#limits.perSecond) * 1_000));
    this.#callOff = this.#clock.after(ms, () => {
      this.#callOff = undefined;
      this.#sendWaiting();
      this.#wait();
    });
  }
}
