/**
 * The graph that walkers live on: nodes, edges and who may do what with them, in one collection of the store.
 *
 * A run is a transaction. What all runs together store and report is as if they had happened one after the other; a
 * run that has read what another one changed meanwhile is repeated. On a store of several hubs that holds for the runs of all
 * of them: see head.ts. On one of a single hub it holds among the runs of one `Graph`, and there must be one. Another process on that
 * (a command while the hub runs) is safe in that its commits are also whole or not there, and in that nothing is cached;
 * but two runs that change the same node in the same moment, one here and one there, do not notice each other: the later
 * one wins.
 */
import type { PluginStore } from '../../../core/index.ts';
import { Claims } from './claims.ts';
import { Conflicts } from './conflicts.ts';
import { Head } from './head.ts';
import { isRootId, PUBLIC_ROOT } from './records.ts';
import { SharedWriter } from './shared-writer.ts';
import { type Beside, type Tick, tickDone } from './ticks.ts';
import { type GraphLimits, type GraphParts, Transaction } from './transaction.ts';
import { GraphStore } from './view.ts';
import { OwnWriter } from './writer.ts';

/** Conflicts of a run after which others wait for it. */
const MAX_CONFLICTS = 3;
/** How long other hubs wait for an attempt of it at most, in ms: as long as a run may take by default. */
const CLAIM_MS = 5_000;

const NO_ACCESS_TO_NODES: GraphLimits = { reads: 0, readBytes: 0, writes: 0, recordBytes: 0 };

/** What an attempt at a run gives: what to store, and what whoever asked for the run is told. */
export interface Attempt<R> {
  readonly journal: unknown;
  /** To be stored with it. */
  readonly beside?: Beside | undefined;
  readonly result: R;
}

export class Graph {
  readonly #parts: GraphParts;
  #runs = 0;

  constructor(shared: Pick<PluginStore, 'collection' | 'isShared'>) {
    const store = new GraphStore(shared);
    const conflicts = new Conflicts();
    if (shared.isShared) {
      const others = { head: new Head(store, conflicts), claims: new Claims(store, conflicts) };
      const writer = new SharedWriter(conflicts, others);
      this.#parts = { store, conflicts, writer, others };
    } else {
      this.#parts = { store, conflicts, writer: new OwnWriter(store, conflicts), others: undefined };
    }
  }

  /**
   * Begins a transaction, which the caller must end. Of too many at once, the one begun first gets a conflict.
   * @param asRoot the root that it acts for; it need not exist yet.
   * @throws TypeError when that is not a root's id.
   */
  begin(asRoot: string, limits: GraphLimits): Transaction {
    return this.#open(asRoot, limits, this.#runs++, false);
  }

  /**
   * Runs `attempt` and stores its journal; on a conflict everything of that attempt is dropped and it runs again. After
   * 3 conflicts younger runs wait before they overwrite what it has read, so that it gets done; nobody else waits.
   * @param attempt is told how many attempts there were before. It must not hold anything that other runs
   *   need once it has returned: its commit may have to wait for theirs.
   * @returns the result of the attempt that was stored, durable.
   * @throws what the attempt throws, unless it was told of a conflict; what `commit` throws.
   */
  async run<R>(
    asRoot: string,
    limits: GraphLimits,
    attempt: (transaction: Transaction, before: number) => Promise<Attempt<R>>,
  ): Promise<R> {
    const age = this.#runs++;
    const claims = this.#parts.others?.claims;
    try {
      for (let conflicts = 0; ; conflicts++) {
        const transaction = this.#open(asRoot, limits, age, conflicts >= MAX_CONFLICTS);
        try {
          const { journal, beside, result } = await attempt(transaction, conflicts);
          if (journal === undefined && beside === undefined && transaction.isUntouched) return result;
          if ((await transaction.commit(journal, beside)) === 'stored') return result;
        } catch (error) {
          if (!transaction.refused) throw error;
        } finally {
          transaction.end();
        }
        if (conflicts + 1 < MAX_CONFLICTS) continue;
        await claims?.place(attempt, transaction.read, CLAIM_MS);
        await claims?.untilFree(transaction.read, CLAIM_MS);
      }
    } finally {
      void claims?.release(attempt);
    }
  }

  /**
   * @param begun is stored when there is none of this schedule yet: from then on ticks count, whichever hub keeps them.
   * @returns the time of the last one.
   */
  lastTick(begun: Tick): Promise<number> {
    return this.run(PUBLIC_ROOT, NO_ACCESS_TO_NODES, async (transaction) => {
      const last = await transaction.lastTick(begun.walker);
      if (last?.schedule === begun.schedule) return { journal: undefined, result: last.at };
      return { journal: undefined, beside: tickDone(begun), result: begun.at };
    });
  }

  /** A tick was run for all it had to be run for. @param roots of these. */
  endTick(tick: Tick, roots: readonly string[]): Promise<void> {
    return this.run(PUBLIC_ROOT, NO_ACCESS_TO_NODES, async (transaction) => {
      const isKnown = await transaction.isPast(tick);
      return { journal: undefined, ...(!isKnown && { beside: tickDone(tick, roots) }), result: undefined };
    });
  }

  #open(asRoot: string, limits: GraphLimits, age: number, firm: boolean): Transaction {
    if (!isRootId(asRoot))
      throw new TypeError(`asRoot: expected the id of a root, found ${JSON.stringify(asRoot)}`);
    return new Transaction(this.#parts, asRoot, limits, age, firm);
  }
}
