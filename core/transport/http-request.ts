/** The request that Fastify reads: what plugins use of node's IncomingMessage, on uWS' request. */
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { errorCodes } from 'fastify';
import type { BridgedSocket } from './http-socket.ts';
import type { HttpRequest } from './uws.ts';

/**
 * A real Readable, so that pipes, iterators and pipelines work on it. As long as its reader takes all that comes,
 * bytes go straight to the reader's listeners: Readable alone would spend two turns of node's queue on a body that
 * comes in one piece, and those are a sixth of the cost of a small POST.
 * Unlike node's it closes when the exchange is over and not as soon as its body is read, so that those who wait for
 * that see a client that leaves in between.
 */
export class BridgedRequest extends Readable {
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly method: string;
  /** Path and query as they came, percent-encoded. Fastify's `rewriteUrl` replaces it. */
  url: string;
  /** Names in lower case; duplicates joined or dropped as node does. */
  readonly headers: IncomingHttpHeaders = {};
  readonly socket: BridgedSocket;
  /** Whether the whole body arrived. */
  complete = false;
  /** Whether the connection went before the answer was complete. */
  aborted = false;
  /** Bytes of body announced: 0 for none, Infinity for a chunked one. */
  readonly announced: number;
  readonly #limit: number;
  #received = 0;
  /** Whether bytes pass by the machinery of node's Readable. */
  #direct: boolean;
  /** Whether a reader asked for the bytes to flow while they passed by it. */
  #flowing = false;
  /** Whether node's Readable waits for bytes. */
  #wanted = false;
  #refusal: Error | undefined;

  /** @param limit bytes of body; more are refused. */
  constructor(socket: BridgedSocket, request: HttpRequest, limit: number) {
    super(STREAM_OPTIONS);
    this.socket = socket;
    this.method = request.getCaseSensitiveMethod();
    const query = request.getQuery();
    this.url = query === undefined ? request.getUrl() : `${request.getUrl()}?${query}`;
    const { headers } = this;
    request.forEach((name, value) => {
      addHeader(headers, name, value);
    });
    const length = headers['content-length'];
    if (length !== undefined) this.announced = Number(length);
    else this.announced = headers['transfer-encoding'] === undefined ? 0 : Number.POSITIVE_INFINITY;
    this.#limit = limit;
    if (length !== undefined && this.announced > limit) this.#refusal = tooLarge();
    this.#direct = this.announced > 0 && this.#refusal === undefined;
  }

  /** Name and value by turns; duplicates that were joined stay joined. */
  get rawHeaders(): string[] {
    return Object.entries(this.headers).flatMap(([name, value]) =>
      [value ?? []].flat().flatMap((one) => [name, one]),
    );
  }

  /** Whether more is to come than is worth to be read and thrown away: the connection then ends with the answer. */
  get endless(): boolean {
    if (this.complete || this.announced === 0) return false;
    return this.announced === Number.POSITIVE_INFINITY || this.announced > this.#limit;
  }

