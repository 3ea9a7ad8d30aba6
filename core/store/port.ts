/** The persistence port: what every store driver offers, and what the contract suite in test/contract checks. */
import { createHash } from 'node:crypto';
import type { JsonText } from '../json.ts';

/**
 * Where data lives. Every write resolves when it is durable: it then survives `kill -9`. Reads see all writes
 * made before them, durable or not. Names are letters, digits, `_`, `-`, `.` and `/`.
 */
export interface Store {
  /** Whether other hubs may write to it at the same time. */
  readonly isShared: boolean;
  /** JSON documents by id. */
  collection<T>(name: string): Collection<T>;
  /** Append-only entries in one sequence per key. */
  log<T>(name: string): Log<T>;
  /** Bytes by the hash of their content. */
  blobs(name: string): Blobs;
  readonly contents: StoreContents;
  /** Makes every accepted write durable, then releases files and threads. Later calls reject. */
  close(): Promise<void>;
}

/** All that a store holds, whoever's it is, as it is stored: for copying it to another one while nobody else uses it. */
export interface StoreContents {
  /** Names of collections with documents, of logs with keys and of groups with blobs, each kind in ascending order. */
  names(): Promise<StoreNames>;
  /** Documents as text; undefined where there is none. */
  texts(collection: string, ids: readonly string[]): Promise<(string | undefined)[]>;
  /** Keys that entries were appended to, those whose entries are gone included, in ascending order of their UTF-8 bytes. */
  keys(log: string): Promise<string[]>;
  /** The sequence number that the key gave out last. 0: none. */
  last(log: string, key: string): Promise<number>;
  /** Entries after a sequence number, in ascending order. */
  entries(log: string, key: string, after: number, limit: number): Promise<TextEntry[]>;
  /**
   * Adds entries under the numbers they have. The key counts on from `last`.
   * @param entries in ascending order, above what the key gave out, up to `last`.
   */
  restore(log: string, key: string, entries: readonly TextEntry[], last: number): Promise<void>;
  /** Whether hubs are at work on it. Left out where that cannot be told. */
  isUsed?(): Promise<boolean>;
}

export interface StoreNames {
  readonly collections: readonly string[];
  readonly logs: readonly string[];
  readonly blobs: readonly string[];
}

/** An entry of a log as it is stored. */
export interface TextEntry {
  readonly sequence: number;
  /** JSON. */
  readonly text: string;
}

export interface Collection<T> {
  get(id: string): Promise<T | undefined>;
  /** A `JsonText` is stored as the text it is. */
  put(id: string, value: T | JsonText): Promise<void>;
  /**
   * Reads, changes and writes with no other write of this id in between.
   * @param change gets the present value (undefined: none) and returns the next one (undefined: delete).
   *   It must be synchronous, and may be called several times, when somebody else wrote meanwhile; when it throws, nothing is written and the promise rejects with that error.
   * @returns what `change` returned.
   */
  update(id: string, change: (present: T | undefined) => T | undefined): Promise<T | undefined>;
  /** @returns whether there was something to delete. */
  delete(id: string): Promise<boolean>;
  /** Ids in ascending order of their UTF-8 bytes. */
  ids(range?: IdRange): Promise<string[]>;
  /**
   * All of the changes, or none. Later ones win over earlier ones of the same id.
   * @param onlyIf none, unless this is so at the moment in which they are made.
   * @returns whether they were made: always, without a condition.
   */
  batch(changes: readonly Change<T>[], onlyIf?: Condition<T>): Promise<boolean>;
}

export type Change<T> = { readonly put: string; readonly value: T | JsonText } | { readonly delete: string };

/** That a document is stored as exactly this. */
export interface Condition<T> {
  readonly id: string;
  /** Compared by the JSON text that it is stored as. undefined: there is no such document. */
  readonly value: T | JsonText | undefined;
}

export interface IdRange {
  /** Only ids that start so. */
  readonly prefix?: string;
  /** Only ids greater than this one: for paging. */
  readonly after?: string;
  /** Default: no limit. */
  readonly limit?: number;
}

export interface Log<T> {
  /** @returns the entry's sequence number: 1 for the first of a key, then without gaps, never used again. */
  append(key: string, value: T | JsonText): Promise<number>;
  /** Entries in ascending order of sequence, or descending with `backwards`. */
  read(key: string, range?: LogRange): Promise<LogEntry<T>[]>;
  /** Removes the entries with a sequence number below `before`. @returns how many. */
  trim(key: string, before: number): Promise<number>;
  /** Removes one entry; the others keep their sequence numbers. @returns whether there was one. */
  delete(key: string, sequence: number): Promise<boolean>;
}

export interface LogEntry<T> {
  readonly sequence: number;
  readonly value: T;
}

export interface LogRange {
  /** First sequence number, inclusive. Default: the oldest. */
  readonly from?: number;
  /** Last sequence number, inclusive. Default: the newest. */
  readonly to?: number;
  /** Default 1,000. */
  readonly limit?: number;
  /** So many entries, of those that would come first, are passed over: for pages by count. Default 0. */
  readonly skip?: number;
  /** From the newest to the oldest: `limit` then keeps the newest. */
  readonly backwards?: boolean;
}

export interface Blobs {
  /**
   * Stores bytes once, however often they are put.
   * @param hash what `hashOf(content)` gave, when the caller has it already.
   * @returns the hash.
   */
  put(content: string | Uint8Array, hash?: string): Promise<string>;
  get(hash: string): Promise<Uint8Array | undefined>;
  has(hash: string): Promise<boolean>;
  /**
   * Unknown hashes are ignored.
   * @param fence nothing is deleted if a higher one has been set by then. Left out: whatever has been set.
   * @returns how many were deleted.
   */
  delete(hashes: readonly string[], fence?: number): Promise<number>;
  /**
   * Once it resolves, no deletion with a lower fence is made any more, whoever asked for it and when.
   * @param fence a whole number above 0; one below the present fence changes nothing.
   */
  setFence(fence: number): Promise<void>;
  /** Hashes in ascending order. */
  ids(range?: IdRange): Promise<string[]>;
}

/** The name of a blob: SHA-256 of its bytes (a string's UTF-8), 64 hex digits. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
