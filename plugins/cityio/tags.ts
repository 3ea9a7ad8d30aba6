/**
 * Tags name commits (tables) and trees (scenarios). They alone ever change, and writing one is the switch from one state to the
 * next: it happens only if the tag is still what the writer read, so that of several hubs which change a table at the same
 * time one is first, and the others begin anew from its state.
 */
import type { Change, Collection, PluginStore } from '../../core/index.ts';

/** A tag on a commit. */
export interface TableTag {
  readonly name: string;
  readonly commit: string;
  /** The number of the table among all that were ever made: a later one of the same name has a higher one. Absent: 0. */
  readonly made?: number;
  /** One more with every change of the tag. Absent: 0. */
  readonly version?: number;
  /** The version at which the scenarios of the table last changed. Absent: 0. */
  readonly listed?: number;
}
/** A tag on a tree, as it is on the wire. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Of the tree. */
  readonly hash: string;
  readonly isInBin: boolean;
}

/** Changes whenever a table is made: who makes one knows so that nobody made another since the names were read. */
export interface Names {
  /** Tables that were ever made. */
  readonly made: number;
}

type Scenarios = readonly Scenario[];
type Document = TableTag | Scenarios | Names;

const TABLES = 'table/';
const SCENARIOS = 'scenarios/';
const NAMES = 'names';

export class Tags {
  // All in one collection, so that they change together.
  readonly #documents: Collection<Document>;
  readonly #tables: Collection<TableTag>;
  readonly #scenarios: Collection<Scenarios>;
  readonly #names: Collection<Names>;

  constructor(store: PluginStore) {
    const name = 'tags';
    this.#documents = store.collection(name);
    this.#tables = store.collection(name);
    this.#scenarios = store.collection(name);
    this.#names = store.collection(name);
  }

  /** @param name exactly as the table was made with. */
  table(name: string): Promise<TableTag | undefined> {
    return this.#tables.get(TABLES + name);
  }

  /** As `table`, in whatever case its name is. */
  async findTable(name: string): Promise<TableTag | undefined> {
    const exact = (await this.tableNames()).find((one) => one.toLowerCase() === name.toLowerCase());
    return exact === undefined ? undefined : this.table(exact);
  }

  /** Names of all tables, in order. */
  async tableNames(): Promise<string[]> {
    const ids = await this.#tables.ids({ prefix: TABLES });
    return ids.map((id) => id.slice(TABLES.length));
  }

  async tables(): Promise<TableTag[]> {
    const tags = await Promise.all((await this.tableNames()).map((name) => this.table(name)));
    return tags.filter((tag) => tag !== undefined);
  }

  /** In the order in which they were first saved. */
  async scenarios(table: string): Promise<Scenarios> {
    return (await this.#scenarios.get(SCENARIOS + table)) ?? [];
  }

  /** Tables that have scenarios. */
  async tablesWithScenarios(): Promise<string[]> {
    const ids = await this.#scenarios.ids({ prefix: SCENARIOS });
    return ids.map((id) => id.slice(SCENARIOS.length));
  }

  /** What changes when a table is made, or all tags are touched. */
  names(): Promise<Names | undefined> {
    return this.#names.get(NAMES);
  }

  /**
   * Makes a table.
   * @param names as they were read, before anything was stored of it.
   * @param mayBeMade is given the names there are.
   * @returns its tag; undefined when it may not be made, or somebody else made a table meanwhile.
   */
  async create(
    name: string,
    commit: string,
    names: Names | undefined,
    mayBeMade: (names: readonly string[]) => boolean,
  ): Promise<TableTag | undefined> {
    if (!mayBeMade(await this.tableNames())) return undefined;
    const made = (names?.made ?? 0) + 1;
    const tag = { name, commit, made, version: 1, listed: 0 };
    const changes: Change<Document>[] = [
      { put: TABLES + name, value: tag },
      { put: NAMES, value: { made } },
    ];
    return (await this.#documents.batch(changes, { id: NAMES, value: names })) ? tag : undefined;
  }

  /**
   * Changes the tag of a table.
   * @param present as it was read.
   * @param change what becomes of the table; with `scenarios`, these take the place of those it has.
   * @returns the new tag; undefined when the tag is not `present` any more: nothing has changed then.
   */
  async move(
    present: TableTag,
    { commit = present.commit, scenarios }: { readonly commit?: string; readonly scenarios?: Scenarios },
  ): Promise<TableTag | undefined> {
    const { name, made = 0, version = 0, listed = 0 } = present;
    const next = version + 1;
    const tag = { name, commit, made, version: next, listed: scenarios === undefined ? listed : next };
    const changes: Change<Document>[] = [{ put: TABLES + name, value: tag }];
    if (scenarios !== undefined) changes.push({ put: SCENARIOS + name, value: scenarios });
    return (await this.#documents.batch(changes, condition(present))) ? tag : undefined;
  }

  /** Nobody makes a table any more who has read `names` before. */
  async touchNames(): Promise<void> {
    await this.#names.update(NAMES, (present) => ({ made: (present?.made ?? 0) + 1 }));
  }

  /** Deletes a table and its scenarios. @returns false when the tag is not `present` any more: nothing has changed then. */
  remove(present: TableTag): Promise<boolean> {
    const { name } = present;
    return this.#documents.batch(
      [{ delete: TABLES + name }, { delete: SCENARIOS + name }],
      condition(present),
    );
  }
}

function condition(present: TableTag) {
  return { id: TABLES + present.name, value: present };
}
