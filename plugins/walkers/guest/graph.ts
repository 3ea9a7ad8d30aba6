/** The graph as one run sees it: what was read, with the changes of the run laid over it, and their journal. */
import type { Level } from '../graph/access.ts';
import type { LinksQuery } from '../graph/transaction.ts';
import { checkValue } from './check.ts';
import { AccessError } from './errors.ts';
import { type Access, ask, currentRun, type EdgeRecord, type NodeRecord, type RunInput } from './run.ts';
import {
  createEdge,
  type EdgeState,
  edgeState,
  type GraphEdge,
  type GraphNode,
  loadEdge,
  loadNode,
  type NodeState,
  needNode,
  nodeState,
  ownRoot,
  storedFields,
} from './things.ts';

export type Direction = LinksQuery['direction'];
/** Which links are meant; undefined takes every type. Node type '' is a root. */
export interface LinkFilter {
  readonly direction: Direction;
  readonly node: string | undefined;
  readonly edge: string | undefined;
}
interface Link {
  readonly edge: GraphEdge;
  readonly node: GraphNode;
}

/** As the hub has them in graph/access.ts: only types of the hub can be used here, its code is not in the isolate. */
const LEVELS: readonly Level[] = ['NO_ACCESS', 'READ', 'CONNECT', 'WRITE'];

export class Graph {
  /** Everything read or made by this run, by id: one object for each. */
  readonly #nodes = new Map<string, GraphNode>();
  readonly #edges = new Map<string, GraphEdge>();
  /** Links read, by question. */
  readonly #links = new Map<string, readonly Link[]>();
  /** Edges this run made, in order of their connection. */
  readonly #connected: GraphEdge[] = [];

  /** The object of a record: the same one whenever the run meets it. */
  node(record: NodeRecord): GraphNode {
    return kept(this.#nodes, record.id, () => loadNode(record));
  }

  /** Where the run starts. */
  start({ node, root }: RunInput): GraphNode {
    return node === null ? kept(this.#nodes, root, () => ownRoot(root)) : this.node(node);
  }

  /** Makes a new node known. */
  add(node: GraphNode): GraphNode {
    this.#nodes.set(node.id, node);
    return node;
  }

  /** Looks an id up; edges only among those the run has met. @returns null when there is none, it was destroyed, or the user may not read it. */
  find(id: string): GraphNode | GraphEdge | null {
    const known = this.#nodes.get(id) ?? this.#edges.get(id);
    if (known !== undefined) return isDeleted(known) ? null : known;
    const record = readNode(id);
    return record ? this.node(record) : null;
  }

  /** Links of a node in order of connection, those of this run last. */
  links(of: NodeState, filter: LinkFilter): Link[] {
    const links = of.stored === undefined ? [] : this.#storedLinks(of, filter);
    const found = links.filter(({ edge, node }) => !isDeleted(edge) && !isDeleted(node));
    for (const edge of this.#connected) {
      const state = edgeState(edge);
      const other = state === undefined || state.deleted ? undefined : this.#otherEnd(state, of.id, filter);
      if (other !== undefined && !isDeleted(other)) found.push({ edge, node: other });
    }
    return found;
  }

  #storedLinks(of: NodeState, filter: LinkFilter): readonly Link[] {
    const { direction, node: other, edge } = filter;
    return kept(this.#links, `${of.id} ${direction} ${edge} ${other}`, () => {
      const run = currentRun();
      run.assertReadsLeft();
      const records = ask<readonly { edge: EdgeRecord; node: NodeRecord }[]>('links', {
        node: of.id,
        direction,
        edge: edge ?? null,
        other: other ?? null,
      });
      run.countReads(records.length);
      return records.map(({ edge, node }) => ({
        edge: kept(this.#edges, edge.id, () => loadEdge(edge)),
        node: this.node(node),
      }));
    });
  }

  /** The node at the other end of an edge of this run, when the edge fits the filter. */
  #otherEnd({ ends, typeName }: EdgeState, id: string, filter: LinkFilter): GraphNode | undefined {
    if (ends === undefined || (filter.edge !== undefined && filter.edge !== typeName)) return undefined;
    const outward = ends.from === id && filter.direction !== 'in';
    const inward = ends.to === id && filter.direction !== 'out';
    if (!outward && !inward) return undefined;
    const other = this.#nodes.get(outward ? ends.to : ends.from);
    return filter.node === undefined || nodeState(other)?.typeName === filter.node ? other : undefined;
  }

