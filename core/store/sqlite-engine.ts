import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { explain } from './sqlite-errors.ts';

/** Writes of one transaction. More would hold up the event loop noticeably when they are committed. */
const MAX_WRITES = 200;

/**
 * The connection of the hub's own thread. The first write of a turn of the event loop begins a transaction, further
 * ones join it, and the end of the turn commits it: every promise of it waits for that one commit.
 */
export class SqliteEngine {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #closed = false;
  /** Settles with the open transaction; undefined: none is open. */
  #pending: PromiseWithResolvers<void> | undefined;
  #writes = 0;

  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.file = file;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql);
  }

  /** Runs statements that only read. */
  read<R>(work: () => R): R {
    this.#checkOpen();
    try {
      return work();
    } catch (error) {
      throw explain(error, this.file);
    }
  }

  /**
   * Runs at once what writes with a single statement.
   * @returns its result, as soon as it is durable.
   */
  write<R>(work: () => R): Promise<R> {
    let result: R;
    let pending: PromiseWithResolvers<void>;
    try {
      this.#checkOpen();
      pending = this.#join();
      result = work();
    } catch (error) {
      // SQLite undoes the statement alone, but after a full disk or a failed write it may end the transaction.
      if (!this.#closed && !this.#db.isTransaction) this.#settle(error);
      return Promise.reject(explain(error, this.file));
    }
    const durable = pending.promise.then(() => result);
    this.#writes++;
    if (this.#writes >= MAX_WRITES) this.commit();
    return durable;
  }

  /** Runs at once what writes with several statements: all of them, or none. */
  writeAll<R>(work: () => R): Promise<R> {
    return this.write(() => {
      this.#db.exec('SAVEPOINT change');
      try {
        const result = work();
        this.#db.exec('RELEASE change');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK TO change; RELEASE change');
        throw error;
      }
    });
  }

  /** Ends the open transaction, if there is one. Its promises say how that went. */
  commit(): void {
    if (this.#pending === undefined) return;
    try {
      this.#commit.run();
      this.#settle();
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#settle(error);
    }
  }

  /** @throws Error once it is closed. */
  #checkOpen(): void {
    if (this.#closed) throw new Error(`the store ${this.file} is closed`);
  }

  /** No call is accepted from here on. @returns a promise of the last transaction. */
  stop(): Promise<void> | undefined {
    this.#closed = true;
    const last = this.#pending?.promise;
    this.commit();
    return last;
  }

  release(): void {
    this.#db.close();
  }

  #join(): PromiseWithResolvers<void> {
    if (this.#pending !== undefined) return this.#pending;
    this.#begin.run();
    const pending = Promise.withResolvers<void>();
    pending.promise.catch(() => {}); // all writes of it may have failed on their own: then nobody listens
    this.#pending = pending;
    this.#writes = 0;
    setImmediate(() => {
      if (this.#pending === pending) this.commit();
    });
    return pending;
  }

  #settle(error?: unknown): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (error === undefined) pending?.resolve();
    else pending?.reject(explain(error, this.file));
  }
}
