/**
 * Changes tables. A change is made to the present state, and takes place only if that still is the present one in the store; when
 * another hub was quicker, it is made again to the state of that hub. Each is told to the other hubs and, where topics are
 * enabled, published, once it is durable.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { HubError } from '../../core/index.ts';
import { assertTableName, type Edit, edited } from './edits.ts';
import type { NewModule } from './grid.ts';
import type { Options } from './options.ts';
import type { OtherHubs } from './other-hubs.ts';
import type { Protection } from './protection.ts';
import {
  commitObject,
  type Hashes,
  NO_PARENT,
  type Repository,
  type StoredObject,
  treeObject,
} from './repository.ts';
import { type Content, TableState } from './table-state.ts';
import type { Tables } from './tables.ts';
import type { Names, Scenario, TableTag, Tags } from './tags.ts';
import type { Teller } from './topics.ts';

/** How others learn of a change, where the difference does not say it. */
export interface Telling {
  /** The cells are sent, changed or not: somebody waits for them. */
  readonly cells?: boolean;
  /** Sends the results that a module published to everybody, in place of what the table keeps of them. */
  readonly publish?: () => void;
}

/** A change of the present state. @returns undefined when another hub was quicker. */
type Attempt<R> = (present: TableState | undefined) => Promise<R | undefined>;

/** A table that is to be made. */
interface New {
  /** As they were read before anything was stored of it. */
  readonly names: Names | undefined;
}

/** Attempts at one change. Of the hubs that change a table at a time, one is the first each time. */
const MOST_ATTEMPTS = 200;
/** Longest pause between two attempts, in ms: at random, so that hubs do not stay in step. */
const MOST_PAUSE = 20;

interface WriterParts {
  readonly repository: Repository;
  readonly tags: Tags;
  readonly protection: Protection;
  readonly tables: Tables;
  readonly others: OtherHubs;
  readonly teller: Teller;
  readonly options: Options;
}

