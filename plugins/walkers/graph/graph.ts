/**
 * The graph that walkers live on: nodes, edges and who may do what with them, in one collection of the store.
 *
 * A run is a transaction. What all runs together store and report is as if they had happened one after the other; a
 * run that has read what another one changed meanwhile is repeated. That holds among the runs of one `Graph`, and
 * there must be one for each store. Another process on the same store (a command while the hub runs) is safe
 * in that its commits are also whole or not there, and in that nothing is cached; but two runs that change the same
 * node in the same moment, one here and one there, do not notice each other: the later one wins.
 */
import type { PluginStore } from '../../../core/index.ts';
import { Conflicts } from './conflicts.ts';
import { isRootId } from './records.ts';
import { type GraphLimits, type GraphParts, Transaction } from './transaction.ts';
import { GraphStore } from './view.ts';
import { Writer } from './writer.ts';

/** Conflicts of a run after which others wait for it. */
const MAX_CONFLICTS = 3;

/** What an attempt at a run gives: what to store, and what whoever asked for the run is told. */
export interface Attempt<R> {
  readonly journal: unknown;
  readonly result: R;
}

export class Graph {
  readonly #parts: GraphParts;
  #runs = 0;

  constructor(store: Pick<PluginStore, 'collection'>) {
    const graphStore = new GraphStore(store);
    const conflicts = new Conflicts();
    this.#parts = { store: graphStore, conflicts, writer: new Writer(graphStore, conflicts) };
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
    for (let conflicts = 0; ; conflicts++) {
      const transaction = this.#open(asRoot, limits, age, conflicts >= MAX_CONFLICTS);
      try {
        const { journal, result } = await attempt(transaction, conflicts);
        if ((await transaction.commit(journal)) === 'stored') return result;
      } catch (error) {
        if (!transaction.refused) throw error;
      } finally {
        transaction.end();
      }
    }
  }

  #open(asRoot: string, limits: GraphLimits, age: number, firm: boolean): Transaction {
    if (!isRootId(asRoot))
      throw new TypeError(`asRoot: expected the id of a root, found ${JSON.stringify(asRoot)}`);
    return new Transaction(this.#parts, asRoot, limits, age, firm);
  }
}
