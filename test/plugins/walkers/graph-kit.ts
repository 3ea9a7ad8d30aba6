/** What tests of the graph share: stores, journals as a guest makes them, and a look at all that is stored. */
import type { Test } from 'tap';
import { openLowdbStore } from '../../../core/store/lowdb.ts';
import type { Change, IdRange, Store } from '../../../core/store/port.ts';
import { openSqliteStore } from '../../../core/store/sqlite.ts';
import type { Access } from '../../../plugins/walkers/graph/access.ts';
import type { Graph } from '../../../plugins/walkers/graph/graph.ts';
import type { EdgeRecord, Fields, Journal, NodeRecord } from '../../../plugins/walkers/graph/records.ts';
import { isEdgeId, isNodeId, isRootId } from '../../../plugins/walkers/graph/records.ts';
import type {
  GraphLimits,
  Link,
  LinksQuery,
  Transaction,
} from '../../../plugins/walkers/graph/transaction.ts';

export const LIMITS: GraphLimits = {
  reads: 10_000,
  readBytes: 10_000_000,
  writes: 5_000,
  recordBytes: 100_000,
};
export const ALICE = 'n::00000000000000000000a11c';
export const BOB = 'n::000000000000000000000b0b';

export async function memoryStore(t: Test): Promise<Store> {
  const store = await openLowdbStore({ memory: true });
  t.teardown(() => store.close());
  return store;
}

export function sqliteStore(t: Test, folder: string = t.testdir({})): Store {
  const store = openSqliteStore({ folder });
  t.teardown(() => store.close());
  return store;
}

let made = 0;
/** An id that no other has. */
export function newId(kind: 'n' | 'e', type: string): string {
  return `${kind}:${type}:${(++made).toString(16).padStart(24, '0')}`;
}

/** A journal in the making. */
export class Draft implements Journal {
  readonly nodes: NodeRecord[] = [];
  readonly edges: EdgeRecord[] = [];
  readonly fields: Record<string, Fields> = {};
  readonly deleted: string[] = [];
  readonly access: Record<string, Access> = {};
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  node(type: string, fields: Fields = {}, access: Partial<Access> = {}, id = newId('n', type)): string {
    const root = this.#root;
    this.nodes.push({ id, type, root, fields, access: { all: 'NO_ACCESS', roots: {}, ...access } });
    return id;
  }

  edge(from: string, to: string, type = 'Edge', fields: Fields = {}, id = newId('e', type)): string {
    this.edges.push({ id, type, from, to, fields });
    return id;
  }

  /** A node that the root has an edge to. */
  child(type: string, fields?: Fields, access?: Partial<Access>): string {
    const id = this.node(type, fields, access);
    this.edge(this.#root, id);
    return id;
  }
}

/** Runs once for a root: `work` fills in the journal. */
export async function change<R>(graph: Graph, root: string, work: (draft: Draft) => R): Promise<R> {
  const draft = new Draft(root);
  const result = work(draft);
  return graph.run(root, LIMITS, async () => ({ journal: draft, result }));
}

/** Reads a counter and prepares a journal that adds one. */
export async function increment(transaction: Transaction, id: string): Promise<Draft> {
  const [node] = await transaction.nodes([id]);
  const draft = new Draft(transaction.asRoot);
  draft.fields[id] = { n: Number(node?.fields.n) + 1 };
  return draft;
}

/** A journal of Alice's that sets a counter. */
export function setting(id: string, n: number): Draft {
  const draft = new Draft(ALICE);
  draft.fields[id] = { n };
  return draft;
}

export function readNodes(
  graph: Graph,
  root: string,
  ids: readonly string[],
): Promise<(NodeRecord | null)[]> {
  return graph.run(root, LIMITS, async (transaction) => ({
    journal: undefined,
    result: await transaction.nodes(ids),
  }));
}

export async function fieldsOf(graph: Graph, root: string, id: string): Promise<Fields | undefined> {
  return (await readNodes(graph, root, [id]))[0]?.fields;
}

export function readLinks(
  graph: Graph,
  root: string,
  query: Partial<LinksQuery> & { node: string },
): Promise<Link[]> {
  return graph.run(root, LIMITS, async (transaction) => ({
    journal: undefined,
    result: await transaction.links({ direction: 'out', edge: null, other: null, ...query }),
  }));
}

/** Everything stored, by key. */
export async function contents(store: Pick<Store, 'collection'>): Promise<Map<string, unknown>> {
  const graph = store.collection<unknown>('graph');
  const ids = await graph.ids();
  return new Map(await Promise.all(ids.map(async (id) => [id, await graph.get(id)] as const)));
}

/** What does not fit together: edges without their entries or ends, entries without their edge. */
export function flaws(stored: ReadonlyMap<string, unknown>): string[] {
  const found: string[] = [];
  const entries = new Set([...stored.keys()].filter((key) => key.startsWith('l ')));
  for (const [id, document] of stored) {
    if (!isEdgeId(id)) {
      if (!isNodeId(id) && !/^(l |commit |order$|claim$)/.test(id)) found.push(`unknown key ${id}`);
      continue;
    }
    const { from, to, order } = document as { from: string; to: string; order: number };
    for (const end of [from, to]) {
      if (!stored.has(end) && !isRootId(end)) found.push(`${id} leads to ${end}, which is not there`);
    }
    const number = String(order).padStart(16, '0');
    const tail = (other: string) =>
      `${other.split(':')[1]} ${id.split(':')[1]} ${number} ${other.slice(-24)} ${id.slice(-24)}`;
    for (const key of [`l ${from} out ${tail(to)}`, `l ${to} in ${tail(from)}`]) {
      if (!entries.delete(key)) found.push(`${id} lacks ${key}`);
    }
  }
  return [...found, ...[...entries].map((key) => `no edge for ${key}`)];
}

/** What was asked of a store. */
export interface Counted {
  readonly store: Store;
  gets: number;
  idCalls: number;
  /** Returned by `ids`. */
  ids: number;
  batches: Change<unknown>[][];
}

/** A store that counts. */
export function counting(inner: Store): Counted {
  const collection = <T>(name: string) => {
    const documents = inner.collection<T>(name);
    return {
      ...documents,
      get: (id: string) => {
        counted.gets++;
        return documents.get(id);
      },
      ids: async (range?: IdRange) => {
        counted.idCalls++;
        const ids = await documents.ids(range);
        counted.ids += ids.length;
        return ids;
      },
      batch: (changes: readonly Change<T>[]) => {
        counted.batches.push([...changes]);
        return documents.batch(changes);
      },
    };
  };
  const counted: Counted = { store: { ...inner, collection }, gets: 0, idCalls: 0, ids: 0, batches: [] };
  return counted;
}
