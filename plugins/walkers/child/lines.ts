/** The child's two pipes. Both are blocking: the child has nothing else to do. */
import { readSync, writeSync } from 'node:fs';
import { LINE_BYTES } from '../runtime/protocol.ts';

const NEWLINE = 10;
/** Characters that wait at most until they are written. */
const PENDING = 256 * 1024;

/** Lines from the hub. */
export class LineReader {
  #chunk = Buffer.allocUnsafe(64 * 1024);
  /** Bytes of the chunk that hold the beginning of a line. */
  #end = 0;
  /** Whole lines; those before `#at` were handed out. */
  #lines: readonly string[] = [];
  #at = 0;

  /** Whether a whole line is there already. */
  get ready(): boolean {
    return this.#at < this.#lines.length;
  }

  /** The next line, when it is there already. */
  peek(): string | undefined {
    return this.#lines[this.#at];
  }

  /** Waits for the next line. @returns undefined at the end of the input. */
  next(): string | undefined {
    while (!this.ready) if (!this.#read()) return undefined;
    return this.#lines[this.#at++];
  }

  /** Lines that have come together are decoded together. @returns false at the end of the input. */
  #read(): boolean {
    this.#makeRoom();
    const count = readSync(0, this.#chunk, this.#end, this.#chunk.length - this.#end, null);
    const last = this.#chunk.subarray(this.#end, this.#end + count).lastIndexOf(NEWLINE);
    if (last === -1) this.#end += count;
    else {
      const size = this.#end + last;
      this.#lines = this.#chunk.toString('utf8', 0, size).split('\n');
      this.#at = 0;
      this.#chunk.copyWithin(0, size + 1, this.#end + count);
      this.#end += count - size - 1;
    }
    return count > 0;
  }

  /** Twice the buffer when it is full. */
  #makeRoom(): void {
    if (this.#end > LINE_BYTES) throw new Error('the hub sent a line that is too long');
    if (this.#end < this.#chunk.length) return;
    const larger = Buffer.allocUnsafe(this.#chunk.length * 2);
    this.#chunk.copy(larger);
    this.#chunk = larger;
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
