import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Memory } from 'lowdb';
import { checkName } from './ids.ts';
import { JsonFile, type JsonFormat } from './json-file.ts';
import { BLOBS, DOCUMENTS, LOG } from './lowdb-formats.ts';
import { blobsOf, collectionOf, logOf } from './lowdb-kinds.ts';
import { LowTable } from './lowdb-table.ts';
import type { Store } from './port.ts';

/**
 * Opens a store of readable JSON files, one for each collection, log and group of blobs; all of them are read now
 * and kept in memory. It is for small data: a write writes its whole file anew. And it is for one process at a
 * time: what somebody else writes into its files while it is open is overwritten.
 * @param options `folder` is made when missing; `memory` keeps nothing.
 * @throws StartError naming the file and the position when one is not valid; it is left as it is.
 */
export async function openLowdbStore(
  options: { readonly folder: string } | { readonly memory: true },
): Promise<Store> {
  const folder = 'folder' in options ? resolve(options.folder) : undefined;
  let closing: Promise<void> | undefined;
  const checkOpen = () => {
    if (closing !== undefined) throw new Error(`the store ${folder ?? 'in memory'} is closed`);
  };
  const documents = new Tables(folder && join(folder, 'collections'), DOCUMENTS, checkOpen);
  const logs = new Tables(folder && join(folder, 'logs'), LOG, checkOpen);
  const blobs = new Tables(folder && join(folder, 'blobs'), BLOBS, checkOpen);
  const all = [documents, logs, blobs];
  for (const tables of all) await tables.load();
  const settle = async () => {
    const results = await Promise.allSettled(all.map((tables) => tables.settled()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };
  return {
    collection: (name) => collectionOf(documents.open(name)),
    log: (name) => logOf(logs.open(name)),
    blobs: (name) => blobsOf(blobs.open(name)),
    close: () => {
      closing ??= settle();
      return closing;
    },
  };
}

/** The tables of one kind, each in its file of one folder. */
class Tables<R> {
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
