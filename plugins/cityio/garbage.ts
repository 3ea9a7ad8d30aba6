/** Collects what nothing refers to any more: commits older than the history, and the trees and blobs that were theirs. */
import { setImmediate } from 'node:timers/promises';
import { KINDS, NO_PARENT, type Repository } from './repository.ts';
import type { Tags } from './tags.ts';

/** Objects looked at in one turn of the event loop. */
const TURN = 100;
/** Hashes read at a time. */
const PAGE = 1_000;

export class Collector {
  readonly #repository: Repository;
  readonly #tags: Tags;
  readonly #history: number;
  #holds = 0;
  #looked = 0;

  /** @param history commits of each table that stay. */
  constructor(repository: Repository, tags: Tags, history: number) {
    this.#repository = repository;
    this.#tags = tags;
    this.#history = history;
  }

  /**
   * Deletes what no tag refers to, unless it was written since the last but one collection: a table may be about to
   * refer to it, or a client that has posted a module.
   * @param signal ends it early; what is left is for the next time.
   * @returns how many objects were deleted.
   */
  async collect(signal: AbortSignal): Promise<number> {
    const isOver = () => signal.aborted || this.#holds > 0;
    const live = await this.#live(isOver);
    if (live === undefined) return 0;
    let deleted = 0;
    for (const kind of KINDS) {
      const objects = this.#repository.objects[kind];
      for (let after = ''; !isOver(); ) {
        const page = await objects.ids({ after, limit: PAGE });
        if (page.length === 0) break;
        after = page.at(-1) ?? '';
        // Looked at and deleted in one turn: what becomes recent in between would be lost.
        const garbage = page.filter((hash) => !live.has(hash) && !this.#repository.isRecent(hash));
        if (garbage.length > 0) deleted += await objects.delete(garbage);
        await setImmediate();
      }
    }
    this.#repository.forgetRecent();
    return deleted;
  }

  /** Nothing is collected until the function returned is called. */
  hold(): () => void {
    this.#holds++;
    return () => {
      this.#holds--;
    };
  }

  /** Hashes of what tags refer to; undefined when it was over before all were found. */
  async #live(isOver: () => boolean): Promise<ReadonlySet<string> | undefined> {
    const repository = this.#repository;
    const live = new Set<string>();
    const addTree = async (hash: string) => {
      if (live.has(hash)) return;
      live.add(hash);
      for (const blob of (await repository.tree(hash))?.values() ?? []) live.add(blob);
    };
    for (const { commit: newest } of await this.#tags.tables()) {
      let id = newest;
      for (let count = 0; count < this.#history && id !== NO_PARENT; count++) {
        live.add(id);
        const commit = await repository.commit(id);
        if (commit === undefined) break;
        await addTree(commit.tree_id);
        id = commit.parent;
        if (++this.#looked % TURN === 0) await setImmediate();
        if (isOver()) return undefined;
      }
    }
    // After the tables: a scenario that is saved meanwhile is of a state that was found there.
    for (const table of await this.#tags.tablesWithScenarios()) {
      for (const { hash } of await this.#tags.scenarios(table)) await addTree(hash);
    }
    return isOver() ? undefined : live;
  }
}
