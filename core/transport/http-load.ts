/** Counts the exchanges that are under way, so that a hub that stops can wait for their answers. */

/** The exchanges that began before one `settle` and after the one before. */
class Batch {
  #count = 0;
  #settled: (() => void) | undefined;

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) this.#settled?.();
  }

  settle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled = resolve;
    });
  }
}

export class HttpLoad {
  #batch = new Batch();

  /** @returns what to call `end` of when the exchange is over. */
  begin(): { end(): void } {
    this.#batch.begin();
    return this.#batch;
  }

  /** Resolves when the exchanges of now are over. Later ones do not matter: a busy client would hold it up for ever. */
  settle(): Promise<void> {
    const batch = this.#batch;
    this.#batch = new Batch();
    return batch.settle();
  }
}
