/**
 * The present state of every table, and its changes. Changes of one table happen one after the other, whatever way they
 * come, and each is told to the table's listeners before the next begins: nothing is lost, and everybody sees the same order.
 */
import { HubError, type Log } from '../../core/index.ts';
import { fitCells, GEOGRID, type NewModule } from './grid.ts';
import type { Options } from './options.ts';
import {
  commitObject,
  type Hashes,
  NO_PARENT,
  type Repository,
  type StoredObject,
  treeObject,
} from './repository.ts';
import { objectText, TableState } from './table-state.ts';
import { Turns } from './turns.ts';

/** What a change does to a table. */
export interface Edit {
  readonly put?: ReadonlyMap<string, NewModule>;
  readonly remove?: readonly string[];
}

export interface Change {
  /** Undefined: the table is new. */
  readonly before: TableState | undefined;
  readonly after: TableState;
}

/** Tells listeners of a change, while no other change of the table can happen. */
export type Announce = (change: Change) => void | Promise<void>;

/** First parts of paths that mean something else than a table. */
const RESERVED: ReadonlySet<string> = new Set(['list', 'headers', 'raw']);
/** What a URL can hold as one part; control characters and slashes would be a trap for people. */
const NAME = /^[^\p{Cc}/]{1,100}$/u;
/** Characters of a module's key: a router looks at no more of one part of a path. */
const MAX_KEY = 100;
const NO_MODULES: ReadonlyMap<string, NewModule> = new Map();

export class Tables {
  readonly repository: Repository;
  readonly #options: Options;
  readonly #log: Log;
  /** By their names in lower case: no two names differ in case only. */
  readonly #states = new Map<string, TableState>();
  readonly #turns = new Turns();

  constructor(repository: Repository, options: Options, log: Log) {
    this.repository = repository;
    this.#options = options;
    this.#log = log;
  }

  /** Reads what the store has. A table whose objects are missing is left out, and left as it is. */
  async load(): Promise<void> {
    for (const { name, commit } of await this.repository.tables()) {
      const state = await this.#read(name, commit);
      if (state === undefined) this.#log.error({ table: name, commit }, 'the store lacks parts of a table');
      else this.#states.set(name.toLowerCase(), state);
    }
  }

