/**
 * What the hubs of a cluster tell each other of tables, so that each brings its own up to the store's and shows its members what
 * differs. A notice holds the whole state but for the modules: a hub without members of the table reads nothing. Notices that
 * are late or come twice do no harm, for states have versions; after missed ones a hub reads all tags again.
 */
import type { Hub, Line, Log } from '../../core/index.ts';
import { fromCanonical } from './json-text.ts';
import { TableState } from './table-state.ts';
import type { Change, Showing, Tables } from './tables.ts';
import type { TableTag } from './tags.ts';

interface Changed extends Showing {
  readonly tag: TableTag;
  /** JSON of the tree. */
  readonly tree: string;
  readonly timestamp: string;
}
/** Tables come and go: who hears of it looks into the store. */
interface Look {
  readonly look: string;
}

/** What was told of a table since its last turn. */
interface Heard {
  /** Undefined: only the store can tell. */
  readonly state: TableState | undefined;
  /** The version before the first of the changes told. */
  readonly since: number;
  readonly showing: Showing;
}

const ONLY_THE_STORE: Heard = { state: undefined, since: 0, showing: {} };

export class OtherHubs {
  readonly #tables: Tables;
  readonly #log: Log;
  /** Undefined: there are none that share the store. */
  readonly #line: Line | undefined;
  /** At most one for each table. */
  readonly #heard = new Map<string, Heard>();

  constructor(hub: Hub, tables: Tables) {
    this.#tables = tables;
    this.#log = hub.log;
    if (!hub.store.isShared) return;
    this.#line = hub.line('tables', {
      receive: (text) => this.#receive(JSON.parse(text)),
      missed: () => tables.lookAtAll(),
    });
    // What was told while this hub started was not heard.
    hub.onReady(() => tables.lookAtAll());
  }

  /** A change made here. */
  changed({ before, after }: Change, showing: Showing): void {
    if (this.#line === undefined || this.#line.isAlone) return;
    if (before === undefined) {
      this.look(after.name);
      return;
    }
    if (before === after && !showing.cells) return;
    const { tag, content } = after;
    const notice: Changed = { tag, tree: content.tree.text, timestamp: content.timestamp, ...showing };
    this.#line.send(JSON.stringify(notice));
  }

  /** The table was made or deleted. */
  look(name: string): void {
    const notice: Look = { look: name };
    this.#line?.send(JSON.stringify(notice));
  }

  #receive(notice: Changed | Look): void {
    if ('look' in notice) {
      this.#hear(notice.look, ONLY_THE_STORE);
      return;
    }
    const { tag, tree, timestamp, cells = false, published = false } = notice;
    const state = new TableState(tag, { tree: fromCanonical(tree), timestamp });
    this.#hear(tag.name, { state, since: state.version - 1, showing: { cells, published } });
  }

  /** What is told while the table has no turn becomes one. */
  #hear(name: string, heard: Heard): void {
    const key = name.toLowerCase();
    const waiting = this.#heard.get(key);
    this.#heard.set(key, waiting === undefined ? heard : both(waiting, heard));
    if (waiting === undefined) void this.#tables.inOrder(name, () => this.#follow(name));
  }

  async #follow(name: string): Promise<void> {
    const key = name.toLowerCase();
    const heard = this.#heard.get(key);
    this.#heard.delete(key);
    try {
      if (heard?.state === undefined) await this.#tables.look(name);
      else await this.#tables.follow(heard.state, heard.since, heard.showing);
    } catch (error) {
      // The store is away: this hub looks at all tables when it is back.
      this.#log.error({ err: error, table: name }, 'a change that another hub made could not be read');
    }
  }
}

function both(first: Heard, second: Heard): Heard {
  const [one, other] = [first.state, second.state];
  if (one === undefined || other === undefined || one.made !== other.made) return ONLY_THE_STORE;
  const [older, newer] = one.version <= other.version ? [first, second] : [second, first];
  const cells = older.showing.cells === true || newer.showing.cells === true;
  if (newer.since !== older.state?.version) return { ...newer, showing: { ...newer.showing, cells } };
  const published = older.showing.published === true && newer.showing.published === true;
  return { state: newer.state, since: older.since, showing: { cells, published } };
}
