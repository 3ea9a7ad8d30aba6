/** The child's two pipes. Both are blocking: the child has nothing else to do. */
import { readSync, writeSync } from 'node:fs';
import { LINE_BYTES } from '../runtime/protocol.ts';

const NEWLINE = 10;
/** Characters that wait at most until they are written. */
const PENDING = 256 * 1024;

/** Lines from the hub. */
export class LineReader {
  #chunk = Buffer.allocUnsafe(64 * 1024);
  /** Read but not handed out: the part of the buffer from `start` to `end`. */
  #start = 0;
  #end = 0;

  /** Whether a whole line is there already. */
  get ready(): boolean {
    const at = this.#chunk.indexOf(NEWLINE, this.#start);
    return at !== -1 && at < this.#end;
  }

  /** Waits for the next line. @returns undefined at the end of the input. */
  next(): string | undefined {
    let searched = this.#start;
    for (;;) {
      const at = this.#chunk.subarray(0, this.#end).indexOf(NEWLINE, searched);
      if (at !== -1) {
        const line = this.#chunk.toString('utf8', this.#start, at);
        this.#start = at + 1;
        return line;
      }
      searched = this.#end - this.#start;
      this.#makeRoom();
      const count = readSync(0, this.#chunk, this.#end, this.#chunk.length - this.#end, null);
      if (count === 0) return undefined;
      this.#end += count;
    }
  }

  /** Moves what waits to the beginning; twice the buffer when it is full. */
  #makeRoom(): void {
    const waiting = this.#chunk.subarray(this.#start, this.#end);
    if (waiting.length > LINE_BYTES) throw new Error('the hub sent a line that is too long');
    if (waiting.length === this.#chunk.length) {
      const larger = Buffer.allocUnsafe(this.#chunk.length * 2);
      waiting.copy(larger);
      this.#chunk = larger;
    } else {
      this.#chunk.copyWithin(0, this.#start, this.#end);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}

/** Lines to the hub, written together. */
export class LineWriter {
  #pending = '';

  add(line: string): void {
    this.#pending += line;
    this.#pending += '\n';
    if (this.#pending.length > PENDING) this.flush();
  }

  flush(): void {
    if (this.#pending === '') return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  }
}
