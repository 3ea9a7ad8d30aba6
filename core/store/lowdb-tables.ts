import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Memory } from 'lowdb';
import { checkName, compareIds } from './ids.ts';
import { JsonFile, type JsonFormat } from './json-file.ts';
import { LowTable } from './lowdb-table.ts';

/** The tables of one kind, each in its file of one folder. */
export class Tables<R> {
  readonly #folder: string | undefined;
  readonly #format: JsonFormat<Map<string, R>>;
  readonly #checkOpen: () => void;
  readonly #tables = new Map<string, LowTable<R>>();

  /** @param folder undefined: in memory. */
  constructor(folder: string | undefined, format: JsonFormat<Map<string, R>>, checkOpen: () => void) {
    this.#folder = folder;
    this.#format = format;
    this.#checkOpen = checkOpen;
  }

  /** Reads every file there is. */
  async load(): Promise<void> {
    if (this.#folder === undefined) return;
    for (const file of await filesOf(this.#folder)) {
      // A name may hold "/", a file name may not; "+" is in no name.
      if (file.endsWith('.json')) await this.open(file.slice(0, -5).replaceAll('+', '/')).load();
    }
  }

  /** @throws TypeError when the name is not one the port allows. */
  open(name: string): LowTable<R> {
    checkName(name);
    let table = this.#tables.get(name);
    if (table === undefined) {
      const file = this.#folder && join(this.#folder, `${name.replaceAll('/', '+')}.json`);
      const adapter = file === undefined ? new Memory<Map<string, R>>() : new JsonFile(file, this.#format);
      table = new LowTable(adapter, this.#checkOpen);
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Names of the tables with rows, in ascending order. */
  names(): string[] {
    const filled = [...this.#tables].filter(([, table]) => table.ids({ limit: 1 }).length > 0);
    return filled.map(([name]) => name).sort(compareIds);
  }

  async settled(): Promise<void> {
    const results = await Promise.allSettled([...this.#tables.values()].map((table) => table.settled()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
