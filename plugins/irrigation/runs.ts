/** Readings that wait for the rollups, no more of them than is needed there: what comes one after the other in a minute is one run. */
import { addRecord, type Bucket, emptyBucket, LEVELS } from './buckets.ts';

/** Length of the shortest bucket, ms. */
const SHORTEST = LEVELS[0].ms;
/** Numbers of a run. */
const NUMBERS = 6;

export class Runs {
  /** Those that are over, as plain numbers: of tens of thousands of objects the garbage collector would have to look at each. */
  readonly #over: number[] = [];
  /** Number of the minute of the last one, which may go on. NaN: there is none. */
  #minute = Number.NaN;
  #last = emptyBucket();

  /** How many there are. */
  get size(): number {
    return this.#over.length / NUMBERS + (Number.isNaN(this.#minute) ? 0 : 1);
  }

  /** @param at Unix ms. */
  add(at: number, record: number, isMarked: boolean): void {
    const minute = Math.floor(at / SHORTEST);
    if (minute !== this.#minute) {
      const { count, min, max, sum, marked } = this.#last;
      if (!Number.isNaN(this.#minute)) this.#over.push(this.#minute, count, min, max, sum, marked);
      this.#minute = minute;
      this.#last = emptyBucket();
    }
    addRecord(this.#last, record, isMarked);
  }

  /** Each run, and when its minute begins, in Unix ms. */
  *[Symbol.iterator](): Generator<readonly [time: number, run: Bucket]> {
    for (let i = 0; i < this.#over.length; i += NUMBERS) {
      const [minute = 0, count = 0, min = 0, max = 0, sum = 0, marked = 0] = this.#over.slice(i, i + NUMBERS);
      yield [minute * SHORTEST, { count, min, max, sum, marked }];
    }
    if (!Number.isNaN(this.#minute)) yield [this.#minute * SHORTEST, this.#last];
  }
}
