/** Bodies that do not leave in one piece, sent at the pace their reader takes them. */
import type { BridgedSocket } from './http-socket.ts';

type Callback = () => void;

export interface Body {
  /** Sends bytes; `taken` when it is time for more. Until then the bytes must not change. */
  write(bytes: Uint8Array, taken: Callback): void;
  /** All was written. */
  end(): void;
}

/** A body whose length the headers tell. uWS keeps nothing of it that the kernel did not take. */
export class FixedBody implements Body {
  readonly #socket: BridgedSocket;
  readonly #total: number;
  #sent = 0;
  #rest: Uint8Array = NOTHING;
  #taken: Callback | undefined;

  constructor(socket: BridgedSocket, total: number) {
    this.#socket = socket;
    this.#total = total;
    socket.uws?.onWritable(() => this.#push());
  }

  write(bytes: Uint8Array, taken: Callback): void {
    // What exceeds the announced length would be read as the next answer.
    this.#rest = bytes.subarray(0, this.#total - this.#sent);
    this.#taken = taken;
    this.#push();
  }

  end(): void {
    // Shorter than announced: the reader can only learn it from the end of the connection.
    if (this.#sent < this.#total) this.#socket.destroy();
  }

  #push(): boolean {
    const before = this.#sent;
    if (this.#rest.length > 0) this.#socket.cork(() => this.#send());
    else this.#socket.flush();
    if (this.#sent > before) this.#socket.moving();
    if (this.#rest.length > 0) {
      this.#socket.blocked(() => this.#push());
      return false;
    }
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
    return true;
  }

  #send(): void {
    const { uws } = this.#socket;
    if (uws === undefined) return;
    if (this.#sent + this.#rest.length === this.#total) this.#socket.answering();
    const [ok, done] = uws.tryEnd(this.#rest, this.#total);
    const sent = ok || done ? this.#sent + this.#rest.length : uws.getWriteOffset();
    this.#rest = this.#rest.subarray(sent - this.#sent);
    this.#sent = sent;
    if (done) this.#socket.answered();
  }
}

/**
 * A body of unknown length, in chunks. uWS keeps what the kernel does not take of them and tells only whether it
 * kept something. So no more than one piece is given at a time, and while the reader is behind, a small one first:
 * each time the connection turns writable, more than that leaves.
 */
export class ChunkedBody implements Body {
  readonly #socket: BridgedSocket;
  #rest: Uint8Array = NOTHING;
  #taken: Callback | undefined;
  #congested = false;

  constructor(socket: BridgedSocket) {
    this.#socket = socket;
    socket.uws?.onWritable(() => {
      this.#push();
      return true;
    });
  }

  write(bytes: Uint8Array, taken: Callback): void {
    this.#rest = bytes;
    this.#taken = taken;
    this.#socket.cork(() => this.#send());
    if (!this.#congested) this.#more();
  }

  end(): void {
    const { uws } = this.#socket;
    if (uws === undefined) return;
    this.#socket.answering();
    this.#socket.cork(() => uws.end());
    this.#socket.answered();
  }

  #push(): void {
    if (this.#rest.length > 0) this.#socket.cork(() => this.#send());
    else this.#socket.flush();
    if (this.#rest.length === 0) this.#more();
  }

  #send(): void {
    const { uws } = this.#socket;
    if (uws === undefined) return;
    while (this.#rest.length > 0) {
      const piece = this.#rest.subarray(0, this.#congested ? PROBE : PIECE);
      this.#rest = this.#rest.subarray(piece.length);
      this.#congested = !uws.write(piece);
      if (this.#congested) {
        this.#socket.blocked(() => this.#push());
        return;
      }
      this.#socket.moving();
    }
  }

  #more(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }
}

const NOTHING = new Uint8Array(0);
/** Bytes handed to uWS at a time. */
const PIECE = 64 * 1024;
/** Bytes that find out whether a congested connection moves again: less than the kernel frees before it says so. */
const PROBE = 1024;
