/**
 * Work about one thing, one piece after the other. As much waits as there are connections and requests that want
 * something of it: each waits for its own.
 */
export class Turns {
  /** Ends with the last piece of work about each thing. */
  readonly #ends = new Map<string, Promise<void>>();

  /** Runs `work` when all that was given before about the same thing has ended, well or not. */
  take<R>(about: string, work: () => Promise<R>): Promise<R> {
    const run = (this.#ends.get(about) ?? Promise.resolve()).then(work);
    const end: Promise<void> = run.then(
      () => this.#forget(about, end),
      () => this.#forget(about, end),
    );
    this.#ends.set(about, end);
    return run;
  }

  #forget(about: string, end: Promise<void>): void {
    if (this.#ends.get(about) === end) this.#ends.delete(about);
  }
}