  /** Takes bytes from uWS. They are copied: uWS uses the memory again. */
  receive(bytes: ArrayBuffer, last: boolean): void {
    if (this.destroyed || this.#refusal !== undefined) return;
    this.#received += bytes.byteLength;
    if (this.#received > this.#limit) {
      this.#refuse();
      return;
    }
    if (last) this.complete = true;
    if (
      this.#direct &&
      this.#flowing &&
      this.listenerCount('data') > 0 &&
      this.listenerCount('readable') === 0
    ) {
      this.#pass(bytes, last);
      return;
    }
    this.#leaveDirect();
    this.#wanted = false;
    if (bytes.byteLength > 0 && !this.push(copyOf(bytes)) && !last && !this.destroyed) this.socket.pause();
    if (last) this.push(null);
  }

  override resume(): this {
    if (!this.#direct) return super.resume();
    this.#flowing = true;
    return this;
  }

  override pause(): this {
    this.#leaveDirect();
    return super.pause();
  }

  override read(size?: number): unknown {
    this.#leaveDirect();
    return super.read(size);
  }

  override setEncoding(encoding: BufferEncoding): this {
    this.#leaveDirect();
    return super.setEncoding(encoding);
  }

  /** The exchange is over. */
  answered(): void {
    if (this.announced > 0 && !this.complete) {
      this.destroy();
    } else if (this.listenerCount('close') > 0) {
      // As node: who still reads gets what arrived, and nobody waits for an end that does not come.
      if (this.readableEnded) this.destroy();
      else this.once('end', () => this.destroy());
      if (this.readableFlowing === null) this.resume();
    }
  }

  /** The connection is gone. */
  gone(): void {
    this.aborted = true;
    this.destroy(
      this.readableEnded ? undefined : Object.assign(new Error('aborted'), { code: 'ECONNRESET' }),
    );
    // After the error: `finished` of node:stream would take it for a close without a reason.
    process.nextTick(() => this.emit('aborted'));
  }

  override _read(): void {
    if (this.#refusal !== undefined) {
      this.destroy(this.#refusal);
    } else if (this.announced === 0) {
      this.complete = true;
      this.push(null);
    } else {
      this.#wanted = true;
      this.socket.resume();
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // As node: who destroys a request that was not read to its end wants the connection gone.
    if (this.socket.uws !== undefined && !this.readableEnded && error !== this.#refusal)
      this.socket.destroy();
    // Also as node: an error that nobody listens for must not end the process.
    callback(this.listenerCount('error') > 0 ? error : null);
  }

  /** Hands bytes to the listeners, with the end when it is there. */
  #pass(bytes: ArrayBuffer, last: boolean): void {
    if (bytes.byteLength > 0) this.emit('data', copyOf(bytes));
    if (!last || this.destroyed) return;
    if (this.#direct) {
      // What node's Readable notes when it emits the end, for those who ask it later.
      const state: ReadableState = Reflect.get(this as object, '_readableState');
      state.ended = true;
      state.endEmitted = true;
      this.#direct = false;
      this.emit('end');
    } else {
      this.push(null);
    }
  }

  /** From here on node's Readable has it, with the flow that was asked for. */
  #leaveDirect(): void {
    if (!this.#direct) return;
    this.#direct = false;
    if (this.#flowing) super.resume();
  }

  /** Throws away what comes from now on. The reader is told now, or when there is one. */
  #refuse(): void {
    this.#refusal = tooLarge();
    if (this.socket.isAnswering) this.socket.destroy();
    else if (this.#wanted || this.#flowing || this.readableFlowing === true) this.destroy(this.#refusal);
    else this.#leaveDirect();
  }
}

/** It closes by itself when the exchange is over. */
const STREAM_OPTIONS = { autoDestroy: false };

interface ReadableState {
  ended: boolean;
  endEmitted: boolean;
}

/** Fastify's own, so that its answer is the same whoever found the body too large. */
function tooLarge(): Error {
  return new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
}

function copyOf(bytes: ArrayBuffer): Buffer {
  return Buffer.from(new Uint8Array(bytes));
}

/** Of these node keeps the first one and drops others: https://nodejs.org/api/http.html#messageheaders */
const ONCE = new Set(
  `age authorization content-length content-type etag expires from host if-modified-since if-unmodified-since
  last-modified location max-forwards proxy-authorization referer retry-after server user-agent`.split(/\s+/),
);

function addHeader(headers: IncomingHttpHeaders, name: string, value: string): void {
  const present = headers[name];
  if (name === 'set-cookie') {
    if (Array.isArray(present)) present.push(value);
    else headers[name] = [value];
  } else if (typeof present !== 'string') {
    headers[name] = value;
  } else if (!ONCE.has(name)) {
    headers[name] = name === 'cookie' ? `${present}; ${value}` : `${present}, ${value}`;
  }
}