  /** All tables, in order of their names. */
  list(): TableState[] {
    return [...this.#states.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The table of this name, in whatever case: there is no other that differs in case only. */
  find(name: string): TableState | undefined {
    return this.#states.get(name.toLowerCase());
  }

  /** @throws HubError `unknown_table`. */
  get(name: string): TableState {
    const state = this.find(name);
    if (state !== undefined) return state;
    throw new HubError('unknown_table', `there is no table ${JSON.stringify(name.slice(0, 100))}`, 404);
  }

  /** JSON of one module; undefined when the table has none of this key. */
  async module({ hashes }: TableState, key: string): Promise<string | undefined> {
    const hash = hashes.get(key);
    return hash === undefined ? undefined : this.repository.existingModule(hash);
  }

  /** JSON of the grid's header; undefined when there is none. */
  async header({ hashes }: TableState): Promise<string | undefined> {
    const hash = hashes.get(GEOGRID);
    return hash === undefined ? undefined : this.repository.header(hash);
  }

  /** JSON of a table's modules, and of `more` behind them. */
  async text(state: TableState, more: readonly (readonly [string, string])[] = []): Promise<string> {
    const modules = [...state.hashes].map(
      async ([key, hash]) => [key, await this.repository.existingModule(hash)] as const,
    );
    return objectText([...(await Promise.all(modules)), ...more]);
  }

  /** Runs `work` when no change of the table is under way; none begins until it has ended. */
  inOrder<R>(name: string, work: () => Promise<R>): Promise<R> {
    return this.#turns.take(name.toLowerCase(), work);
  }

  /**
   * Changes a table.
   * @param edit is given the present state and says what to change; what it throws refuses the change.
   * @returns the table as it is now, durable. When nothing changed, that is the state it had.
   * @throws HubError `unknown_table`; or another one when the result would not be a table, or exceed a limit. The
   *   table is then as it was.
   */
  change(
    name: string,
    edit: (present: TableState) => Edit | Promise<Edit>,
    announce: Announce,
  ): Promise<TableState> {
    return this.inOrder(name, async () => {
      const present = this.get(name);
      return this.#apply(present.name, present, await edit(present), announce);
    });
  }

  /** Puts modules into a table, which is made when there is none of this name; otherwise as `change`. */
  merge(name: string, put: ReadonlyMap<string, NewModule>, announce: Announce): Promise<TableState> {
    return this.inOrder(name, async () => {
      const present = this.find(name);
      return this.#apply(present?.name ?? name, present, { put }, announce);
    });
  }

  /** Gives a table the modules of a tree, as a new commit. @throws HubError `unknown_table`. */
  changeTo(name: string, tree: string, announce: Announce): Promise<TableState> {
    return this.inOrder(name, async () => {
      const before = this.get(name);
      const hashes = await this.completeTree(tree);
      if (hashes === undefined) throw new Error(`the store lacks parts of the tree ${tree}`);
      return this.#commit(before.name, before, hashes, [], announce);
    });
  }

  /** Makes a table of a commit, or moves it there. @throws HubError `unknown_commit`. */
  moveTo(name: string, commit: string, announce: Announce): Promise<TableState> {
    return this.inOrder(name, async () => {
      const before = this.find(name);
      if (before === undefined) this.assertRoom(1);
      return this.#switch(before, await this.stateAt(name, commit), announce);
    });
  }

  /**
   * A table of this name as it would be at a commit.
   * @throws HubError `invalid_name`, or `unknown_commit` when anything it refers to is missing.
   */
  async stateAt(name: string, commit: string): Promise<TableState> {
    const present = this.find(name);
    if (present === undefined) checkNewName(name);
    const state = await this.#read(present?.name ?? name, commit);
    if (state !== undefined) return state;
    throw new HubError('unknown_commit', `there is no commit ${JSON.stringify(commit.slice(0, 100))}`, 404);
  }

  /** @throws HubError `too_many_tables` when there cannot be so many more. */
  assertRoom(count: number): void {
    const { tables } = this.#options;
    if (this.#states.size + count <= tables) return;
    throw new HubError(
      'too_many_tables',
      `${tables} tables are allowed, and there are ${this.#states.size}`,
      403,
    );
  }

  /** A tree whose blobs all are there, and stay; undefined when something is missing. */
  async completeTree(hash: string): Promise<Hashes | undefined> {
    const { repository } = this;
    repository.protect(hash);
    const hashes = await repository.tree(hash);
    for (const blob of hashes?.values() ?? []) {
      repository.protect(blob);
      if (!(await repository.objects.blob.has(blob))) return undefined;
    }
    return hashes;
  }

  /** Deletes a table and its scenarios. @throws HubError `unknown_table`. */
  remove(name: string, announce: (gone: TableState) => void): Promise<void> {
    return this.inOrder(name, async () => {
      const state = this.get(name);
      await this.repository.untagTable(state.name);
      this.#states.delete(state.name.toLowerCase());
      announce(state);
    });
  }

  async #apply(
    name: string,
    before: TableState | undefined,
    { put = NO_MODULES, remove = [] }: Edit,
    announce: Announce,
  ): Promise<TableState> {
    const removed = new Set(remove);
    const modules = await fitCells(put, before, removed, this.repository);
    const hashes = new Map(before?.hashes);
    for (const key of removed) hashes.delete(key);
    for (const [key, { hash }] of modules) hashes.set(key, hash);
    this.#checkModules(modules, hashes.size, before);
    const changed = [...modules].filter(([key, { hash }]) => before?.hashes.get(key) !== hash);
    const blobs = changed.map(([, { text, hash }]) => ({ kind: 'blob' as const, text, hash }));
    return this.#commit(name, before, hashes, blobs, announce);
  }

  async #commit(
    name: string,
    before: TableState | undefined,
    hashes: Hashes,
    blobs: readonly StoredObject[],
    announce: Announce,
  ): Promise<TableState> {
    const tree = treeObject(hashes);
    if (before?.tree === tree.hash) return this.#switch(before, before, announce);
    if (before === undefined) {
      checkNewName(name);
      this.assertRoom(1);
    }
    const parent = before?.commit ?? NO_PARENT;
    const timestamp = new Date().toISOString();
    const commit = commitObject({ tree_id: tree.hash, parent, timestamp });
    await this.repository.save([...blobs, tree, commit]);
    return this.#switch(before, new TableState(name, commit.hash, tree, timestamp), announce);
  }

  async #switch(before: TableState | undefined, after: TableState, announce: Announce): Promise<TableState> {
    if (after.commit !== before?.commit) {
      // Only now, when all that the tag refers to is durable.
      await this.repository.tagTable({ name: after.name, commit: after.commit });
      this.#states.set(after.name.toLowerCase(), after);
    }
    try {
      await announce({ before, after });
    } catch (error) {
      // The change is made and durable: whoever asked for it must not be told that it failed.
      this.#log.error({ err: error, table: after.name }, 'a change of a table could not be announced');
    }
    return after;
  }

  /** A commit as the state of a table; undefined when it, or anything it refers to, is not known. */
  async #read(name: string, id: string): Promise<TableState | undefined> {
    this.repository.protect(id);
    const commit = await this.repository.commit(id);
    const hashes = commit && (await this.completeTree(commit.tree_id));
    return hashes && new TableState(name, id, treeObject(hashes), commit.timestamp);
  }

  #checkModules(
    modules: ReadonlyMap<string, NewModule>,
    count: number,
    before: TableState | undefined,
  ): void {
    const { bodyBytes, modulesPerTable } = this.#options;
    for (const [key, { text }] of modules) {
      if (key === '' || key.length > MAX_KEY) {
        throw new HubError('invalid_name', `the key of a module must have 1 to ${MAX_KEY} characters`);
      }
      if (text.length <= bodyBytes) continue;
      throw new HubError(
        'module_too_large',
        `${key} has ${text.length} bytes, at most ${bodyBytes} are kept`,
        413,
      );
    }
    if (count <= modulesPerTable || count <= (before?.hashes.size ?? 0)) return;
    throw new HubError(
      'too_many_modules',
      `a table may have ${modulesPerTable} modules, this one would have ${count}`,
      403,
    );
  }
}

function checkNewName(name: string): void {
  if (NAME.test(name) && !RESERVED.has(name.toLowerCase())) return;
  throw new HubError(
    'invalid_name',
    `the name of a table must have 1 to 100 characters, no "/", no control characters, and not be ${[...RESERVED].join(', ')}`,
  );
}
