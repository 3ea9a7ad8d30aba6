/** What nodes and edges can do, and the functions that make their types. */
import type { Level } from '../graph/access.ts';
import { currentGraph, type Direction } from './graph.ts';
import { stampType, typeBehind } from './hidden.ts';
import type { Fields } from './schema.ts';
import {
  createEdge,
  createNode,
  defineType,
  edgeState,
  GraphEdge,
  GraphNode,
  needNode,
  nodeState,
  type ThingType,
} from './things.ts';

/** A node or edge type as user code has it: called, it makes one. */
export interface TypeFunction {
  (fields?: Record<string, unknown>): GraphNode | GraphEdge;
  is(value: unknown): boolean;
}

/** The type of roots. */
export const Root = { is: (value: unknown) => nodeState(value)?.typeName === '' };
/** Every node, roots included. */
export const AnyNode = { is: (value: unknown) => nodeState(value) !== undefined };

export function node(name: string, fields: Fields = {}): TypeFunction {
  const type = defineType('node', name, fields);
  const make = (given: Record<string, unknown> = {}) => currentGraph().add(createNode(type, given));
  return typeFunction(type, make, (value) => nodeState(value)?.typeName === name);
}

export function edge(name: string, fields: Fields = {}): TypeFunction {
  const type = defineType('edge', name, fields);
  const make = (given: Record<string, unknown> = {}) => createEdge(type, given);
  return typeFunction(type, make, (value) => edgeState(value)?.typeName === name);
}

function typeFunction(
  type: ThingType,
  make: (given?: Record<string, unknown>) => GraphNode | GraphEdge,
  is: (value: unknown) => boolean,
): TypeFunction {
  const made = Object.assign(make, { is });
  stampType(made, type);
  return made;
}

/**
 * The name by which a node type filters: '' for Root, undefined for AnyNode or nothing.
 * @throws TypeError for anything that is no node type.
 */
export function nodeTypeName(type: unknown, where: string): string | undefined {
  if (type === undefined || type === null || type === AnyNode) return undefined;
  if (type === Root) return '';
  const known = typeBehind(type);
  if (known?.kind === 'node') return known.name;
  throw new TypeError(`${where} takes a node type`);
}

function edgeTypeName(type: unknown, where: string): string | undefined {
  if (type === undefined || type === null) return undefined;
  const known = typeBehind(type);
  if (known?.kind === 'edge') return known.name;
  throw new TypeError(`${where} takes an edge type`);
}

function linksOf(of: GraphNode, direction: Direction, nodeType: unknown, edgeType: unknown, where: string) {
  const filter = {
    direction,
    node: nodeTypeName(nodeType, where),
    edge: edgeTypeName(edgeType, where),
  };
  return currentGraph().links(needNode(of, where), filter);
}

/** Neighbours, each once, in order of connection. */
function neighbours(of: GraphNode, direction: Direction, nodeType: unknown, edgeType: unknown): GraphNode[] {
  const links = linksOf(of, direction, nodeType, edgeType, `${direction}()`);
  return [...new Set(links.map((link) => link.node))];
}

/** The id of a root, from the root itself or as it is. */
function rootId(root: unknown, where: string): string | undefined {
  if (root === undefined) return undefined;
  const id = nodeState(root)?.id ?? root;
  if (typeof id === 'string' && /^n::[0-9a-f]{24}$/.test(id)) return id;
  throw new TypeError(`${where} takes a root or its id`);
}

const nodeMembers = {
  out(this: GraphNode, nodeType?: unknown, edgeType?: unknown): GraphNode[] {
    return neighbours(this, 'out', nodeType, edgeType);
  },
  in(this: GraphNode, nodeType?: unknown, edgeType?: unknown): GraphNode[] {
    return neighbours(this, 'in', nodeType, edgeType);
  },
  both(this: GraphNode, nodeType?: unknown, edgeType?: unknown): GraphNode[] {
    return neighbours(this, 'both', nodeType, edgeType);
  },
  edges(this: GraphNode, edgeType?: unknown, direction: Direction = 'out', nodeType?: unknown): GraphEdge[] {
    if (!['out', 'in', 'both'].includes(direction))
      throw new TypeError(`edges(): direction is 'out', 'in' or 'both'`);
    return linksOf(this, direction, nodeType, edgeType, 'edges()').map((link) => link.edge);
  },
  connect(this: GraphNode, to: GraphNode, given?: GraphEdge): GraphEdge {
    return currentGraph().connect(this, to, given);
  },
  disconnect(this: GraphNode, what: unknown): boolean {
    const other = nodeState(what);
    const type = other === undefined ? what : undefined;
    const links = linksOf(this, 'out', type, undefined, 'disconnect()');
    const cut = other === undefined ? links : links.filter((link) => link.node === what);
    for (const link of cut) currentGraph().destroy(link.edge, 'disconnect()');
    return cut.length > 0;
  },
  grant(this: GraphNode, level: Level, root?: unknown): void {
    currentGraph().grant(needNode(this, 'grant()'), level, rootId(root, 'grant()'));
  },
  revoke(this: GraphNode, root?: unknown): void {
    currentGraph().revoke(needNode(this, 'revoke()'), rootId(root, 'revoke()'));
  },
};

for (const [name, value] of Object.entries(nodeMembers)) {
  Object.defineProperty(GraphNode.prototype, name, { value, configurable: true });
}
for (const end of ['from', 'to'] as const) {
  Object.defineProperty(GraphEdge.prototype, end, {
    get(this: unknown): unknown {
      const id = edgeState(this)?.ends?.[end];
      return id === undefined ? null : currentGraph().find(id);
    },
  });
}

/** Deletes a node with its edges, or an edge. */
export function destroy(thing: unknown): void {
  currentGraph().destroy(thing);
}

/** The node of an id, or an edge that the run has met; null when the user may not see it, or it is not of the type. */
export function ref(id: string, type?: unknown): GraphNode | GraphEdge | null {
  if (typeof id !== 'string') throw new TypeError('ref() takes an id');
  const typeName = nodeTypeName(type, 'ref()');
  const found = currentGraph().find(id);
  return typeName === undefined || nodeState(found)?.typeName === typeName ? found : null;
}

/** Closed with the realm. */
export const THING_PROTOTYPES: readonly object[] = [GraphNode.prototype, GraphEdge.prototype];
