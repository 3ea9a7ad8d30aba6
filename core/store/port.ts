/** The persistence port: what every store driver offers, and what the contract suite in test/contract checks. */
import { createHash } from 'node:crypto';
import type { JsonText } from '../json.ts';

/**
 * Where data lives. Every write resolves when it is durable: it then survives `kill -9`. Reads see all writes
 * made before them, durable or not. Names are letters, digits, `_`, `-`, `.` and `/`.
 */
export interface Store {
  /** JSON documents by id. */
  collection<T>(name: string): Collection<T>;
  /** Append-only entries in one sequence per key. */
  log<T>(name: string): Log<T>;
  /** Bytes by the hash of their content. */
  blobs(name: string): Blobs;
  /** Makes every accepted write durable, then releases files and threads. Later calls reject. */
  close(): Promise<void>;
}

export interface Collection<T> {
  get(id: string): Promise<T | undefined>;
  /** A `JsonText` is stored as the text it is. */
  put(id: string, value: T | JsonText): Promise<void>;
  /**
   * Reads, changes and writes with no other write of this id in between.
   * @param change gets the present value (undefined: none) and returns the next one (undefined: delete).
   *   It must be synchronous; when it throws, nothing is written and the promise rejects with that error.
   * @returns what `change` returned.
   */
  update(id: string, change: (present: T | undefined) => T | undefined): Promise<T | undefined>;
  /** @returns whether there was something to delete. */
  delete(id: string): Promise<boolean>;
  /** Ids in ascending order of their UTF-8 bytes. */
  ids(range?: IdRange): Promise<string[]>;
  /** All of the changes, or none. Later ones win over earlier ones of the same id. */
  batch(changes: readonly Change<T>[]): Promise<void>;
}

export type Change<T> = { readonly put: string; readonly value: T | JsonText } | { readonly delete: string };

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
  /** Unknown hashes are ignored. @returns how many were deleted. */
  delete(hashes: readonly string[]): Promise<number>;
  /** Hashes in ascending order. */
  ids(range?: IdRange): Promise<string[]>;
}

/** The name of a blob: SHA-256 of its bytes (a string's UTF-8), 64 hex digits. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
