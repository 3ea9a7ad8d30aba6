/** Which hubs are still there, of those that have begun something: each counts up while it works on it. */
import type { Collection } from '../../core/index.ts';

/** A hub whose count is the same so often in a row is gone. */
const LOOKS = 4;

/** What one hub has seen of another. */
interface Seen {
  /** undefined: there was no count. */
  readonly count: number | undefined;
  /** How often in a row it was that. Not how long: clocks of hubs differ, and while the store is away nobody can count. */
  looks: number;
}

export class Heartbeats {
  /** By the hub's id. */
  readonly #counts: Collection<number>;
  readonly #id: string;
  #seen = new Map<string, Seen>();
  #count = 0;

  /** @param id of this hub. */
  constructor(counts: Collection<number>, id: string) {
    this.#counts = counts;
    this.#id = id;
  }

  /** To be called again and again. @param isBusy while it is not, nobody needs to know of this hub. */
  async beat(isBusy: boolean): Promise<void> {
    if (isBusy) await this.#counts.put(this.#id, ++this.#count);
    else if (this.#count > 0) {
      await this.#counts.delete(this.#id);
      this.#count = 0;
    }
  }

  /**
   * To be called again and again, not more often than hubs count.
   * @param known ids of hubs; those that have counted are known anyway.
   * @returns those that are gone.
   */
  async look(known: Iterable<string>): Promise<string[]> {
    const before = this.#seen;
    this.#seen = new Map();
    const ids = new Set([...known, ...(await this.#counts.ids())]);
    const seen = new Map<string, Seen>();
    for (const id of ids) {
      const count = await this.#counts.get(id);
      const last = before.get(id);
      seen.set(id, { count, looks: last?.count === count ? (last?.looks ?? 0) + 1 : 1 });
    }
    this.#seen = seen;
    return [...seen].filter(([, { looks }]) => looks > LOOKS).map(([id]) => id);
  }

  /** What a hub that is gone had begun was dealt with. */
  async forget(id: string): Promise<void> {
    await this.#counts.delete(id);
  }
}