export class Writer {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * Changes a table.
   * @param edit is given the present state and says what to change; what it throws refuses the change. Called again when
   *   another hub was quicker.
   * @returns the table as it is now, durable. When nothing changed, that is the state it had.
   * @throws HubError `unknown_table`; or another one when the result would not be a table, or exceed a limit. The
   *   table is then as it was.
   */
  change(
    name: string,
    edit: (present: TableState) => Edit | Promise<Edit>,
    telling: Telling = {},
  ): Promise<TableState> {
    return this.#changeExisting(name, async (present) =>
      this.#apply(present.name, present, await edit(present), telling),
    );
  }

  /** Puts modules into a table, which is made when there is none of this name; otherwise as `change`. */
  merge(name: string, put: ReadonlyMap<string, NewModule>): Promise<TableState> {
    return this.#untilDone(name, (present) => this.#apply(present?.name ?? name, present, { put }, {}));
  }

  /** Gives a table the modules of a tree, as a new commit, and shows its cells. @throws HubError `unknown_table`. */
  changeTo(name: string, tree: string): Promise<TableState> {
    return this.#changeExisting(name, async (present) => {
      const hashes = await this.#parts.repository.completeTree(tree);
      if (hashes === undefined) throw new Error(`the store lacks parts of the tree ${tree}`);
      return this.#commit(present.name, present, hashes, [], { cells: true });
    });
  }

  /** Makes a table of a commit, or moves it there. @throws HubError `unknown_commit`. */
  async moveTo(name: string, commit: string): Promise<TableState> {
    // The commits before it, too, become those of the table.
    const release = await this.#parts.protection.hold();
    try {
      return await this.#untilDone(name, async (present) => {
        if (present === undefined) this.#assertNew(name);
        const from = present ?? { names: await this.#parts.tags.names() };
        const content = await this.contentOf(commit);
        return this.#tag(present?.name ?? name, from, commit, content, {});
      });
    } finally {
      await release();
    }
  }

  /** Who has read the tag of a table before, or that there is none, cannot write it any more: he begins anew. */
  async touchAll(): Promise<void> {
    const { tags, tables } = this.#parts;
    await tags.touchNames();
    for (const name of await tags.tableNames()) {
      await tables.inOrder(name, async () => {
        const tag = await tags.table(name);
        const next = tag && (await tags.move(tag, {}));
        const present = tables.find(name);
        if (next === undefined || present === undefined) return;
        if (present.commit === next.commit && present.made === next.made)
          await this.#made(present, new TableState(next, present.content), {});
        else await tables.look(name);
      });
    }
  }

  /** @throws HubError `unknown_commit` when it, or anything it refers to, is missing. */
  async contentOf(commit: string): Promise<Content> {
    const content = await this.#parts.repository.content(commit);
    if (content !== undefined) return content;
    throw new HubError('unknown_commit', `there is no commit ${JSON.stringify(commit.slice(0, 100))}`, 404);
  }

  /**
   * Changes the list of a table's scenarios.
   * @param change is given the list and the tree of the present state; what it throws refuses the change.
   * @throws HubError `unknown_table`.
   */
  changeScenarios(
    name: string,
    change: (present: readonly Scenario[], tree: string) => readonly Scenario[],
  ): Promise<TableState> {
    return this.#changeExisting(name, async (present) => {
      const { tags } = this.#parts;
      const scenarios = change(await tags.scenarios(present.name), present.tree);
      const tag = await tags.move(present.tag, { scenarios });
      return tag && this.#made(present, new TableState(tag, present.content), {});
    });
  }

  /** Deletes a table and its scenarios. @throws HubError `unknown_table`. */
  async remove(name: string): Promise<void> {
    const { tags, tables, others, teller } = this.#parts;
    await this.#changeExisting(name, async (present) => {
      if (!(await tags.remove(present.tag))) return undefined;
      others.look(present.name);
      tables.remove(present);
      teller.removed(present.name);
      return present;
    });
  }

  /** @throws HubError `too_many_tables` when there cannot be so many more. */
  assertRoom(count: number, present = this.#parts.tables.list().length): void {
    const { tables } = this.#parts.options;
    if (present + count <= tables) return;
    throw new HubError('too_many_tables', `${tables} tables are allowed, and there are ${present}`, 403);
  }

  #changeExisting<R>(name: string, attempt: (present: TableState) => Promise<R | undefined>): Promise<R> {
    return this.#untilDone(name, (present) => attempt(present ?? this.#parts.tables.get(name)));
  }

  #untilDone<R>(name: string, attempt: Attempt<R>): Promise<R> {
    const { tables } = this.#parts;
    return tables.inOrder(name, async () => {
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
        const done = await attempt(await tables.present(name));
        if (done !== undefined) return done;
        await wait(Math.random() * Math.min(attempts, MOST_PAUSE));
        await tables.look(name);
      }
      throw new HubError('table_busy', `other hubs change the table all the time: try again`, 503);
    });
  }

  async #apply(
    name: string,
    before: TableState | undefined,
    edit: Edit,
    telling: Telling,
  ): Promise<TableState | undefined> {
    const { repository, options } = this.#parts;
    const { hashes, blobs } = await edited(before, edit, repository, options);
    return this.#commit(name, before, hashes, blobs, telling);
  }

  async #commit(
    name: string,
    before: TableState | undefined,
    hashes: Hashes,
    blobs: readonly StoredObject[],
    telling: Telling,
  ): Promise<TableState | undefined> {
    const tree = treeObject(hashes);
    if (before?.tree === tree.hash) return this.#made(before, before, telling);
    if (before === undefined) this.#assertNew(name);
    const from = before ?? { names: await this.#parts.tags.names() };
    const parent = before?.commit ?? NO_PARENT;
    const timestamp = new Date().toISOString();
    const commit = commitObject({ tree_id: tree.hash, parent, timestamp });
    await this.#parts.repository.save([...blobs, tree, commit]);
    return this.#tag(name, from, commit.hash, { tree, timestamp }, telling);
  }

  /** Only now, when all that the tag refers to is durable. */
  async #tag(
    name: string,
    from: TableState | New,
    commit: string,
    content: Content,
    telling: Telling,
  ): Promise<TableState | undefined> {
    const before = from instanceof TableState ? from : undefined;
    if (before?.commit === commit) return this.#made(before, before, telling);
    const tag =
      from instanceof TableState
        ? await this.#parts.tags.move(from.tag, { commit })
        : await this.#create(name, commit, from);
    return tag && this.#made(before, new TableState(tag, content), telling);
  }

  async #create(name: string, commit: string, from: New): Promise<TableTag | undefined> {
    const { tags, tables } = this.#parts;
    let taken: string | undefined;
    const tag = await tags.create(name, commit, from.names, (names) => {
      taken = names.find((other) => other.toLowerCase() === name.toLowerCase());
      if (taken === undefined) this.assertRoom(1, names.length);
      return taken === undefined;
    });
    if (taken !== undefined) await tables.look(taken);
    return tag;
  }

  async #made(before: TableState | undefined, after: TableState, telling: Telling): Promise<TableState> {
    const { tables, others, teller } = this.#parts;
    const { cells = false, publish } = telling;
    const showing = { cells, published: publish !== undefined };
    others.changed({ before, after }, showing);
    publish?.();
    await tables.set(after, showing);
    teller.changed({ before, after });
    return after;
  }

  /** Before anything is stored of it. @throws HubError `invalid_name` or `too_many_tables`. */
  #assertNew(name: string): void {
    assertTableName(name);
    this.assertRoom(1);
  }
}
