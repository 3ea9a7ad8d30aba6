/** The jobs that a child has, in the order given, and whether it may be given more. */
import type { Job } from './job.ts';

/** Jobs of quick walkers that a child has at a time, and microseconds that they are expected to take together. */
const AHEAD = 512;
const AHEAD_US = 12_800;

export class Given {
  /**
   * Not a Map: each time one makes itself a new table, the old one leads to it, with all that were in it. When one has become old for
   * the garbage collector, all jobs after it are kept, and copied, until the next great collection.
   */
  #jobs: Job[] = [];
  /** Of the jobs, those that are not quick. */
  #slow = 0;
  /** Of the others together. */
  #expectedUs = 0;

  get size(): number {
    return this.#jobs.length;
  }

  /** The one that is taken to be running. */
  get oldest(): Job | undefined {
    return this.#jobs[0];
  }

  /** Whether there may be one more: beside others only a quick one. */
  hasRoomFor(quick: boolean): boolean {
    if (this.#jobs.length === 0) return true;
    return quick && this.#slow === 0 && this.#jobs.length < AHEAD && this.#expectedUs < AHEAD_US;
  }

  /** It has been begun. */
  add(job: Job): void {
    this.#jobs.push(job);
    if (job.givenUs === undefined) this.#slow++;
    else this.#expectedUs += job.givenUs;
  }

  /** Mostly the oldest is looked for. */
  find(id: number): Job | undefined {
    return this.#jobs.find((job) => job.id === id);
  }

  drop(job: Job): void {
    if (job === this.#jobs[0]) this.#jobs.shift();
    else this.#jobs.splice(this.#jobs.indexOf(job), 1);
    if (job.givenUs === undefined) this.#slow--;
    // Not what is left of a sum of fractions.
    else this.#expectedUs = this.#jobs.length === 0 ? 0 : this.#expectedUs - job.givenUs;
  }

  /** All, which it does not have any more. */
  takeAll(): readonly Job[] {
    const jobs = this.#jobs;
    this.#jobs = [];
    return jobs;
  }
}
