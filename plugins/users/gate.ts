/** Lets so many tasks run at a time; others wait in order, up to a number. */
import { TryLater } from './details.ts';

/** ms after which to come again. */
const RETRY = 1_000;

interface Waiting {
  readonly who: string;
  readonly start: () => void;
}

export class Gate {
  readonly #atOnce: number;
  readonly #mayWait: number;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  constructor(atOnce: number, mayWait: number) {
    this.#atOnce = atOnce;
    this.#mayWait = mayWait;
  }

  /**
   * @param who nobody has more than half of the places to wait, so that one does not keep all others out.
   * @throws TryLater when there is no place.
   */
  async run<T>(who: string, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running += 1;
    else await this.#turn(who);
    try {
      return await task();
    } finally {
      // The place goes over to the next one, which does not count itself again.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next.start();
    }
  }

  #turn(who: string): Promise<void> {
    const ofThem = this.#waiting.filter((one) => one.who === who).length;
    if (this.#waiting.length >= this.#mayWait || ofThem >= this.#mayWait / 2) {
      throw new TryLater('busy', 'too many passwords are being checked', 503, RETRY);
    }
    return new Promise((start) => {
      this.#waiting.push({ who, start });
    });
  }
}
