/** Deep writes: values inside a module, by the path of a request. (Deep reads need no values: see `textAt`.) */
import { indexOf, type Json } from './json-text.ts';

/** Names of members that no path reaches: objects have them without having been given them. */
const UNREACHABLE: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The parts of a path as a URL has it, each percent-decoded: a name may hold a slash.
 * @param path without the leading slash; a trailing one, and the query, are not part of it. The router has seen to it
 *   that it can be decoded.
 */
export function pathParts(path: string): string[] {
  const end = path.indexOf('?');
  const parts = (end === -1 ? path : path.slice(0, end)).split('/');
  if (parts.at(-1) === '') parts.pop();
  return parts.map(decodeURIComponent);
}

/**
 * Sets the value at a path, which may be a new member or the item after the last one.
 * @param path at least one part.
 * @returns whether there was a place for it: the object or array it goes into must exist.
 */
export function setAt(root: Json, path: readonly string[], value: Json): boolean {
  const place = placeOf(root, path);
  if (place === undefined) return false;
  const { parent, part } = place;
  if (!Array.isArray(parent)) {
    parent[part] = value;
    return true;
  }
  const index = indexOf(part);
  if (index === undefined || index > parent.length) return false;
  parent[index] = value;
  return true;
}

/**
 * Deletes the member or item at a path; items after it move up.
 * @param path at least one part.
 * @returns whether there was one.
 */
export function deleteAt(root: Json, path: readonly string[]): boolean {
  const place = placeOf(root, path);
  if (place === undefined) return false;
  const { parent, part } = place;
  if (!Array.isArray(parent)) return Object.hasOwn(parent, part) && delete parent[part];
  const index = indexOf(part);
  if (index === undefined || index >= parent.length) return false;
  parent.splice(index, 1);
  return true;
}

interface Place {
  readonly parent: Json[] | { [key: string]: Json };
  readonly part: string;
}

function placeOf(root: Json, path: readonly string[]): Place | undefined {
  let parent: Json | undefined = root;
  for (const part of path.slice(0, -1)) parent = inside(parent, part);
  const part = path.at(-1);
  if (part === undefined || UNREACHABLE.has(part) || typeof parent !== 'object' || parent === null) {
    return undefined;
  }
  return { parent, part };
}

function inside(value: Json | undefined, part: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return Object.hasOwn(value, part) ? value[part] : undefined;
  const index = indexOf(part);
  return index === undefined ? undefined : value[index];
}
