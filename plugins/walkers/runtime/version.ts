/** What is known of a bundle: who runs it, and how its walkers behave. */
import type { Bundle } from '../source/bundle.ts';

/** Runs of a walker whose mean is below this many microseconds may wait in a child behind each other. */
const QUICK = 200;
/** Names whose mean is kept. A bundle has fewer walkers, but a run may ask for one that is not there. */
const MOST_NAMES = 1_000;
/** Weight of the newest run in the mean. */
const NEWEST = 0.2;

/** A bundle as the pool knows it: what children call it, and how long its walkers take. */
export class Version {
  /** Names it in the talk with the children. */
  readonly key: number;
  readonly bundle: Bundle;
  /** Jobs that are queued or running. */
  jobs = 0;
  /** No more jobs will come. */
  retired = false;
  readonly #meanUs = new Map<string, number>();
  /** Walkers that have asked the hub for something. */
  readonly #asking = new Set<string>();

  constructor(key: number, bundle: Bundle) {
    this.key = key;
    this.bundle = bundle;
  }

  /** Microseconds that a run of the walker is expected to take; undefined: it has not shown to be quick. */
  expectedUs(walker: string | undefined): number | undefined {
    const mean = walker === undefined ? QUICK : (this.#meanUs.get(walker) ?? QUICK);
    return mean < QUICK ? mean : undefined;
  }

  /** Whether the walker has shown to be quick, and to get through without asking the hub for anything. */
  isSelfReliant(walker: string): boolean {
    return this.expectedUs(walker) !== undefined && !this.#asking.has(walker);
  }

  asked(walker: string | undefined): void {
    if (walker !== undefined) this.#asking.add(walker);
  }

  took(walker: string, wallUs: number): void {
    const mean = this.#meanUs.get(walker);
    if (mean === undefined && this.#meanUs.size >= MOST_NAMES) return;
    this.#meanUs.set(walker, mean === undefined ? wallUs : mean + (wallUs - mean) * NEWEST);
  }
}
