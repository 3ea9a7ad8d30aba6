/** Nodes and edges as walkers see them, and what their ids say. */
import type { Access } from './access.ts';

/** Of node and edge types: what an identifier may be in ASCII, short enough to be part of a key several times. */
const TYPE = '[A-Za-z_][A-Za-z0-9_]{0,63}';
const UNIQUE = '[0-9a-f]{24}';
/** As sources of regular expressions, for schemas. */
export const ID_PATTERNS = {
  type: `^${TYPE}$`,
  /** Roots included. */
  node: `^n:(?:${TYPE})?:${UNIQUE}$`,
  root: `^n::${UNIQUE}$`,
  edge: `^e:${TYPE}:${UNIQUE}$`,
  any: `^(?:n:(?:${TYPE})?|e:${TYPE}):${UNIQUE}$`,
} as const;
const NODE_ID = new RegExp(ID_PATTERNS.node);
const ROOT_ID = new RegExp(ID_PATTERNS.root);
const EDGE_ID = new RegExp(ID_PATTERNS.edge);
const TYPE_NAME = new RegExp(ID_PATTERNS.type);

/** The root of everybody who is not logged in. */
export const PUBLIC_ROOT = 'n::000000000000000000000001';
/** The type of edges made without one. They have no fields. */
export const GENERIC_EDGE = 'Edge';

export type Fields = Readonly<Record<string, unknown>>;

export interface NodeRecord {
  /** `n:<type>:<24 hex digits>`. */
  readonly id: string;
  /** Empty: a root. */
  readonly type: string;
  /** The root it belongs to. */
  readonly root: string;
  readonly fields: Fields;
  readonly access: Access;
}

export interface EdgeRecord {
  /** `e:<type>:<24 hex digits>`. */
  readonly id: string;
  /** `Edge`: generic. */
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly fields: Fields;
}

/** All that a run changed. An id is in one of created, changed (fields, access) and deleted. */
export interface Journal {
  /** Created. */
  readonly nodes: readonly NodeRecord[];
  /** Created, in order of connection. */
  readonly edges: readonly EdgeRecord[];
  /** All fields of existing nodes and edges, by id. */
  readonly fields: Readonly<Record<string, Fields>>;
  /** Nodes and edges. The edges of a node go with it, named here or not. */
  readonly deleted: readonly string[];
  /** All of the access of existing nodes, by id. */
  readonly access: Readonly<Record<string, Access>>;
}

export function isNodeId(id: unknown): boolean {
  return typeof id === 'string' && NODE_ID.test(id);
}

export function isRootId(id: unknown): boolean {
  return typeof id === 'string' && ROOT_ID.test(id);
}

export function isEdgeId(id: unknown): boolean {
  return typeof id === 'string' && EDGE_ID.test(id);
}

export function isTypeName(name: unknown): boolean {
  return typeof name === 'string' && TYPE_NAME.test(name);
}

/** The type in a node's or edge's id. */
export function typeOf(id: string): string {
  return id.slice(2, -25);
}

/** The 24 hex digits of an id. */
export function uniqueOf(id: string): string {
  return id.slice(-24);
}
