/** What keeps objects from being collected until something refers to them, on a store that one hub has to itself. */
import type { Blobs } from '../../core/index.ts';

export interface Protection {
  /**
   * Objects that a tag is about to refer to, or that shall stay for a while: until the last collection but one.
   * @throws HubError `table_busy` when a collection that does not go on is about to delete one of them.
   */
  protect(hashes: readonly string[]): Promise<void>;
  /** Nothing is collected until the function returned is called. @throws HubError `table_busy`, as `protect`. */
  hold(): Promise<() => Promise<void>>;
  /**
   * Begins a collection.
   * @param term of the lease it is made under; undefined: under none.
   * @returns undefined: there cannot be one now.
   */
  begin(term: CollectingTerm | undefined, signal: AbortSignal): Promise<Collection | undefined>;
}

/** The term of a lease. */
export interface CollectingTerm {
  readonly fence: number;
}

/** A collection under way. */
export interface Collection {
  /** Something is held, or another collection has begun: this one ends. */
  readonly isOver: boolean;
  /** Deletes those that are not protected. @returns how many. */
  delete(objects: Blobs, hashes: readonly string[]): Promise<number>;
  /** All garbage is deleted: what was protected longest ago is not any more. */
  finish(): Promise<void>;
}

/** Objects remembered as recent, twice: far more than can be on their way to a tag at a time. */
const RECENT = 50_000;

export class OwnProtection implements Protection {
  #recent = new Set<string>();
  #lessRecent = new Set<string>();
  #holds = 0;
  /** One more with each hold. */
  #held = 0;

  async protect(hashes: readonly string[]): Promise<void> {
    for (const hash of hashes) {
      this.#recent.add(hash);
      if (this.#recent.size >= RECENT) this.#forget();
    }
  }

  async hold(): Promise<() => Promise<void>> {
    this.#holds++;
    this.#held++;
    return async () => {
      this.#holds--;
    };
  }

  async begin(): Promise<Collection | undefined> {
    if (this.#holds > 0) return undefined;
    const held = this.#held;
    const isOver = () => this.#held !== held;
    return {
      get isOver() {
        return isOver();
      },
      delete: async (objects, hashes) => {
        // Looked at and deleted in one turn: what becomes recent in between would be lost.
        const garbage = hashes.filter((hash) => !this.#recent.has(hash) && !this.#lessRecent.has(hash));
        return garbage.length === 0 ? 0 : objects.delete(garbage);
      },
      finish: async () => this.#forget(),
    };
  }

  #forget(): void {
    this.#lessRecent = this.#recent;
    this.#recent = new Set();
  }
}
