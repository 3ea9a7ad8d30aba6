/** Collects what nothing refers to any more: commits older than the history, and the trees and blobs that were theirs. */
import { setImmediate } from 'node:timers/promises';
import type { CollectingTerm, Protection } from './protection.ts';
import { KINDS, NO_PARENT, type Repository } from './repository.ts';
import type { Tags } from './tags.ts';

/** Objects looked at in one turn of the event loop. */
const TURN = 100;
/** Hashes read at a time. */
const PAGE = 1_000;

export interface CollectorParts {
  readonly repository: Repository;
  readonly tags: Tags;
  readonly protection: Protection;
  /**
   * Changes all tags before the collection looks at them, so that whoever has read one before cannot write it any more. Left out: who read a tag
   * protects what he is about to refer to for as long as it takes.
   */
  readonly touch?: () => Promise<void>;
  /** Commits of each table that stay. */
  readonly history: number;
}

export class Collector {
  readonly #parts: CollectorParts;
  #looked = 0;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
  }

  /**
   * Deletes what no tag refers to, unless it was written since the last but one collection: a table may be about to
   * refer to it, or a client that has posted a module.
   * @param signal ends it early; what is left is for the next time.
   * @param term of the lease it is made under; undefined: under none.
   * @returns how many objects were deleted.
   */
  async collect(signal: AbortSignal, term?: CollectingTerm): Promise<number> {
    const { repository, protection, touch } = this.#parts;
    const collection = signal.aborted ? undefined : await protection.begin(term, signal);
    if (collection === undefined) return 0;
    const isOver = () => signal.aborted || collection.isOver;
    await touch?.();
    const live = await this.#live(isOver);
    if (live === undefined) return 0;
    let deleted = 0;
    for (const kind of KINDS) {
      const objects = repository.objects[kind];
      for (let after = ''; !isOver(); ) {
        const page = await objects.ids({ after, limit: PAGE });
        if (page.length === 0) break;
        after = page.at(-1) ?? '';
        deleted += await collection.delete(
          objects,
          page.filter((hash) => !live.has(hash)),
        );
        await setImmediate();
      }
    }
    if (!isOver()) await collection.finish();
    return deleted;
  }

  /** Hashes of what tags refer to; undefined when it was over before all were found. */
  async #live(isOver: () => boolean): Promise<ReadonlySet<string> | undefined> {
    const { repository, tags, history } = this.#parts;
    const live = new Set<string>();
    const addTree = async (hash: string) => {
      if (live.has(hash)) return;
      live.add(hash);
      for (const blob of (await repository.tree(hash))?.values() ?? []) live.add(blob);
    };
    for (const { commit: newest } of await tags.tables()) {
      let id = newest;
      for (let count = 0; count < history && id !== NO_PARENT; count++) {
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
    for (const table of await tags.tablesWithScenarios()) {
      for (const { hash } of await tags.scenarios(table)) await addTree(hash);
    }
    return isOver() ? undefined : live;
  }
}
