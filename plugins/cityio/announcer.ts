/** Shows the listeners of a table on this hub what it is and what changed in it, user interfaces and modules each in their form. */
import { type Endpoint, type Hub, JsonText, type Message } from '../../core/index.ts';
import type { Endpoints } from './endpoints.ts';
import { GEOGRID, GEOGRIDDATA } from './grid.ts';
import { asModuleData, KEPT } from './indicators.ts';
import type { Repository } from './repository.ts';
import { objectText, type TableState } from './table-state.ts';
import type { Audience, Change, Showing } from './tables.ts';
import type { Tags } from './tags.ts';

interface Snapshot {
  readonly ui: Message;
  readonly module: Message;
}

export class Announcer implements Audience {
  readonly #hub: Hub;
  readonly #repository: Repository;
  readonly #tags: Tags;
  readonly #endpoints: Endpoints;
  /** When many come at once, after a restart say, all of them get the same message. */
  #latest: { readonly state: TableState; readonly messages: Snapshot } | undefined;

  constructor(hub: Hub, repository: Repository, tags: Tags, endpoints: Endpoints) {
    this.#hub = hub;
    this.#repository = repository;
    this.#tags = tags;
    this.#endpoints = endpoints;
  }

  /** The whole table, as somebody gets it who begins to listen. */
  async snapshot(state: TableState): Promise<Snapshot> {
    if (this.#latest?.state === state) return this.#latest.messages;
    const text = await this.#repository.tableText(state.hashes);
    const wrapped = objectText([
      ['tableName', JSON.stringify(state.name)],
      ['snapshot', text],
    ]);
    const { ui, module } = this.#endpoints;
    const messages = { ui: ui.snapshot(new JsonText(text)), module: module.snapshot(new JsonText(wrapped)) };
    this.#latest = { state, messages };
    return messages;
  }

  /** What differs: the cells, results, scenarios, or all of it when the grid is another one. */
  async show(change: Change, { cells = false, published = false }: Showing): Promise<void> {
    const { before, after } = change;
    const { ui, module } = this.#endpoints;
    const count = this.#countOf(ui.endpoint, after.name) + this.#countOf(module.endpoint, after.name);
    if (count === 0) return;
    await this.#modules(change, cells, published);
    if (before !== undefined && before.listed !== after.listed) await this.#scenarios(after.name);
  }

  async #modules({ before, after }: Change, withCells: boolean, published: boolean): Promise<void> {
    const keys = new Set<string>();
    for (const [key, hash] of after.hashes) if (before?.hashes.get(key) !== hash) keys.add(key);
    const isGone = (key: string) => before?.hashes.has(key) === true && !after.hashes.has(key);
    if (keys.has(GEOGRID) || isGone(GEOGRID) || isGone(GEOGRIDDATA)) {
      const { ui, module } = await this.snapshot(after);
      this.#send(after.name, ui);
      this.#send(after.name, module);
      if (withCells) await this.#cells(after);
      return;
    }
    if (keys.delete(GEOGRIDDATA) || withCells) await this.#cells(after);
    if (published) for (const { key } of KEPT) keys.delete(key);
    for (const key of keys) await this.#module(after, key);
  }

  async #cells({ name, hashes }: TableState): Promise<void> {
    const hash = hashes.get(GEOGRIDDATA);
    if (hash === undefined) return;
    const cells = await this.#repository.existingModule(hash);
    const wrapped = objectText([
      ['tableName', JSON.stringify(name)],
      ['geogriddata', cells],
    ]);
    const { ui, module } = this.#endpoints;
    this.#send(name, ui.cells(new JsonText(cells), name));
    this.#send(name, module.cells(new JsonText(wrapped), name));
  }

  async #scenarios(table: string): Promise<void> {
    const scenarios = await this.#tags.scenarios(table);
    this.#send(table, this.#endpoints.ui.scenarios([...scenarios], table));
  }

  /** Its listeners stay: they are told when there is one of this name again. */
  gone({ name }: TableState): void {
    const { ui, module } = this.#endpoints;
    const content = { code: 'table_deleted', message: `the table "${name}" was deleted` };
    this.#send(name, ui.error(content));
    this.#send(name, module.error(content));
  }

  async #module({ name, hashes }: TableState, key: string): Promise<void> {
    const text = await this.#repository.existingModule(hashes.get(key) ?? '');
    const content = objectText([
      ['gridId', JSON.stringify(name)],
      ['save', 'true'],
      ['moduleData', asModuleData(key, text)],
    ]);
    this.#send(name, this.#endpoints.ui.module(new JsonText(content), `${name}/${key}`));
  }

  /** Members on this hub. */
  #countOf<D>(endpoint: Endpoint<D>, table: string): number {
    return this.#hub.channels.members(endpoint, table).length;
  }

  /** Other hubs learn of it by themselves. */
  #send(table: string, message: Message): void {
    this.#hub.notify.channels([table], message, { local: true });
  }
}
