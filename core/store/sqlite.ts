import type { Store } from './port.ts';
import { contentsOf } from './sqlite-contents.ts';
import { SqliteEngine } from './sqlite-engine.ts';
import { openSqliteFile } from './sqlite-file.ts';
import { LongReads } from './sqlite-long-reads.ts';
import { blobGroups, collections, logs } from './sqlite-tables.ts';

export interface SqliteOptions {
  /** Gets the file `hub.sqlite` (and, while it is open, two beside it). Made when missing. */
  readonly folder: string;
  /** What an acknowledged write survives: the end of the process (default), or also of the machine's power. */
  readonly durability?: 'process' | 'power';
}

/**
 * Opens the store for data: one SQLite file. Other processes may have it open at the same time; a write of theirs
 * holds up one of ours for as long as it takes, up to 5 seconds.
 * @throws StartError naming the path when it cannot be used, is damaged, or was written by a newer version.
 */
export function openSqliteStore({ folder, durability = 'process' }: SqliteOptions): Store {
  const { db, file } = openSqliteFile(folder, durability);
  const engine = new SqliteEngine(db, file);
  const longReads = new LongReads(file);
  const release = async () => {
    try {
      const last = engine.stop();
      await longReads.close();
      await last;
    } finally {
      engine.release();
    }
  };
  let closing: Promise<void> | undefined;
  return {
    isShared: false,
    collection: collections(engine, longReads),
    log: logs(engine, longReads),
    blobs: blobGroups(engine, longReads),
    contents: contentsOf(engine),
    close: () => {
      closing ??= release();
      return closing;
    },
  };
}
