/**
 * The thread of long reads: its own read-only connection, so that the event loop of the hub goes on. It sends the
 * rows of a query in chunks, each when it is asked for, so that neither side holds more than one.
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { explain } from './sqlite-errors.ts';

/** What starts a read. */
export interface LongRead {
  readonly sql: string;
  readonly parameters: SQLInputValue[];
  /** Every message that comes in asks for a chunk. Closing it ends the read. */
  readonly port: MessagePort;
}

/** A chunk without rows is the last one. */
export type Chunk = { readonly rows: SQLOutputValue[][] } | { readonly error: string };

/** A chunk ends with the row that reaches one of these: decoding one takes the hub some milliseconds. */
const CHUNK_ROWS = 1_000;
const CHUNK_CHARACTERS = 1_000_000;

const { file, timeout }: { file: string; timeout: number } = workerData;
let connection: DatabaseSync | undefined;

parentPort?.on('message', ({ sql, parameters, port }: LongRead) => {
  let rows: ReturnType<StatementSync['iterate']> | undefined;
  port.on('message', () => {
    try {
      connection ??= new DatabaseSync(file, { readOnly: true, timeout });
      rows ??= start(connection.prepare(sql), parameters);
      port.postMessage({ rows: nextChunk(rows) } satisfies Chunk);
    } catch (error) {
      port.postMessage({ error: messageOf(explain(error, file)) } satisfies Chunk);
    }
  });
  port.on('close', () => rows?.return?.());
});

function start(statement: StatementSync, parameters: SQLInputValue[]) {
  statement.setReturnArrays(true); // twice as fast as objects
  return statement.iterate(...parameters);
}

function nextChunk(rows: ReturnType<StatementSync['iterate']>): SQLOutputValue[][] {
  const chunk: SQLOutputValue[][] = [];
  let characters = 0;
  while (chunk.length < CHUNK_ROWS && characters < CHUNK_CHARACTERS) {
    const { done, value } = rows.next();
    if (done === true) break;
    const columns = Object.values(value);
    chunk.push(columns);
    for (const column of columns) if (typeof column === 'string') characters += column.length;
  }
  return chunk;
}
