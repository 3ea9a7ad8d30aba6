/**
 * How a hub gets its turn where others write to the same graph without pause: it stands in line, and the others hold back from what
 * the first one claims. A hub stands there once, and at the end again after its turn. A claim lapses by itself: what is stored does
 * not depend on it, only who is first.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Conflicts, intersect } from './conflicts.ts';
import { CLAIM_KEY, listed } from './keys.ts';
import type { ClaimDocument, GraphStore } from './view.ts';

/** How long a hub that has more to store stays first while others stand in line, in ms: each change costs them a look. */
const TURN_MS = 20;
/** Between two looks at the line, in ms. */
const POLL_MS = 2;

/** The first claim in the line. */
interface First {
  readonly claim: ClaimDocument;
  /** undefined: everything. */
  readonly keys: ReadonlySet<string> | undefined;
  /** When it was first seen there, as `performance.now()`: clocks of hubs differ. */
  readonly since: number;
}

/** The claim of this hub. */
interface Own {
  readonly owner: unknown;
  readonly claim: ClaimDocument;
  /** Whether it stands in line, as far as is known; else it is on its way there. */
  isPlaced: boolean;
}

/** Its promises never reject: without an answer of the store nobody is first. */
export class Claims {
  readonly #store: GraphStore;
  readonly #conflicts: Conflicts;
  #own: Own | undefined;
  #first: First | undefined;
  /** How many stand in line, as seen last. */
  #length = 0;

  constructor(store: GraphStore, conflicts: Conflicts) {
    this.#store = store;
    this.#conflicts = conflicts;
  }

  /** Whether a commit that writes this has to wait for another hub. */
  forbid(written: ReadonlySet<string>): boolean {
    const first = this.#first;
    if (first === undefined || this.#isOwn(first.claim) || hasLapsed(first)) return false;
    return first.keys === undefined || intersect(first.keys, written);
  }

  /** Learns who is first. */
  async look(): Promise<void> {
    try {
      this.#see((await this.#store.claims.get(CLAIM_KEY))?.line ?? []);
      // A hub that died is passed over by those that stand behind it.
      if (this.#own !== undefined && this.#hasFirstLapsed()) await this.#change((line) => line);
    } catch {
      // What was known lapses.
    }
  }

  /**
   * Claims something. A hub that stands in line already keeps its place.
   * @param owner gives it back.
   * @param keys undefined: everything; such a claim takes the place of the hub's own.
   * @param ms when it lapses, once it is first.
   */
  async place(owner: unknown, keys: ReadonlySet<string> | undefined, ms: number): Promise<void> {
    const own = this.#own;
    if (own !== undefined && own.owner !== owner && keys !== undefined) return;
    const claim = { id: randomBytes(8).toString('hex'), ms, keys: keys === undefined ? null : listed(keys) };
    const placed = { owner, claim, isPlaced: false };
    this.#own = placed;
    try {
      await this.#change((line) => {
        const index = line.findIndex(({ id }) => id === own?.claim.id);
        return index === -1 ? [...line, claim] : line.with(index, claim);
      });
      placed.isPlaced = true;
    } catch {
      if (this.#own === placed) this.#own = undefined; // then nobody waits
    }
  }

  /** @returns when no other hub is first that claims some of this, or after `ms`. */
  async untilFree(keys: ReadonlySet<string>, ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (this.forbid(keys) && performance.now() < end) {
      await wait(POLL_MS);
      await this.look();
    }
  }

  async release(owner: unknown): Promise<void> {
    const own = this.#own;
    if (own === undefined || own.owner !== owner) return;
    while (this.#mayStay(own.claim)) await wait(POLL_MS);
    if (this.#own === own) this.#own = undefined;
    try {
      await this.#change((line) => line.filter(({ id }) => id !== own.claim.id));
    } catch {
      // It lapses.
    }
  }

  /** Whether it is first, and this hub has more to store in its turn. If nobody else stands in line, it may claim again. */
  #mayStay(claim: ClaimDocument): boolean {
    const first = this.#first;
    if (first?.claim.id !== claim.id || this.#length === 1 || !this.#conflicts.areOpen) return false;
    return performance.now() < first.since + Math.min(TURN_MS, claim.ms);
  }

  async #change(change: (line: readonly ClaimDocument[]) => readonly ClaimDocument[]): Promise<void> {
    const changed = await this.#store.claims.update(CLAIM_KEY, (present) => {
      const [first, ...others] = present?.line ?? [];
      if (first === undefined) return documentOf(change([]));
      const isOver = first.id === this.#first?.claim.id && this.#hasFirstLapsed();
      return documentOf(change(isOver ? others : [first, ...others]));
    });
    this.#see(changed?.line ?? []);
  }

  #see(line: readonly ClaimDocument[]): void {
    this.#length = line.length;
    // It lapsed, and others passed over it.
    if (this.#own?.isPlaced && !line.some((claim) => this.#isOwn(claim))) this.#own = undefined;
    const [claim] = line;
    if (claim === undefined) this.#first = undefined;
    else if (claim.id !== this.#first?.claim.id) {
      const keys = claim.keys === null ? undefined : new Set(claim.keys);
      this.#first = { claim, keys, since: performance.now() };
    }
  }

  #isOwn(claim: ClaimDocument): boolean {
    return claim.id === this.#own?.claim.id;
  }

  #hasFirstLapsed(): boolean {
    return this.#first !== undefined && hasLapsed(this.#first);
  }
}

function hasLapsed({ claim, since }: First): boolean {
  return performance.now() >= since + claim.ms;
}

function documentOf(line: readonly ClaimDocument[]): { readonly line: readonly ClaimDocument[] } | undefined {
  return line.length === 0 ? undefined : { line };
}
