/** Walkers in miniature for the test of serial orders: what a guest does, without an isolate. */

import type { Level } from '../../../plugins/walkers/graph/access.ts';
import type { Graph } from '../../../plugins/walkers/graph/graph.ts';
import type { Fields, NodeRecord } from '../../../plugins/walkers/graph/records.ts';
import type { Link, Transaction } from '../../../plugins/walkers/graph/transaction.ts';
import { ALICE, BOB, change, contents, Draft, LIMITS } from './graph-kit.ts';

/** The nodes that programs act on. The first two are Alice's, the last one is Bob's. */
const NODES = [1, 2, 3].map((i) => `n:C:${String(i).padStart(24, '0')}`);
const PLAYERS = NODES.length;

/** One step of a program; `on` and `to` are players. */
export interface Step {
  readonly what: 'add' | 'move' | 'link' | 'unlink' | 'create' | 'destroy' | 'count' | 'sum' | 'grant';
  readonly on: number;
  readonly to: number;
  readonly edge: 'Edge' | 'Knows';
  readonly level: Level;
}

export interface Program {
  readonly asRoot: string;
  readonly steps: readonly Step[];
}

/** Players with edges between them, under their owners' roots. */
export async function seed(graph: Graph): Promise<void> {
  for (const [owner, own] of [
    [ALICE, NODES.slice(0, 2)],
    [BOB, NODES.slice(2)],
  ] as const) {
    await change(graph, owner, (draft) => {
      for (const [i, id] of own.entries()) {
        draft.node('C', { n: 10 }, { all: i === 0 ? 'WRITE' : 'READ' }, id);
        draft.edge(owner, id, 'Edge', {}, `e:Edge:${id.slice(4)}`);
      }
    });
  }
}

/**
 * Runs a program.
 * @param number makes the ids of what it creates.
 * @returns what it reported, or the code of the error it ended with.
 */
export async function perform(
  graph: Graph,
  { asRoot, steps }: Program,
  number: number,
  onRepeat: () => void = () => {},
): Promise<unknown> {
  try {
    return await graph.run(asRoot, LIMITS, async (transaction, before) => {
      if (before > 0) onRepeat();
      const guest = new Guest(transaction, number);
      const reports: unknown[] = [];
      for (const step of steps) reports.push(await guest.perform(step));
      return { journal: guest.journal(), result: reports };
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code;
    throw error;
  }
}

/** Lays the changes of the run over what it reads. */
class Guest {
  readonly #transaction: Transaction;
  readonly #number: number;
  readonly #draft: Draft;
  readonly #deleted = new Set<string>();
  #made = 0;

  constructor(transaction: Transaction, number: number) {
    this.#transaction = transaction;
    this.#number = number;
    this.#draft = new Draft(transaction.asRoot);
  }

  async perform({ what, on, to, edge, level }: Step): Promise<unknown> {
    const [here, there] = [NODES[on % PLAYERS] ?? '', NODES[to % PLAYERS] ?? ''];
    const [a, b] = [await this.#fields(here), await this.#fields(there)];
    if (a === undefined || b === undefined) return null;
    const n = Number(a.n);
    if (what === 'add') return this.#set(here, n + 1);
    if (what === 'move') {
      if (here === there || n < 3) return n;
      this.#set(there, Number(b.n) + 3);
      return this.#set(here, n - 3);
    }
    if (what === 'link') return this.#draft.edge(here, there, edge, {}, this.#newId('e', edge));
    if (what === 'unlink') {
      const [first] = await this.#links(here, edge, null);
      if (first !== undefined) this.#deleted.add(first.edge.id);
      return first?.edge.id;
    }
    if (what === 'create') {
      const id = this.#draft.node('D', { n: 1 }, { all: 'READ' }, this.#newId('n', 'D'));
      return this.#draft.edge(here, id, edge, {}, this.#newId('e', edge));
    }
    if (what === 'destroy') return void this.#deleted.add(here);
    if (what === 'count') return this.#set(there, (await this.#links(here, null, 'D')).length);
    if (what === 'grant') {
      this.#draft.access[here] = { all: level, roots: {} };
      return level;
    }
    const seen: unknown[] = [];
    for (const id of NODES) {
      const links = await this.#links(id, edge, null);
      seen.push([(await this.#fields(id))?.n, ...links.map(({ node }) => node.id)]);
    }
    return seen;
  }

  /** What this run deleted takes what it changed and made with it. */
  journal(): Draft {
    const draft = this.#draft;
    const gone = (id: string) => this.#deleted.has(id);
    const made = new Set([...draft.nodes, ...draft.edges].map(({ id }) => id));
    const kept = draft.edges.filter(({ id, from, to }) => !gone(id) && !gone(from) && !gone(to));
    draft.edges.splice(0, draft.edges.length, ...kept);
    for (const id of this.#deleted) {
      delete draft.fields[id];
      delete draft.access[id];
      if (!made.has(id)) draft.deleted.push(id);
    }
    return draft;
  }

  async #fields(id: string): Promise<Fields | undefined> {
    if (this.#deleted.has(id)) return undefined;
    const [node] = await this.#transaction.nodes([id]);
    return node ? (this.#draft.fields[id] ?? node.fields) : undefined;
  }

  async #links(node: string, edge: string | null, other: string | null): Promise<Link[]> {
    const stored = await this.#transaction.links({ node, direction: 'out', edge, other });
    const made = this.#draft.edges.flatMap((record) => {
      const fits = record.from === node && (edge ?? record.type) === record.type;
      const type = record.to.split(':')[1] ?? '';
      return fits && (other ?? type) === type
        ? [{ edge: record, node: { id: record.to } as NodeRecord }]
        : [];
    });
    return [...stored, ...made].filter(
      ({ edge, node }) => !this.#deleted.has(edge.id) && !this.#deleted.has(node.id),
    );
  }

  #set(id: string, n: number): number {
    this.#draft.fields[id] = { n };
    return n;
  }

  #newId(kind: 'n' | 'e', type: string): string {
    return `${kind}:${type}:${String(this.#number * 1_000 + 100 + this.#made++).padStart(24, '0')}`;
  }
}

/** All nodes with their fields and access, and the edges of each in order; numbers of connections left out. */
export async function stateOf(store: Parameters<typeof contents>[0]): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  const lists = new Map<string, [order: string, edge: string][]>();
  for (const [key, document] of await contents(store)) {
    if (key.startsWith('n:')) state[key] = document;
    const [kind, node, direction, , type, order = '', , edge] = key.split(' ');
    if (kind !== 'l') continue;
    const name = `${node} ${direction}`;
    lists.set(name, [...(lists.get(name) ?? []), [order, `e:${type}:${edge}`]]);
  }
  for (const [name, list] of lists) {
    state[name] = list.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  }
  return state;
}