  /** @throws Error when the edge is in use, AccessError when one of the nodes may not be connected. */
  connect(from: GraphNode, to: GraphNode, given: GraphEdge | undefined): GraphEdge {
    const run = currentRun();
    for (const end of [from, to]) needAccess('CONNECT', needNode(end, 'connect()'), 'connect()');
    const edge = given ?? createEdge(undefined, {});
    const state = edgeState(edge);
    if (state === undefined) throw new TypeError('connect() takes an edge as its second argument');
    if (state.ends !== undefined || state.deleted)
      throw new Error(`connect(): edge ${state.id} connects two nodes already`);
    run.countWrite();
    state.ends = { from: from.id, to: to.id };
    this.#edges.set(edge.id, edge);
    this.#connected.push(edge);
    return edge;
  }

  /**
   * Deletes a node with its edges, or an edge. Again: does nothing.
   * @throws AccessError without WRITE on the node, or on either end of the edge.
   */
  destroy(thing: unknown, where = 'destroy()'): void {
    const state = nodeState(thing) ?? edgeState(thing);
    if (state === undefined) throw new TypeError('destroy() takes a node or an edge');
    if (state.kind === 'node' && state.typeName === '') throw new Error('destroy(): a root stays');
    if (state.deleted) return;
    if (state.kind === 'node') needAccess('WRITE', state, where);
    else this.#needEdge(state, where);
    currentRun().countWrite();
    state.deleted = true;
  }

