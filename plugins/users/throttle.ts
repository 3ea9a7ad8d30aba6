/** Counts what somebody did in a stretch of time, and refuses more than a limit. */

/** Counted at the same time; at more, what was counted first is forgotten. */
const MAX_KEYS = 10_000;

interface Window {
  count: number;
  /** On the clock of the throttle. */
  readonly endsAt: number;
  /** Somebody was refused in it. */
  hasRefused: boolean;
}

/** Why an attempt was refused. */
export interface Refusal {
  /** ms until the window ends. */
  readonly wait: number;
  /** Whether it is the first one of the window: worth a line in the log. */
  readonly isFirst: boolean;
}

/** A window begins with the first thing counted. What is refused is not counted, and so prolongs nothing. */
export class Throttle {
  readonly #limit: number;
  readonly #length: number;
  readonly #now: () => number;
  readonly #windows = new Map<string, Window>();

  /** @param length of a window, ms. @param now ms of a clock that never goes back. */
  constructor(limit: number, length: number, now = () => performance.now()) {
    this.#limit = limit;
    this.#length = length;
    this.#now = now;
  }

  /** Counts one. @returns why not, when the limit is reached. */
  take(key: string): Refusal | undefined {
    const now = this.#now();
    const window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      this.#begin(key, now);
      return undefined;
    }
    if (window.count < this.#limit) {
      window.count += 1;
      return undefined;
    }
    const isFirst = !window.hasRefused;
    window.hasRefused = true;
    return { wait: window.endsAt - now, isFirst };
  }

  /** Counts one that nobody can refuse any more. */
  add(key: string): void {
    const now = this.#now();
    const window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) this.#begin(key, now);
    else window.count += 1;
  }

  /** Takes one back that turned out not to count. */
  giveBack(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    window.count -= 1;
    if (window.count <= 0) this.#windows.delete(key);
  }

  #begin(key: string, now: number): void {
    // All are of one length, so those that ended are the first ones, the key's own among them.
    for (const [other, { endsAt }] of this.#windows) {
      if (endsAt > now && this.#windows.size < MAX_KEYS) break;
      this.#windows.delete(other);
    }
    this.#windows.set(key, { count: 1, endsAt: now + this.#length, hasRefused: false });
  }
}
