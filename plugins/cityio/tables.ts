/**
 * The present state of every table, as this hub knows it. The store has the truth: what the hub changes there it knows at once, what
 * others changed when they tell it, or when it looks. Work on one table happens in turns, and each new state is shown to the
 * members of this hub before the next turn, so that all of them see the same order.
 */
import { HubError, type Log } from '../../core/index.ts';
import { isTableName } from './edits.ts';
import type { Repository } from './repository.ts';
import { TableState } from './table-state.ts';
import type { TableTag, Tags } from './tags.ts';
import { Turns } from './turns.ts';

export interface Change {
  /** Undefined: the table is new. */
  readonly before: TableState | undefined;
  readonly after: TableState;
}

/** How members see a change, where the difference does not say it. */
export interface Showing {
  /** The cells are sent, changed or not: somebody waits for them. */
  readonly cells?: boolean;
  /** Everybody has got the results that a module published: that the table keeps them is not sent. */
  readonly published?: boolean;
}

/** The members of tables on this hub. */
export interface Audience {
  show(change: Change, showing: Showing): Promise<void>;
  /** The table is no more. */
  gone(table: TableState): void;
}

export class Tables {
  readonly #repository: Repository;
  readonly #tags: Tags;
  readonly #audience: Audience;
  readonly #log: Log;
  /** By their names in lower case: no two names differ in case only. */
  readonly #states = new Map<string, TableState>();
  /** What members saw last, of tables whose latest change could not be shown to them. */
  readonly #seen = new Map<string, TableState | undefined>();
  readonly #turns = new Turns();

  constructor(repository: Repository, tags: Tags, audience: Audience, log: Log) {
    this.#repository = repository;
    this.#tags = tags;
    this.#audience = audience;
    this.#log = log;
  }

  /** Reads what the store has, before there are members. */
  async load(): Promise<void> {
    for (const tag of await this.#tags.tables()) {
      const state = await this.#read(tag);
      if (state !== undefined) this.#states.set(tag.name.toLowerCase(), state);
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
    return this.find(name) ?? throwUnknown(name);
  }

  /** Runs `work` when no change of the table is under way; none begins until it has ended. */
  inOrder<R>(name: string, work: () => Promise<R>): Promise<R> {
    return this.#turns.take(name.toLowerCase(), work);
  }

  // What follows is done in order.

  /** As `find`, and looks for one of exactly this name that another hub may have made just now. */
  async present(name: string): Promise<TableState | undefined> {
    if (this.find(name) === undefined && isTableName(name)) await this.look(name);
    return this.find(name);
  }

  /** As `present`. @throws HubError `unknown_table`. */
  async existing(name: string): Promise<TableState> {
    return (await this.present(name)) ?? throwUnknown(name);
  }

  /** Brings the table to what the store has. */
  async look(name: string): Promise<void> {
    const known = this.find(name);
    let tag = await this.#tags.table(known?.name ?? name);
    // Deleted, and perhaps made anew in another case.
    if (tag === undefined && known !== undefined) tag = await this.#tags.findTable(name);
    if (tag === undefined) {
      if (known !== undefined) this.remove(known);
      return;
    }
    if (known !== undefined && isSame(known.tag, tag)) return this.#show({ before: known, after: known }, {});
    const state = await this.#read(tag);
    if (state !== undefined) await this.set(state, {});
  }

  /**
   * Another hub has told of a state.
   * @param since the version that `showing` begins after.
   */
  async follow(after: TableState, since: number, showing: Showing): Promise<void> {
    const before = this.find(after.name);
    const isOther = before?.made !== after.made;
    const isSameVersion = before?.version === after.version;
    // It may be news of a table that is no more, or of a store that has lost what it had.
    if (before === undefined || isOther || (isSameVersion && before.commit !== after.commit)) {
      return this.look(after.name);
    }
    if (isSameVersion) return this.#show({ before, after: before }, showing);
    if (after.version < before.version) return;
    await this.set(after, before.version === since ? showing : { ...showing, published: false });
  }

  /** Brings all tables to what the store has, each in order. @throws what the store throws, once all were tried. */
  async lookAtAll(): Promise<void> {
    const names = new Set(this.#states.keys());
    const stored = await this.#tags.tableNames();
    for (const name of stored) names.delete(name.toLowerCase());
    const looks = [...stored, ...names].map((name) => this.inOrder(name, () => this.look(name)));
    await Promise.allSettled(looks);
    await Promise.all(looks);
  }

  /** The state is the present one now, and members see what differs. */
  async set(after: TableState, showing: Showing): Promise<void> {
    const key = after.name.toLowerCase();
    let before = this.#states.get(key);
    if (before !== undefined && before.made !== after.made) {
      this.remove(before);
      before = undefined;
    }
    this.#states.set(key, after);
    await this.#show({ before, after }, showing);
  }

  /** The table is no more. */
  remove(table: TableState): void {
    const key = table.name.toLowerCase();
    this.#states.delete(key);
    this.#seen.delete(key);
    this.#audience.gone(table);
  }

  /** A failure is no failure of the change, which is made and durable: members see the difference with the next one, or the next look. */
  async #show({ before, after }: Change, showing: Showing): Promise<void> {
    const key = after.name.toLowerCase();
    const seen = this.#seen.has(key) ? this.#seen.get(key) : before;
    try {
      await this.#audience.show({ before: seen, after }, showing);
      this.#seen.delete(key);
    } catch (error) {
      this.#seen.set(key, seen);
      this.#log.error({ err: error, table: after.name }, 'a change of a table could not be shown');
    }
  }

  /** Undefined when parts are missing: such a table is left as it is. */
  async #read(tag: TableTag): Promise<TableState | undefined> {
    const content = await this.#repository.content(tag.commit);
    if (content !== undefined) return new TableState(tag, content);
    this.#log.error({ table: tag.name, commit: tag.commit }, 'the store lacks parts of a table');
    return undefined;
  }
}

function isSame(one: TableTag, other: TableTag): boolean {
  return one.made === other.made && one.version === other.version && one.commit === other.commit;
}

/** @throws HubError `unknown_table`. */
function throwUnknown(name: string): never {
  throw new HubError('unknown_table', `there is no table ${JSON.stringify(name.slice(0, 100))}`, 404);
}
