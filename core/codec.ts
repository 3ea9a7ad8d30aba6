/** The envelope of an endpoint: how the type and the content of a message are found in JSON and put into it. */
import { parse } from 'secure-json-parse';
import { type ErrorReport, HubError, messageOf } from './errors.ts';
import type { ErrorObject } from './schema.ts';

/** How messages look on an endpoint. */
export interface Envelope {
  /** The field that names the type, such as `type` or `@type`. */
  readonly type: string;
  /** The field that holds the content. Absent: the fields beside the type are the content. */
  readonly content?: string;
  /**
   * The JSON value a client is told of an error with. Absent: `{"error": {code, message, ref?, traceId?}}`.
   * @param invalid with `invalid_message`: what the validator found, for protocols that list it. Empty for all others.
   */
  readonly error?: (report: ErrorReport, invalid: readonly ErrorObject[]) => unknown;
  /** What happens to a message that cannot be read: an error to the client, or that and a close. Default `reply`. */
  readonly invalid?: 'reply' | 'close';
  /** What happens to a message of a type nobody registered; `ignore` goes for messages without a type, too. Default `reply`. */
  readonly unknown?: 'reply' | 'ignore';
  /**
   * Finds the type of a message whose `type` field is no text or missing, for protocols that number their types or leave a
   * default out. Undefined: it has none. Default: a message without one cannot be read.
   */
  readonly typeOf?: (message: Readonly<Record<string, unknown>>) => string | undefined;
  /** Reads frames that are not JSON (older clients). Returns the message it stands for, or undefined. */
  readonly fallback?: (text: string) => Record<string, unknown> | undefined;
}

/** Longest stretch of nested arrays and objects that is read: deeper is an attack, and recursion must not meet it. */
const MAX_DEPTH = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws HubError `invalid_json` when the bytes of a binary frame are not UTF-8. */
export function decodeText(data: ArrayBuffer, isBinary: boolean): string {
  // uWebSockets.js has checked the UTF-8 of text frames.
  if (!isBinary) return Buffer.from(data).toString('utf8');
  try {
    return utf8.decode(data);
  } catch {
    throw new HubError('invalid_json', 'the message is not UTF-8');
  }
}

/**
 * Reads a message. A `__proto__` or `constructor.prototype` key anywhere is refused.
 * @throws HubError `invalid_json`.
 */
export function decodeMessage(text: string, envelope: Envelope): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(text, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    const fallback = envelope.fallback?.(text);
    if (fallback !== undefined) return fallback;
    throw new HubError('invalid_json', `the message is not acceptable JSON: ${messageOf(error)}`);
  }
  if (!isRecord(value)) throw new HubError('invalid_json', 'the message must be a JSON object');
  if (text.length > MAX_DEPTH * 2 && deeperThan(text, MAX_DEPTH)) {
    throw new HubError('invalid_json', `the message is nested deeper than ${MAX_DEPTH} levels`);
  }
  return value;
}

/** The content of a message; {} when it has none. */
export function contentOf(message: Record<string, unknown>, { type, content }: Envelope): unknown {
  if (content !== undefined) return message[content] ?? {};
  // A copy without the type: content that is sent on must not bring a second type along.
  const { [type]: _, ...fields } = message;
  return fields;
}

/** Whether brackets nest deeper than `limit` in valid JSON text. Strings are skipped; cheap for flat text. */
export function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfString(text, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > limit) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
    }
  }
  return false;
}

/** Index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
