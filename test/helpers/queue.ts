/** Things that happen, for tests to wait for one after the other. */
export class Queue<T> {
  /** What happened and was not taken. */
  readonly waiting: T[] = [];
  #wake = Promise.withResolvers<void>();

  push(value: T): void {
    this.waiting.push(value);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  /** The next one; with `wanted`, the next that fits, passing over others. */
  async next(wanted: (value: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const [value] = this.waiting.splice(0, 1);
      if (value === undefined) await this.#wake.promise;
      else if (wanted(value)) return value;
    }
  }
}
