import { join, resolve } from 'node:path';
import { contentsOf } from './lowdb-contents.ts';
import { BLOBS, DOCUMENTS, LOG } from './lowdb-formats.ts';
import { blobsOf, collectionOf, logOf } from './lowdb-kinds.ts';
import { Tables } from './lowdb-tables.ts';
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
  const fences = new Map<string, number>();
  const all = [documents, logs, blobs];
  for (const tables of all) await tables.load();
  const settle = async () => {
    const results = await Promise.allSettled(all.map((tables) => tables.settled()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };
  return {
    isShared: false,
    collection: (name) => collectionOf(documents.open(name)),
    log: (name) => logOf(logs.open(name)),
    blobs: (name) => blobsOf(blobs.open(name), name, fences),
    contents: contentsOf(documents, logs, blobs),
    close: () => {
      closing ??= settle();
      return closing;
    },
  };
}
