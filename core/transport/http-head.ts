/** Status and headers of an answer: kept, checked and brought into the form uWS takes. */
import { EventEmitter } from 'node:events';
import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';

export interface Head {
  readonly status: number;
  /** Status and header lines without the last line break: one call into the addon writes them all. */
  readonly text: string;
  /** The length of the body, when a header told. */
  readonly length: number | undefined;
  /** Whether the connection ends with this answer. */
  readonly close: boolean;
}

/** The methods of node's ServerResponse that are about status and headers. */
export class OutgoingHead extends EventEmitter {
  statusCode = 200;
  statusMessage = '';
  #fields: OutgoingHttpHeaders | undefined;
  #head: Head | undefined;

  get headersSent(): boolean {
    return this.#head !== undefined;
  }

  /** @throws as `writeHead`. */
  setHeader(name: string, value: OutgoingHttpHeader): this {
    this.#refuseWhenSent('set');
    // Refused here, as node does, and not when the answer leaves.
    render(200, '', { [name]: value });
    this.#fields ??= {};
    this.#fields[name.toLowerCase()] = value;
    return this;
  }

  setHeaders(headers: Iterable<readonly [string, OutgoingHttpHeader]>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const present = this.getHeader(name) ?? [];
    return this.setHeader(name, [present, value].flat().map(String));
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#fields?.[name.toLowerCase()];
  }

  getHeaders(): OutgoingHttpHeaders {
    return { ...this.#fields };
  }

  getHeaderNames(): string[] {
    return Object.keys(this.#fields ?? {});
  }

  hasHeader(name: string): boolean {
    return this.getHeader(name) !== undefined;
  }

  removeHeader(name: string): void {
    this.#refuseWhenSent('remove');
    if (this.#fields !== undefined) delete this.#fields[name.toLowerCase()];
  }

  /**
   * @throws as node does: Error `ERR_HTTP_HEADERS_SENT`; RangeError `ERR_HTTP_INVALID_STATUS_CODE`; TypeError
   *   `ERR_INVALID_CHAR`, `ERR_INVALID_HTTP_TOKEN` or `ERR_HTTP_INVALID_HEADER_VALUE` for what could break the answer apart.
   */
  writeHead(status: number, message?: string | OutgoingHttpHeaders, headers?: OutgoingHttpHeaders): this {
    this.#refuseWhenSent('write');
    const given = typeof message === 'string' ? headers : message;
    if (typeof message === 'string') this.statusMessage = message;
    let fields = given ?? {};
    if (this.#fields !== undefined) {
      for (const name in given) this.setHeader(name, given[name] as OutgoingHttpHeader);
      fields = this.#fields;
    }
    this.#head = render(status, this.statusMessage, fields);
    this.statusCode = status;
    return this;
  }

  /** Fixes status and headers. They leave with the first byte of the body: uWS cannot send them alone. */
  flushHeaders(): void {
    this.head();
  }

  /** Not sent, for uWS cannot: clients do without. */
  writeEarlyHints(_hints: object, callback?: () => void): void {
    if (callback !== undefined) process.nextTick(callback);
  }

  /** Not sent, for uWS cannot: clients do without. */
  addTrailers(): void {}

  /** What leaves now: as written, or else as set. */
  protected head(): Head {
    this.#head ??= render(this.statusCode, this.statusMessage, this.#fields ?? {});
    return this.#head;
  }

  #refuseWhenSent(verb: string): void {
    if (this.#head === undefined) return;
    throw Object.assign(new Error(`Cannot ${verb} headers after they are sent to the client`), {
      code: 'ERR_HTTP_HEADERS_SENT',
    });
  }
}

/** Header values are Latin-1 on the wire; uWS would write a string as UTF-8. */
export function headBytes(text: string): string | Buffer {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'latin1') : text;
}

const BEYOND_ASCII = /[\x80-\xff]/;

function render(status: number, message: string, fields: OutgoingHttpHeaders): Head {
  let text = statusLine(status, message);
  let length: number | undefined;
  let close = false;
  for (const name in fields) {
    const value = fields[name];
    validateHeaderName(name);
    // Declared for strings only, though it is there to refuse what is none.
    validateHeaderValue(name, value as string);
    switch (name.toLowerCase()) {
      case 'content-length':
        length = Number(value);
        break;
      case 'connection':
        close = /\bclose\b/i.test(String(value));
        break;
      // uWS frames the body and dates the answer itself, and can send no trailers.
      case 'transfer-encoding':
      case 'keep-alive':
      case 'trailer':
      case 'date':
        break;
      default:
        if (Array.isArray(value)) for (const one of value) text += `\r\n${name}: ${one}`;
        else text += `\r\n${name}: ${value}`;
    }
  }
  return { status, text, length: Number.isSafeInteger(length) ? length : undefined, close };
}

const STATUS_LINES = new Map(
  Object.entries(STATUS_CODES).map(([code, reason]) => [Number(code), `${code} ${reason}`]),
);

function statusLine(status: number, message: string): string {
  const known = message === '' ? STATUS_LINES.get(status) : undefined;
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw Object.assign(new RangeError(`Invalid status code: ${status}`), {
      code: 'ERR_HTTP_INVALID_STATUS_CODE',
    });
  }
  validateHeaderValue('statusMessage', message);
  return `${status} ${message === '' ? 'unknown' : message}`;
}
