/**
 * How a hub gets its turn where others write to the same graph without pause: it claims what it is about to write, and they
 * hold back. There is one claim at a time, and it lapses by itself: what is stored does not depend on it, only who is first.
 */
import { randomBytes } from 'node:crypto';
import { intersect } from './conflicts.ts';
import { CLAIM_KEY, listed } from './keys.ts';
import type { ClaimDocument, GraphStore } from './view.ts';

interface OthersClaim {
  readonly claim: ClaimDocument;
  readonly keys: ReadonlySet<string> | undefined;
  /** When it lapses, as `performance.now()`: counted from when it was first seen, because clocks of hubs differ. */
  readonly until: number;
}

/** Its promises never reject: without an answer of the store nobody is first. */
export class Claims {
  readonly #store: GraphStore;
  #own: { readonly owner: unknown; readonly claim: ClaimDocument } | undefined;
  #others: OthersClaim | undefined;

  constructor(store: GraphStore) {
    this.#store = store;
  }

  /** Whether a commit that writes this has to wait for another hub. */
  forbid(written: ReadonlySet<string>): boolean {
    const others = this.#others;
    if (others === undefined || performance.now() >= others.until) return false;
    return others.keys === undefined || intersect(others.keys, written);
  }

  /** Learns whether another hub has a claim. */
  async look(): Promise<void> {
    try {
      const claim = await this.#store.claims.get(CLAIM_KEY);
      if (claim === undefined || claim.id === this.#own?.claim.id) this.#others = undefined;
      else if (claim.id !== this.#others?.claim.id) {
        const keys = claim.keys === null ? undefined : new Set(claim.keys);
        this.#others = { claim, keys, until: performance.now() + claim.ms };
      }
    } catch {
      // What was known lapses.
    }
  }

  /**
   * Claims something, unless somebody has a claim.
   * @param owner gives it back.
   * @param keys undefined: everything; such a claim takes the place of the hub's own.
   * @param ms when it lapses.
   */
  async place(owner: unknown, keys: ReadonlySet<string> | undefined, ms: number): Promise<void> {
    const lapsed = this.#others !== undefined && performance.now() >= this.#others.until;
    const own = this.#own;
    if (own !== undefined && own.owner !== owner && keys !== undefined) return;
    const before = own?.claim ?? (lapsed ? this.#others?.claim : undefined);
    const claim = { id: randomBytes(8).toString('hex'), ms, keys: keys === undefined ? null : listed(keys) };
    try {
      const change = { put: CLAIM_KEY, value: claim };
      const isPlaced = await this.#store.claims.batch([change], { id: CLAIM_KEY, value: before });
      if (isPlaced) this.#own = { owner, claim };
      else if (this.#own === own) this.#own = undefined; // it lapsed, and somebody else has one
      if (!isPlaced) await this.look();
    } catch {
      // Then nobody waits.
    }
  }

  async release(owner: unknown): Promise<void> {
    if (this.#own === undefined || this.#own.owner !== owner) return;
    const { claim } = this.#own;
    this.#own = undefined;
    try {
      await this.#store.claims.batch([{ delete: CLAIM_KEY }], { id: CLAIM_KEY, value: claim });
    } catch {
      // It lapses.
    }
  }
}
