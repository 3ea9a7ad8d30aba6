/** The answer that Fastify writes: what plugins use of node's ServerResponse, on uWS' response. */
import { Writable } from 'node:stream';
import { type Body, ChunkedBody, FixedBody } from './http-body.ts';
import { headBytes, OutgoingHead } from './http-head.ts';
import type { BridgedRequest } from './http-request.ts';
import type { BridgedSocket } from './http-socket.ts';
import type { HttpResponse } from './uws.ts';

type Callback = (error?: Error | null) => void;

/**
 * Like node's, a stream by its methods and events and not by its class: pipes, pipelines and `finished` work on it.
 * A short body given whole to `end` goes out in one call; every other through a real Writable, at its reader's pace.
 */
export class BridgedResponse extends OutgoingHead {
  readonly req: BridgedRequest;
  readonly socket: BridgedSocket;
  /** Always, as node has it: `finished` of node:stream takes the close of what is not writable for a good end. */
  readonly writable = true;
  writableEnded = false;
  writableFinished = false;
  destroyed = false;
  #stream: Writable | undefined;
  #body: Body | undefined;

  constructor(socket: BridgedSocket, request: BridgedRequest) {
    super();
    this.socket = socket;
    this.req = request;
  }

  /** node's older name for `writableEnded`. */
  get finished(): boolean {
    return this.writableEnded;
  }

  get writableLength(): number {
    return this.#stream?.writableLength ?? 0;
  }

  get writableNeedDrain(): boolean {
    return this.#stream?.writableNeedDrain ?? false;
  }

  /** uWS keeps its own timeouts. */
  setTimeout(): this {
    return this;
  }

  /** Who asks for an event that is past is told, too: where nobody listened, there was no reason to put it off. */
  override on(event: string | symbol, listener: (...args: unknown[]) => void): this {
    const isPast = this.writableFinished && this.destroyed;
    if (isPast && (event === 'finish' || event === 'close')) process.nextTick(() => listener.call(this));
    return super.on(event, listener);
  }

  cork(): void {
    this.#open().cork();
  }

  uncork(): void {
    this.#stream?.uncork();
  }

  write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const done = isFunction(encoding) ? encoding : isFunction(callback) ? callback : undefined;
    if (!this.writableEnded && !this.destroyed) return this.#open().write(chunk, encodingOf(encoding), done);
    // As an error event it would end the process.
    if (done !== undefined) process.nextTick(done, new Error('write after the end of the answer'));
    return false;
  }

  end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (this.writableEnded) return this;
    const done = isFunction(chunk) ? chunk : isFunction(encoding) ? encoding : callback;
    if (isFunction(done)) this.once('finish', done);
    const content = chunk === null || isFunction(chunk) ? undefined : chunk;
    if (this.destroyed) {
      this.writableEnded = true;
    } else if (this.#stream !== undefined || !isWhole(content)) {
      this.#open().end(content, encodingOf(encoding));
      this.writableEnded = true;
    } else {
      this.#endWhole(bytesOf(content, encodingOf(encoding)));
    }
    return this;
  }

  /** Ends the connection, unless the answer is complete. */
  destroy(error?: Error): this {
    if (this.destroyed || this.#isComplete()) return this;
    this.destroyed = true;
    this.#stream?.destroy();
    if (this.socket.uws !== undefined) this.socket.destroy();
    this.req.answered();
    process.nextTick(() => {
      // As for requests: an error that nobody listens for must not end the process.
      if (error !== undefined && this.listenerCount('error') > 0) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }

  /** The answer is complete: tells who waits for it. */
  settle(): void {
    if (this.destroyed || !this.#isComplete()) return;
    this.writableFinished = true;
    this.emit('finish');
    this.destroyed = true;
    this.req.answered();
    this.emit('close');
  }

  #endWhole(body: string | Uint8Array): void {
    if (body.length <= WHOLE || this.#isBodyless()) {
      this.#send(body);
      this.writableEnded = true;
      if (this.listenerCount('finish') + this.listenerCount('close') === 0) this.settle();
      else process.nextTick(() => this.settle());
    } else {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      this.#open(bytes.length).end(bytes);
      this.writableEnded = true;
    }
  }

  #send(body: string | Uint8Array): void {
    const { uws } = this.socket;
    if (uws === undefined) return;
    const { text, length, close } = this.head();
    const closes = close || this.req.endless;
    this.socket.answering();
    this.socket.cork(() => {
      if (!this.#isBodyless()) {
        uws.writeStatus(headBytes(text));
        uws.end(body, closes);
      } else if (length !== undefined && this.req.method === 'HEAD') {
        uws.writeStatus(headBytes(text));
        uws.endWithoutBody(length, closes);
      } else {
        uws.writeStatus(headBytes(closes ? `${text}${CLOSE}` : text));
        uws.endWithoutBody();
      }
    });
    this.socket.answered();
  }

  /** @param length of the body; undefined when nobody knows. */
  #open(length = this.head().length): Writable {
    this.#stream ??= new Writable({
      write: (bytes: Uint8Array, _encoding, taken) => this.#take(bytes, length, taken),
      final: (done) => this.#finish(done),
    })
      .on('drain', () => this.emit('drain'))
      .on('finish', () => this.settle())
      .on('error', (error) => this.destroy(error));
    return this.#stream;
  }

  #take(bytes: Uint8Array, length: number | undefined, taken: Callback): void {
    const { uws } = this.socket;
    // In an answer without a body, and after the announced length, there is nowhere for the bytes to go.
    if (uws === undefined || length === 0 || this.#isBodyless()) taken();
    else if (this.#body !== undefined) this.#body.write(bytes, taken);
    else this.#begin(uws, length, bytes, taken);
  }

  #begin(uws: HttpResponse, length: number | undefined, bytes: Uint8Array, taken: Callback): void {
    const { text, close } = this.head();
    const body = length === undefined ? new ChunkedBody(this.socket) : new FixedBody(this.socket, length);
    this.#body = body;
    this.socket.cork(() => {
      uws.writeStatus(headBytes(close || this.req.endless ? `${text}${CLOSE}` : text));
      body.write(bytes, taken);
    });
  }

  #finish(done: Callback): void {
    if (this.#body !== undefined) this.#body.end();
    else this.#send('');
    done();
  }

  #isComplete(): boolean {
    return this.writableEnded && this.socket.uws === undefined && !this.socket.destroyed;
  }

  #isBodyless(): boolean {
    const { status } = this.head();
    return status === 204 || status === 304 || this.req.method === 'HEAD';
  }
}

/** Bytes of a body that leaves in one call. What the kernel does not take of it, uWS copies. */
const WHOLE = 64 * 1024;
/** For answers where uWS does not write it. */
const CLOSE = '\r\nConnection: close';

type Content = string | Uint8Array | undefined;

function isWhole(content: unknown): content is Content {
  return typeof content === 'string' || content instanceof Uint8Array || content === undefined;
}

function bytesOf(content: Content, encoding: BufferEncoding): string | Uint8Array {
  if (typeof content === 'string' && encoding !== 'utf8') return Buffer.from(content, encoding);
  return content ?? '';
}

function encodingOf(value: unknown): BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value) ? value : 'utf8';
}

function isFunction(value: unknown): value is () => void {
  return typeof value === 'function';
}
