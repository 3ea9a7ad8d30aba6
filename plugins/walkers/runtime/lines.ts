/** Lines out of what comes through a pipe in pieces. */
import { LINE_BYTES } from './protocol.ts';

const NEWLINE = 10;

export class Lines {
  /** The beginning of a line whose end has not come. */
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** Whether a line is longer than any message. */
  get areTooLong(): boolean {
    return this.#bytes > LINE_BYTES;
  }

  /** @returns the lines that end in the chunk: decoded together, which takes less time than each by itself. */
  take(chunk: Buffer): readonly string[] {
    const last = chunk.lastIndexOf(NEWLINE);
    const rest = chunk.subarray(last + 1);
    if (last === -1) {
      this.#pieces.push(rest);
      this.#bytes += rest.length;
      return [];
    }
    const end = chunk.subarray(0, last);
    const whole = this.#bytes === 0 ? end : Buffer.concat([...this.#pieces, end]);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return whole.toString().split('\n');
  }
}
