/** Stores what runs have changed, on a store that no other hub writes to. */
import type { Change, Collection } from '../../../core/index.ts';
import type { Conflicts, Footprint } from './conflicts.ts';
import { linkKeys, ORDER_KEY } from './keys.ts';
import type { Plan } from './plan.ts';
import { type GraphStore, type HeadDocument, lastOrder } from './view.ts';

/** `conflict`: nothing was stored, the run is to be repeated. */
export type Outcome = 'stored' | 'conflict';

/** Value of a link's entry, whose key says everything. */
const ENTRY = 1;

export interface Writer {
  /** Resolves when everything is durable, also what the run has read. @throws what the store throws. */
  store(footprint: Footprint, plan: Plan): Promise<Outcome>;
}

/** Stores one run after the other, each as one batch. */
export class OwnWriter implements Writer {
  readonly #store: GraphStore;
  readonly #conflicts: Conflicts;
  readonly #orders: Orders;
  /** Batches that are written, but not durable yet. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(store: GraphStore, conflicts: Conflicts) {
    this.#store = store;
    this.#conflicts = conflicts;
    this.#orders = new Orders(store.order);
  }

  async store(footprint: Footprint, plan: Plan): Promise<Outcome> {
    // The run may have read what a batch wrote that will fail: then that marks it.
    if (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    for (;;) {
      if (footprint.overwritten) return 'conflict';
      const ahead = this.#conflicts.ahead(footprint, plan.written);
      if (ahead !== undefined) await ahead.ended;
      else if (!this.#orders.has(plan.edges.length)) await this.#orders.reserve(plan.edges.length);
      else break;
    }
    // From the last check to the call of `batch` nothing else happens: reads see what was written before them.
    if (plan.written.size === 0) return 'stored';
    this.#conflicts.overwrite(plan.written, footprint);
    await this.#write(changesOf(plan, this.#orders.take(plan.edges.length)));
    return 'stored';
  }

  async #write(changes: readonly Change<unknown>[]): Promise<void> {
    const write = this.#store.all.batch(changes).catch((error) => {
      this.#conflicts.overwrite(undefined); // somebody may have read what is not there any more
      throw error;
    });
    this.#underWay.add(write);
    try {
      await write;
    } finally {
      this.#underWay.delete(write);
    }
  }
}

/** @param firstOrder number of the plan's first connection; the others have those that follow. */
export function changesOf({ documents, edges }: Plan, firstOrder: number): Change<unknown>[] {
  const changes: Change<unknown>[] = [];
  for (const [key, value] of documents) {
    changes.push(value === undefined ? { delete: key } : { put: key, value });
  }
  for (const [i, edge] of edges.entries()) {
    const order = firstOrder + i;
    changes.push({ put: edge.id, value: edge.text(order) });
    for (const key of linkKeys(edge, order)) changes.push({ put: key, value: ENTRY });
  }
  return changes;
}

/** Numbers reserved with one write. Those not used when the process ends are never used. */
const BLOCK = 1_000;

/** The numbers of connections: ascending, none given twice, also when another process makes connections. */
class Orders {
  readonly #collection: Collection<number | HeadDocument>;
  #next = 1;
  /** The last one reserved. */
  #last = 0;

  constructor(collection: Collection<number | HeadDocument>) {
    this.#collection = collection;
  }

  has(count: number): boolean {
    return this.#last - this.#next + 1 >= count;
  }

  /** Reserves so many or more. Another call may take them first. */
  async reserve(count: number): Promise<void> {
    const size = Math.max(count, BLOCK);
    const last = lastOrder(await this.#collection.update(ORDER_KEY, (last) => lastOrder(last) + size));
    if (last < this.#last) return; // a call that reserved later has ended earlier
    this.#last = last;
    this.#next = last - size + 1;
  }

  /** @returns the first of so many; they must be there. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }
}
