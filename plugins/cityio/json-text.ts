/**
 * Modules are kept as canonical JSON text: what `JSON.stringify(JSON.parse(text))` gives. The same value sent by another
 * JSON library has the same text, and so the same hash. Here is how values become such text, and how values inside such
 * text are found without parsing it.
 */
import { parse } from 'secure-json-parse';
import { HubError, hashOf } from '../../core/index.ts';

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON value as what is stored of it. */
export interface ModuleText {
  readonly text: string;
  /** Of the text: the blob's name. */
  readonly hash: string;
}

/** Deeper nesting is an attack: what works on values recursively must not meet it. */
const MAX_DEPTH = 200;
const utf8 = new TextDecoder('utf-8', { fatal: true });

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The one place where a module's value becomes text and gets its hash. */
export function moduleText(value: unknown): ModuleText {
  return fromCanonical(JSON.stringify(value));
}

/** @param text canonical already. */
export function fromCanonical(text: string): ModuleText {
  return { text, hash: hashOf(text) };
}

/**
 * Reads JSON that came from outside.
 * @param what names it in the error.
 * @throws HubError `invalid_json` when it is not JSON in UTF-8, nests too deep or has a `__proto__` key.
 */
export function parseJson(bytes: Uint8Array, what: string): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new HubError('invalid_json', `${what} must be UTF-8`);
  }
  let value: Json;
  try {
    value = parse(text, { protoAction: 'error', constructorAction: 'error' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HubError('invalid_json', `${what} must be JSON: ${reason}`);
  }
  assertDepth(text, what);
  return value;
}

/**
 * @param text JSON.
 * @throws HubError `invalid_json` when its brackets nest too deep.
 */
export function assertDepth(text: string, what: string): void {
  if (text.length <= MAX_DEPTH * 2 || !deeperThan(text, MAX_DEPTH)) return;
  throw new HubError('invalid_json', `${what} must not be nested deeper than ${MAX_DEPTH} levels`);
}

function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = stringEnd(text, at) - 1;
    else if (character === OPEN_ARRAY || character === OPEN_OBJECT) {
      if (++depth > limit) return true;
    } else if (character === CLOSE_ARRAY || character === CLOSE_OBJECT) depth--;
  }
  return false;
}

/** Part of a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The value at a path in canonical text; members by name, items by index.
 * @returns undefined when there is none.
 */
export function textAt(text: string, path: readonly string[]): string | undefined {
  let at = 0;
  for (const part of path) {
    const inner = find(text, at, part);
    if (inner === undefined) return undefined;
    at = inner;
  }
  return path.length === 0 ? text : text.slice(at, valueEnd(text, at));
}

/** The items of an array in canonical text; undefined when the text is no array. */
export function itemsOf(text: string): Span[] | undefined {
  if (text.charCodeAt(0) !== OPEN_ARRAY) return undefined;
  const spans: Span[] = [];
  for (let start = 1; start < text.length - 1; ) {
    const end = valueEnd(text, start);
    spans.push({ start, end });
    start = end + 1;
  }
  return spans;
}

/** Index of an array's item as a path has it; undefined when the part is none. */
export function indexOf(part: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(part) ? Number(part) : undefined;
}

/** Where the value of a member or an item begins, in the object or array that begins at `at`. */
function find(text: string, at: number, part: string): number | undefined {
  const first = text.charCodeAt(at);
  if (first === OPEN_OBJECT) return findMember(text, at, JSON.stringify(part));
  const index = indexOf(part);
  if (first !== OPEN_ARRAY || index === undefined) return undefined;
  let start = at + 1;
  for (let skipped = 0; text.charCodeAt(start) !== CLOSE_ARRAY; skipped++) {
    if (skipped === index) return start;
    const end = valueEnd(text, start);
    if (text.charCodeAt(end) !== COMMA) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** @param quoted the name as canonical text has it, so that it is found by comparing characters. */
function findMember(text: string, at: number, quoted: string): number | undefined {
  let start = at + 1;
  while (text.charCodeAt(start) === QUOTE) {
    const colon = stringEnd(text, start);
    if (colon - start === quoted.length && text.startsWith(quoted, start)) return colon + 1;
    const end = valueEnd(text, colon + 1);
    if (text.charCodeAt(end) !== COMMA) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** Index after the value that begins at `start`. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = stringEnd(text, at) - 1;
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        if (depth === 0) return at;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
    }
  }
  return text.length;
}

/** Index after the quote that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}
