/**
 * The last commit on a store that several hubs write to. A commit is stored only if the last one is still the one that its hub
 * knew of, so commits of all hubs come one after the other. Hubs learn of the others' whenever they read: the keys that these
 * have written mark the runs that had read them.
 */
import { randomBytes } from 'node:crypto';
import type { Change } from '../../../core/index.ts';
import type { Conflicts } from './conflicts.ts';
import { commitKey, listed, ORDER_KEY } from './keys.ts';
import { type CommitDocument, type GraphStore, type HeadDocument, lastOrder } from './view.ts';

/** Commits whose keys are kept. When a hub is further behind, its open runs are repeated. */
const KEPT = 1_000;
/** How often a hub with open runs looks for commits of others at least, in ms: so that it is never far behind. */
const LOOK_MS = 100;

export class Head {
  readonly #store: GraphStore;
  readonly #conflicts: Conflicts;
  /** The last commit that open runs were marked for. */
  #known: HeadDocument | undefined;
  /** The commit that this hub tried last. */
  #own: CommitDocument | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: GraphStore, conflicts: Conflicts) {
    this.#store = store;
    this.#conflicts = conflicts;
  }

  /** The last commit that is known; undefined: none was asked for yet. */
  get known(): HeadDocument | undefined {
    return this.#known;
  }

  /** Marks open runs for all that had been stored when this was called. @returns the last commit. */
  async refresh(): Promise<HeadDocument> {
    const before = this.#known;
    const head = await this.#read();
    const known = this.#known;
    if (known?.id === head.id) return known;
    if (known === undefined) return this.#leap(head);
    // Another answer has overtaken this one; or the store has lost commits, as a replica that takes over may have.
    if (head.number <= known.number) return known === before ? this.#leap(head) : known;
    if (head.number - known.number > KEPT) return this.#leap(head);
    const numbers = Array.from({ length: head.number - known.number }, (_, i) => known.number + 1 + i);
    const commits = await Promise.all(numbers.map((number) => this.#commit(number, head)));
    for (const [i, number] of numbers.entries()) {
      if (!this.#learn(number, commits[i])) return this.#leap(head);
    }
    return this.#known ?? head;
  }

  /**
   * Stores changes as the next commit.
   * @param known the last one.
   * @param order the last number given to a connection by the changes.
   * @returns false: there is another one since, and nothing was stored.
   */
  async append(
    known: HeadDocument,
    changes: readonly Change<unknown>[],
    written: ReadonlySet<string>,
    order: number,
  ): Promise<boolean> {
    const head = { number: known.number + 1, id: newId(), order };
    const commit = { ...head, after: known.id, keys: listed(written) };
    this.#own = commit;
    const all = [
      ...changes,
      { put: ORDER_KEY, value: head },
      { put: commitKey(head.number % KEPT), value: commit },
    ];
    const isStored = await this.#store.all.batch(all, { id: ORDER_KEY, value: known });
    if (isStored) this.#learn(head.number, commit);
    return isStored;
  }

  /** Keeps up with the others until no run is open. */
  follow(): void {
    this.#timer ??= setTimeout(async () => {
      // Without an answer: a run that needs one gets the error.
      await this.refresh().catch(() => {});
      this.#timer = undefined;
      if (this.#conflicts.areOpen) this.follow();
    }, LOOK_MS).unref();
  }

  async #read(): Promise<HeadDocument> {
    for (;;) {
      const found = await this.#store.order.get(ORDER_KEY);
      if (typeof found === 'object') return found;
      const first = { number: 0, id: newId(), order: lastOrder(found) };
      const isStored = await this.#store.order.batch([{ put: ORDER_KEY, value: first }], {
        id: ORDER_KEY,
        value: found,
      });
      if (isStored) return first;
    }
  }

  async #commit(number: number, head: HeadDocument): Promise<CommitDocument | undefined> {
    if (number === head.number && this.#own?.id === head.id) return this.#own;
    return this.#store.commits.get(commitKey(number % KEPT));
  }

  /** @returns false: it is not the commit after the last known one, or not kept any more. */
  #learn(number: number, commit: CommitDocument | undefined): boolean {
    const known = this.#known;
    if (known !== undefined && number <= known.number) return true;
    if (commit?.number !== number || commit.after !== known?.id) return false;
    const { id, order, keys } = commit;
    this.#known = { number, id, order };
    this.#conflicts.overwrite(keys === null ? undefined : new Set(keys));
    return true;
  }

  /** To a commit when it is not known what those before it have written. */
  #leap(head: HeadDocument): HeadDocument {
    this.#known = head;
    this.#conflicts.overwrite(undefined);
    return head;
  }
}

/** By numbers alone commits could be mistaken: a store that has lost some gives their numbers again. */
function newId(): string {
  return randomBytes(8).toString('hex');
}
