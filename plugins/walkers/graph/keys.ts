/**
 * Where things are in the graph's one collection. A node and an edge are under their ids. An edge is besides in the
 * list of links of either end, whose entries are keys alone:
 *
 *     l <node> <out|in> <other's type> <edge type> <order> <other's hex digits> <edge's hex digits>
 *
 * so that neighbours are found by direction and types, in order of connection, without reading the node's other
 * links or anything about them. The other's type comes first because most walkers ask by it. No part holds a space; a
 * root's type is empty.
 */
import { typeOf, uniqueOf } from './records.ts';

export type Direction = 'out' | 'in';

/** One end's entry of an edge. */
export interface LinkEntry {
  readonly direction: Direction;
  readonly edgeType: string;
  /** Ascends with every connection made in the store. */
  readonly order: number;
  readonly edge: string;
  readonly from: string;
  readonly to: string;
  readonly other: string;
}

/** What makes an edge's entries. */
export interface Ends {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

/** The last number given to a connection; on a store of several hubs, the last commit, which has that number. */
export const ORDER_KEY = 'order';

/** Where a commit is kept; see `Head`. */
export function commitKey(place: number): string {
  return `commit ${place}`;
}

/** A hub's claim on a store of several hubs; see `Claims`. */
export const CLAIM_KEY = 'claim';
/** Characters of the keys that hubs tell each other at a time. */
const MOST_LISTED = 16_000;

/** Keys for other hubs to read; null: too many to name, it may be any. */
export function listed(keys: ReadonlySet<string>): readonly string[] | null {
  let size = 0;
  for (const key of keys) size += key.length;
  return size > MOST_LISTED ? null : [...keys];
}

/** Digits of `Number.MAX_SAFE_INTEGER`. */
const ORDER_DIGITS = 16;
/** Comes after the space and before all that a type may hold. */
const AFTER_SPACE = '!';

/** The prefix of a node's links of one direction; if given, of those to one type, and by one type of edge. */
export function linkPrefix(
  node: string,
  direction: Direction,
  otherType?: string,
  edgeType?: string,
): string {
  const all = `l ${node} ${direction} `;
  if (otherType === undefined) return all;
  return edgeType === undefined ? `${all}${otherType} ` : `${all}${otherType} ${edgeType} `;
}

/** Is greater than all of a node's links to one type, and less than those to the next. */
export function afterOtherType(node: string, direction: Direction, otherType: string): string {
  return `l ${node} ${direction} ${otherType}${AFTER_SPACE}`;
}

/** The entries of an edge at both ends. */
export function linkKeys({ id, from, to }: Ends, order: number): [atFrom: string, atTo: string] {
  const number = String(order).padStart(ORDER_DIGITS, '0');
  const tail = (other: string) =>
    `${typeOf(other)} ${typeOf(id)} ${number} ${uniqueOf(other)} ${uniqueOf(id)}`;
  return [`l ${from} out ${tail(to)}`, `l ${to} in ${tail(from)}`];
}

export function parseLink(key: string): LinkEntry {
  const [, node = '', direction, otherType = '', edgeType = '', order, other = '', edge = ''] =
    key.split(' ');
  const out = direction === 'out';
  const otherId = `n:${otherType}:${other}`;
  return {
    direction: out ? 'out' : 'in',
    edgeType,
    order: Number(order),
    edge: `e:${edgeType}:${edge}`,
    from: out ? node : otherId,
    to: out ? otherId : node,
    other: otherId,
  };
}

/**
 * Stands for a list of links that a run read: it is another list when an edge with one of `listsOf` comes or goes.
 * @param otherType null: any.
 * @param edgeType null: any.
 */
export function listOf(
  node: string,
  direction: Direction,
  otherType: string | null,
  edgeType: string | null,
): string {
  return `${node} ${direction} ${otherType ?? '*'} ${edgeType ?? '*'}`;
}

/** All lists of links that an edge is in. */
export function listsOf({ id, from, to }: Ends): string[] {
  const lists: string[] = [];
  for (const [node, direction, other] of [
    [from, 'out', to],
    [to, 'in', from],
  ] as const) {
    for (const otherType of [typeOf(other), null]) {
      for (const edgeType of [typeOf(id), null]) lists.push(listOf(node, direction, otherType, edgeType));
    }
  }
  return lists;
}
