/** The connection as one exchange sees it: what Fastify and its plugins look for in `request.raw.socket`. */
import { EventEmitter } from 'node:events';
import { SocketAddress } from 'node:net';
import type { BridgedRequest } from './http-request.ts';
import type { BridgedResponse } from './http-response.ts';
import type { HttpResponse } from './uws.ts';

/**
 * Stands for the connection during one request and its answer; the next request on the connection gets another.
 * It alone holds uWS' response object, which throws when touched after the answer or after the connection is gone.
 * Emits `close` when the connection goes before the answer is complete.
 */
export class BridgedSocket extends EventEmitter {
  /** uWS' object while it may be touched. */
  uws: HttpResponse | undefined;
  /** Whether uWS gathers what is written already, as it does inside its callbacks for a request and its body. */
  corked = false;
  /** The hub itself speaks no TLS: a reverse proxy does. */
  readonly encrypted = false;
  destroyed = false;
  /** Told when the exchange is over, once. */
  underWay: { end(): void } | undefined;
  #paused = false;
  /** Set while a write waits for room. */
  #retry: (() => void) | undefined;
  #retries = 0;
  /** Whether uWS no longer watches for room: both `pause` and `resume` make it forget that. */
  #isForgotten = false;
  #timer: NodeJS.Timeout | undefined;
  #request: BridgedRequest | undefined;
  #response: BridgedResponse | undefined;
  #address: string | undefined;

  constructor(uws: HttpResponse) {
    super();
    this.uws = uws;
  }

  /** The two sides to tell when the connection goes. */
  serve(request: BridgedRequest, response: BridgedResponse): void {
    this.#request = request;
    this.#response = response;
  }

  /** Text as node has it (`::ffff:1.2.3.4` for IPv4 on a dual-stack port). Once the answer is complete, known only if it was read before. */
  get remoteAddress(): string | undefined {
    // Asking uWS costs more than everything else here, so only those who want it pay.
    if (this.#address === undefined && this.uws !== undefined) {
      this.#address = addressText(this.uws.getRemoteAddress());
    }
    return this.#address;
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    const address = this.remoteAddress;
    if (address === undefined) return undefined;
    return address.includes(':') ? 'IPv6' : 'IPv4';
  }

  /** Whether status and headers are fixed, so that no other answer can be given. */
  get isAnswering(): boolean {
    return this.#response?.headersSent ?? false;
  }

  /** Runs `write` so that all it writes leaves together. */
  cork(write: () => void): void {
    if (this.corked) write();
    else this.uws?.cork(write);
  }

  /** Sends on what uWS keeps: where `onWritable` is used, it waits for a write to do that. */
  flush(): void {
    this.uws?.cork(nothing);
  }

  /** Stops reading, until `resume`. */
  pause(): void {
    this.#paused = true;
    this.uws?.pause();
    this.#isForgotten = true;
    this.#watch();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.uws?.resume();
    this.#isForgotten = true;
    this.#watch();
  }

  /** A write found no room. `retry` is for the case that uWS will not say when there is some. */
  blocked(retry: () => void): void {
    this.#retry = retry;
    // Now uWS watches for room again, but it also reads again.
    this.#isForgotten = this.#paused;
    if (this.#paused) this.uws?.pause();
    this.#watch();
  }

  /** A write found room. */
  moving(): void {
    this.#retry = undefined;
    this.#retries = 0;
  }

  /** The last write of the answer comes next: afterwards uWS cannot be told any more to read on. */
  answering(): void {
    this.resume();
    if (this.#response !== undefined && this.#response.listenerCount('finish') > 0) void this.remoteAddress;
  }

  /** uWS has all of the answer and reuses its object. */
  answered(): void {
    this.uws = undefined;
    this.#over();
  }

  /** Closes the connection, whatever is under way on it. */
  destroy(error?: Error): this {
    const uws = this.uws;
    this.gone(error);
    uws?.close();
    return this;
  }

  /** The connection is gone: nothing of uWS may be touched any more. */
  gone(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.uws = undefined;
    this.#over();
    clearTimeout(this.#timer);
    this.#request?.gone();
    this.#response?.destroy(error);
    this.emit('close');
  }

  // uWS keeps its own timeouts and socket options. Code written for node:http sets these without asking first.
  setTimeout(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }

  #over(): void {
    this.underWay?.end();
    this.underWay = undefined;
  }

  /** Tries a write that uWS forgot again by the clock. */
  #watch(): void {
    if (!this.#isForgotten || this.#retry === undefined || this.#timer !== undefined) return;
    if (this.#retries === RETRIES) {
      this.destroy();
      return;
    }
    const delay = Math.min(2 ** this.#retries, RETRY_EVERY);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#retries++;
      if (this.uws !== undefined) this.#retry?.();
    }, delay);
  }
}

/** Milliseconds between two tries of a blocked write, at most: the first ones follow sooner. */
const RETRY_EVERY = 1000;
/** Tries in vain until the reader is taken for dead: half a minute, as uWS has it. */
const RETRIES = 40;

function nothing(): void {}

/** @param bytes 4 for IPv4, 16 for IPv6, none for a Unix socket. */
function addressText(bytes: ArrayBuffer): string | undefined {
  const octets = new Uint8Array(bytes);
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => Buffer.from(bytes, i * 2, 2).toString('hex'));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
