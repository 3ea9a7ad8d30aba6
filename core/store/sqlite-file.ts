import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, StartError } from '../errors.ts';
import { explain } from './sqlite-errors.ts';

/** How long, in milliseconds, a write waits (and blocks) while another process, such as the CLI, writes. */
export const BUSY_TIMEOUT = 5_000;
/** What SQLite answers when another connection has a lock. */
const SQLITE_BUSY = 5;
/** Of what the tables mean; kept in `user_version`. */
const SCHEMA_VERSION = 1;
/** A write-ahead log that grew beyond this, in bytes, while somebody kept reading is cut back afterwards. */
const MAX_IDLE_WAL = 64 * 1024 * 1024;

/** The lowest number that deletions of a group of blobs must have, where one was set. Files made without it get it. */
const FENCES = `
  CREATE TABLE IF NOT EXISTS fences (name TEXT NOT NULL PRIMARY KEY, fence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/*
 * Rows lie in the order in which they were written, with an index on their keys: entries of many keys are appended
 * 2 to 4 times as fast as in the order of the keys, and lists of ids touch the index alone. `trimmed` remembers
 * the last sequence number of keys of a log whose newest entries are gone.
 */
const SCHEMA = `
  CREATE TABLE documents (collection TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (collection, id)) STRICT;
  CREATE TABLE log (name TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (name, key, sequence)) STRICT;
  CREATE TABLE trimmed (name TEXT NOT NULL, key TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
  CREATE TABLE blobs (name TEXT NOT NULL, hash TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (name, hash)) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens `hub.sqlite` in a folder, both made when missing, readable by their owner only: they may hold personal data.
 * @throws StartError naming the path when it cannot be used, is damaged, or was written by a newer version.
 */
export function openSqliteFile(
  folder: string,
  durability: 'process' | 'power',
): { db: DatabaseSync; file: string } {
  const file = join(resolve(folder), 'hub.sqlite');
  try {
    mkdirSync(resolve(folder), { recursive: true, mode: 0o700 });
    makePrivate(file);
  } catch (cause) {
    throw new StartError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    prepareFile(db, file, durability);
    return { db, file };
  } catch (error) {
    db?.close();
    const cause = explain(error, file);
    throw new StartError(messageOf(cause), { cause });
  }
}

/** Makes the file when it is missing; SQLite's other files take over its mode. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // A file that exists is not opened: closing it would end the locks that this process may hold on it.
    if (!existsSync(file)) throw error;
    accessSync(file, constants.R_OK | constants.W_OK);
  }
}

function prepareFile(db: DatabaseSync, file: string, durability: 'process' | 'power'): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
  if (mode !== 'wal')
    throw new Error(`${file}: write-ahead logging does not work here; is it a network file system?`);
  db.exec(`PRAGMA journal_size_limit = ${MAX_IDLE_WAL}`);
  // NORMAL writes the log at every commit, but waits for the disk only at checkpoints. On macOS, FULL alone does
  // not reach the disk.
  db.exec(
    durability === 'power'
      ? 'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON'
      : 'PRAGMA synchronous = NORMAL',
  );

  db.exec('BEGIN IMMEDIATE'); // two processes may be making the tables at once
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `${file} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}: it needs a newer one`,
    );
  }
  if (version === 0) {
    if (db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) {
      throw new Error(`${file} is a database of another program; move it away or choose another folder`);
    }
    db.exec(SCHEMA);
  }
  db.exec(FENCES);
  db.exec('COMMIT');
}

/** Whether another connection, of this process or another one, has the `hub.sqlite` of the folder open. */
export function isSqliteInUse(folder: string): boolean {
  const file = join(resolve(folder), 'hub.sqlite');
  if (!existsSync(file)) return false;
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    return false;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return true;
    throw explain(error, file);
  } finally {
    db.close();
  }
}
