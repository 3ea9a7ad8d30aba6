/** Plain data that somebody else gave: copied before it is completed, frozen before it is handed on. */
import { isRecord } from './codec.ts';

/** A copy of all arrays and plain objects in `value`; functions and instances of classes are kept as they are. */
export function copy<T>(value: T): T;
export function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
}

/** Freezes what `copy` copies. */
export function freeze<T>(value: T): T {
  if (Array.isArray(value) || isPlain(value)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
