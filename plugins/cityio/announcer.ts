/** Tells the listeners of a table what it is and what changed in it, user interfaces and modules each in their form. */
import { JsonText, type Message, type Notify } from '../../core/index.ts';
import type { Endpoints } from './endpoints.ts';
import { GEOGRID, GEOGRIDDATA } from './grid.ts';
import { asModuleData } from './indicators.ts';
import type { Scenario } from './repository.ts';
import { objectText, type TableState } from './table-state.ts';
import type { Change, Tables } from './tables.ts';
import type { Teller } from './topics.ts';

interface Snapshot {
  readonly ui: Message;
  readonly module: Message;
}

export class Announcer {
  readonly #notify: Notify;
  readonly #tables: Tables;
  readonly #endpoints: Endpoints;
  readonly #teller: Teller;
  /** When many come at once, after a restart say, all of them get the same message. */
  #latest: { readonly state: TableState; readonly messages: Snapshot } | undefined;

  constructor(notify: Notify, tables: Tables, endpoints: Endpoints, teller: Teller) {
    this.#notify = notify;
    this.#tables = tables;
    this.#endpoints = endpoints;
    this.#teller = teller;
  }

  /** The whole table, as somebody gets it who begins to listen. */
  async snapshot(state: TableState): Promise<Snapshot> {
    if (this.#latest?.state === state) return this.#latest.messages;
    const text = await this.#tables.text(state);
    const wrapped = objectText([
      ['tableName', JSON.stringify(state.name)],
      ['snapshot', text],
    ]);
    const { ui, module } = this.#endpoints;
    const messages = { ui: ui.snapshot(new JsonText(text)), module: module.snapshot(new JsonText(wrapped)) };
    this.#latest = { state, messages };
    return messages;
  }

  /**
   * What differs: the cells, results, or all of it when the grid is another one.
   * @param withCells sends the cells in any case: somebody waits for them.
   */
  async changed(change: Change, withCells = false): Promise<void> {
    await this.#show(change, withCells);
    this.#teller.changed(change);
  }

  /** The cells, changed or not: who sent them waits for them to come back. */
  async painted(change: Change): Promise<void> {
    await this.#cells(change);
    this.#teller.changed(change);
  }

  async #show({ before, after }: Change, withCells: boolean): Promise<void> {
    const keys = new Set<string>();
    for (const [key, hash] of after.hashes) if (before?.hashes.get(key) !== hash) keys.add(key);
    const isGone = (key: string) => before?.hashes.has(key) === true && !after.hashes.has(key);
    if (keys.has(GEOGRID) || isGone(GEOGRID) || isGone(GEOGRIDDATA)) {
      const { ui, module } = await this.snapshot(after);
      this.#notify.channels([after.name], ui);
      this.#notify.channels([after.name], module);
      if (withCells) await this.#cells({ before, after });
      return;
    }
    if (keys.delete(GEOGRIDDATA) || withCells) await this.#cells({ before, after });
    for (const key of keys) await this.#module(after, key);
  }

  async #cells({ after }: Change): Promise<void> {
    const hash = after.hashes.get(GEOGRIDDATA);
    if (hash === undefined) return;
    const { name } = after;
    const cells = await this.#tables.repository.existingModule(hash);
    const wrapped = objectText([
      ['tableName', JSON.stringify(name)],
      ['geogriddata', cells],
    ]);
    const { ui, module } = this.#endpoints;
    this.#notify.channels([name], ui.cells(new JsonText(cells), name));
    this.#notify.channels([name], module.cells(new JsonText(wrapped), name));
  }

  scenarios(table: string, scenarios: readonly Scenario[]): void {
    this.#notify.channels([table], this.#endpoints.ui.scenarios([...scenarios], table));
  }

  /** That the table is no more. Its listeners stay: they are told when there is one of this name again. */
  removed({ name }: TableState): void {
    this.#teller.removed(name);
    const { ui, module } = this.#endpoints;
    const content = { code: 'table_deleted', message: `the table "${name}" was deleted` };
    this.#notify.channels([name], ui.error(content));
    this.#notify.channels([name], module.error(content));
  }

  async #module({ name, hashes }: TableState, key: string): Promise<void> {
    const text = await this.#tables.repository.existingModule(hashes.get(key) ?? '');
    const content = objectText([
      ['gridId', JSON.stringify(name)],
      ['save', 'true'],
      ['moduleData', asModuleData(key, text)],
    ]);
    this.#notify.channels([name], this.#endpoints.ui.module(new JsonText(content), `${name}/${key}`));
  }
}
