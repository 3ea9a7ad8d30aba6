/** What names, ids and ranges may be, and the order of ids: the same in every driver. */
import type { IdRange, LogRange } from './port.ts';

/** In UTF-16 code units. Long enough for a path, short enough for every driver's index. */
const MAX_ID_LENGTH = 1_024;
/** Of a read that gives none. */
const DEFAULT_LOG_LIMIT = 1_000;
/** Short enough for a file name. */
const MAX_NAME_LENGTH = 200;

/** @throws TypeError when the name of a collection, log or group of blobs is not one the port allows. */
export function checkName(name: string): void {
  if (/^[\w./-]+$/.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new TypeError(
    `store name ${JSON.stringify(name.slice(0, MAX_NAME_LENGTH))}: expected up to ${MAX_NAME_LENGTH} letters, digits, "_", "-", "." and "/"`,
  );
}

/**
 * @param field what the id is called in the error: `id`, `key`, `prefix` or `after`.
 * @throws TypeError when it has no UTF-8 form (half a surrogate pair would be stored as another id) or is too long.
 */
export function checkId(id: string, field: string): void {
  if (typeof id === 'string' && id.length <= MAX_ID_LENGTH && id.isWellFormed()) return;
  const found = typeof id === 'string' ? JSON.stringify(id.slice(0, 80)) : typeof id;
  throw new TypeError(
    `${field}: expected well-formed text of up to ${MAX_ID_LENGTH} characters, found ${found}`,
  );
}

/** @throws RangeError unless `limit` is 0, a positive whole number or Infinity. */
function checkLimit(limit: number): void {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 0)) return;
  throw new RangeError(`limit: expected a whole number from 0, found ${limit}`);
}

/** What a range of a log means where it says nothing. @throws RangeError when a part of it is not valid. */
export function logBounds(range: LogRange = {}): Required<LogRange> {
  const { from = 1, to = Number.POSITIVE_INFINITY, limit = DEFAULT_LOG_LIMIT, skip = 0 } = range;
  checkSequence(from, 'from');
  checkSequence(to, 'to');
  checkLimit(limit);
  if (!Number.isSafeInteger(skip) || skip < 0)
    throw new RangeError(`skip: expected a whole number from 0, found ${skip}`);
  return { from, to, limit, skip, backwards: range.backwards ?? false };
}

/** @throws RangeError when a sequence number is no number; fractions and infinities are harmless. */
export function checkSequence(sequence: number, field: string): void {
  if (typeof sequence !== 'number' || Number.isNaN(sequence)) {
    throw new RangeError(`${field}: expected a sequence number, found ${sequence}`);
  }
}

/** @throws RangeError when a fence is not a whole number above 0. */
export function checkFence(fence: number): void {
  if (!Number.isSafeInteger(fence) || fence < 1)
    throw new RangeError(`fence: expected a whole number above 0, found ${fence}`);
}

/** @throws TypeError when a blob would get a name that is no SHA-256 in hex. */
export function checkHash(hash: string): void {
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new TypeError(`hash: expected 64 hex digits, found ${JSON.stringify(hash)}`);
}

/** The order of the UTF-8 bytes of two well-formed texts: that of their code points. */
export function compareIds(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, but as UTF-16 units they come before U+E000–U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** A range of ids as one interval. */
export interface IdBounds {
  /** Inclusive. */
  readonly from: string;
  /** Exclusive. undefined: no end. */
  readonly below: string | undefined;
  /** Infinity: none. */
  readonly limit: number;
}

/** @throws TypeError, RangeError when a part of the range is not valid. */
export function idBounds(range: IdRange = {}): IdBounds {
  const { prefix = '', after, limit = Number.POSITIVE_INFINITY } = range;
  checkId(prefix, 'prefix');
  checkLimit(limit);
  if (after === undefined) return { from: prefix, below: followingPrefix(prefix), limit };
  checkId(after, 'after');
  const next = `${after}\0`; // nothing is between a text and itself with a NUL behind
  return { from: compareIds(prefix, next) > 0 ? prefix : next, below: followingPrefix(prefix), limit };
}

/** The least text greater than all that start with `prefix`; undefined when there is none. */
function followingPrefix(prefix: string): string | undefined {
  let rest = prefix;
  while (rest !== '') {
    const last =
      rest.codePointAt(rest.length - (rest.charCodeAt(rest.length - 1) >> 10 === 0x37 ? 2 : 1)) ?? 0;
    rest = rest.slice(0, -String.fromCodePoint(last).length);
    // U+D800–U+DFFF are no characters; U+10FFFF is the last one.
    if (last < 0x10ffff) return rest + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}
