/** Brings something up to date, one run at a time: whoever asks while one is under way gets the next, which sees all that was so before. */
export class Again {
  readonly #run: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** @returns when a run that began after the call has ended, and as it ended. */
  ask(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      const run = this.#run();
      this.#last = run.catch(() => {});
      return run;
    });
    return this.#next;
  }
}
