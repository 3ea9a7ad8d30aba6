import { extname } from 'node:path';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { BUSY_TIMEOUT } from './sqlite-file.ts';
import type { Chunk, LongRead } from './sqlite-reader.ts';

/** The hub's side of the thread of long reads. */
export class LongReads {
  readonly #file: string;
  #worker: Worker | undefined;
  readonly #active = new Set<Promise<void>>();

  /** @param file the database. */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Rows of a query as arrays, in chunks; the event loop goes on between them. All come from one state of the
   * database: what is committed when the read starts.
   */
  async *chunks(sql: string, parameters: SQLInputValue[]): AsyncGenerator<SQLOutputValue[][]> {
    const { port1: port, port2 } = new MessageChannel();
    const ended = Promise.withResolvers<void>();
    this.#active.add(ended.promise);
    try {
      const request: LongRead = { sql, parameters, port: port2 };
      this.#start().postMessage(request, [port2]);
      for (;;) {
        const chunk = await ask(port);
        if ('error' in chunk) throw new Error(chunk.error);
        if (chunk.rows.length === 0) return;
        yield chunk.rows;
      }
    } finally {
      port.close();
      this.#active.delete(ended.promise);
      ended.resolve();
    }
  }

  /** Ends the thread after the reads that are under way. */
  async close(): Promise<void> {
    await Promise.all(this.#active);
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // In the published package this file and its neighbour end in .js.
    const worker = new Worker(new URL(`./sqlite-reader${extname(import.meta.url)}`, import.meta.url), {
      workerData: { file: this.#file, timeout: BUSY_TIMEOUT },
    });
    worker.unref(); // a read that is under way keeps the process alive through its port
    worker.on('error', () => {}); // its reads fail as their ports close
    worker.on('exit', () => {
      this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

function ask(port: MessagePort): Promise<Chunk> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the thread of long reads ended unexpectedly'));
    port.once('close', gone);
    port.once('message', (chunk: Chunk) => {
      port.off('close', gone);
      resolve(chunk);
    });
    port.postMessage('next');
  });
}