  /** An end that the run has not met may be one that it may write: then the hub decides. */
  #needEdge({ ends, id }: EdgeState, where: string): void {
    if (ends === undefined) return;
    const known = [ends.from, ends.to].map((end) => nodeState(this.#nodes.get(end)));
    if (known.every((node) => node !== undefined && !mayAccess(node, 'WRITE')))
      throw new AccessError(`${where}: no WRITE access to a node at either end of ${id}`);
  }

  /** Sets what others may do with a node. @param root a root id; undefined: everybody. */
  grant(state: NodeState, level: Level, root: string | undefined): void {
    if (!LEVELS.includes(level)) throw new TypeError(`grant(): level is one of ${LEVELS.join(', ')}`);
    this.#changeAccess(state, 'grant()', (access) => {
      if (root === undefined) access.all = level;
      else access.roots[root] = level;
    });
  }

  revoke(state: NodeState, root: string | undefined): void {
    this.#changeAccess(state, 'revoke()', (access) => {
      if (root === undefined) access.all = 'NO_ACCESS';
      else delete access.roots[root];
    });
  }

  #changeAccess(state: NodeState, where: string, change: (access: Access) => void): void {
    needAccess('WRITE', state, where);
    currentRun().countWrite();
    state.access ??= readNode(state.id)?.access ?? { all: 'NO_ACCESS', roots: {} };
    change(state.access);
    state.accessChanged = true;
  }

  /**
   * What the run changed, as JSON; '' for nothing.
   * @throws TypeError when a field does not fit its schema or cannot be JSON, LimitError when it is too much.
   */
  journal(): string {
    const nodes: string[] = [];
    const edges: string[] = [];
    const fields: string[] = [];
    const deleted: string[] = [];
    const access: string[] = [];
    for (const node of this.#nodes.values()) {
      const state = needState(nodeState(node));
      if (state.deleted) {
        if (state.stored !== undefined) deleted.push(JSON.stringify(state.id));
        continue;
      }
      const { id, typeName: type, owner: root } = state;
      const changed = this.#changedFields(node, state);
      if (state.stored === undefined)
        nodes.push(withFields(JSON.stringify({ id, type, root, access: state.access }), changed ?? '{}'));
      else {
        if (changed !== undefined) fields.push(`${JSON.stringify(id)}:${changed}`);
        if (state.accessChanged) access.push(`${JSON.stringify(id)}:${JSON.stringify(state.access)}`);
      }
    }
    for (const edge of this.#edges.values()) {
      const state = needState(edgeState(edge));
      const { id, typeName: type, ends } = state;
      const gone = state.deleted || this.#isGone(ends?.from) || this.#isGone(ends?.to);
      if (gone && state.stored !== undefined && state.deleted) deleted.push(JSON.stringify(id));
      if (gone) continue;
      const changed = this.#changedFields(edge, state);
      if (state.stored === undefined)
        edges.push(withFields(JSON.stringify({ id, type, ...ends }), changed ?? '{}'));
      else if (changed !== undefined) fields.push(`${JSON.stringify(id)}:${changed}`);
    }
    if (nodes.length + edges.length + fields.length + deleted.length + access.length === 0) return '';
    const journal = `{"nodes":[${nodes}],"edges":[${edges}],"fields":{${fields}},"deleted":[${deleted}],"access":{${access}}}`;
    const run = currentRun();
    const most = run.limits.writeBytes;
    if (journal.length > most) throw run.exceeded(`changes of the graph of more than ${most} characters`);
    return journal;
  }

  #isGone(id: string | undefined): boolean {
    const node = id === undefined ? undefined : this.#nodes.get(id);
    return node !== undefined && isDeleted(node);
  }

  /** The fields as JSON when they are new or not what was read. */
  #changedFields(thing: GraphNode | GraphEdge, { stored, type, typeName }: NodeState | EdgeState) {
    const text = JSON.stringify(storedFields(thing));
    if (text === stored) return undefined;
    if (stored !== undefined) currentRun().countWrite();
    const before: Record<string, unknown> = stored === undefined ? {} : JSON.parse(stored);
    const after: Record<string, unknown> = JSON.parse(text);
    for (const name of Object.keys(type?.fields ?? {})) {
      const schema = type?.fields[name];
      if (schema === undefined || JSON.stringify(before[name]) === JSON.stringify(after[name])) continue;
      const [wrong] = checkValue(name, schema, after[name]);
      if (wrong !== undefined) throw new TypeError(`${typeName}.${wrong.loc.join('.')}: ${wrong.msg}`);
    }
    return text;
  }
}

/** @returns null when there is none, or none that the user may read. */
function readNode(id: string): NodeRecord | null {
  const run = currentRun();
  run.assertReadsLeft();
  const [record = null] = ask<readonly (NodeRecord | null)[]>('nodes', { ids: [id] });
  run.countReads(1);
  return record;
}

/** `{…}` with one more property: text that is JSON already. */
function withFields(record: string, fields: string): string {
  return `${record.slice(0, -1)},"fields":${fields}}`;
}

function kept<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function isDeleted(thing: GraphNode | GraphEdge): boolean {
  return (nodeState(thing) ?? edgeState(thing))?.deleted === true;
}

function needState<S>(state: S | undefined): S {
  if (state === undefined) throw new TypeError('not a part of the graph');
  return state;
}

/** Whether the run's user may do what needs `level` with a node. The owner may do everything. */
function mayAccess({ owner, access }: NodeState, level: Level): boolean {
  const { root } = currentRun().input;
  if (owner === root) return true;
  return LEVELS.indexOf(access?.roots[root] ?? access?.all ?? 'NO_ACCESS') >= LEVELS.indexOf(level);
}

function needAccess(level: Level, node: NodeState, where: string): void {
  if (!mayAccess(node, level)) throw new AccessError(`${where}: no ${level} access to node ${node.id}`);
}

let graph: Graph | undefined;

export function setGraph(next: Graph | undefined): void {
  graph = next;
}

/** @throws Error when no walker runs. */
export function currentGraph(): Graph {
  currentRun();
  if (graph === undefined) throw new Error('no walker runs');
  return graph;
}
