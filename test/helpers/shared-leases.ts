/** Leases for several hubs of one process: what a test needs to see them as a cluster. */
import type { LeaseTable } from '../../core/index.ts';

interface Held {
  readonly fence: number;
  readonly node: string;
  /** As `performance.now` has it. */
  readonly until: number;
}

/** What the hubs of one cluster share. Every hub may use the same one. */
export class SharedLeases implements LeaseTable {
  readonly termMs: number;
  /** Whether hubs can not ask for leases. */
  isAway = false;
  /** When hubs could last ask, as `performance.now` has it. */
  lastAnswer = 0;
  readonly #held = new Map<string, Held>();

  constructor(termMs: number) {
    this.termMs = termMs;
  }

  async claim(node: string, claims: Parameters<LeaseTable['claim']>[1]): Promise<(number | undefined)[]> {
    if (this.isAway) throw new Error('the leases are away');
    const now = performance.now();
    this.lastAnswer = now;
    return claims.map(({ name, fence }) => {
      const held = this.#held.get(name);
      if (held !== undefined && held.node !== node && held.until > now) return undefined;
      const goesOn = held?.node === node && held.fence === fence;
      const next = goesOn ? held.fence : (held?.fence ?? 0) + 1;
      this.#held.set(name, { fence: next, node, until: now + this.termMs });
      return next;
    });
  }

  async release(node: string, names: readonly string[]): Promise<void> {
    if (this.isAway) throw new Error('the leases are away');
    for (const name of names) {
      const held = this.#held.get(name);
      if (held?.node === node) this.#held.set(name, { ...held, until: 0 });
    }
  }
}
