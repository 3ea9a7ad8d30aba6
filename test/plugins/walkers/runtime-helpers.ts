/** Walkers from source text, run in a real pool on a graph in memory. */
import type { Test } from 'tap';
import type { JsonText } from '../../../core/index.ts';
import type { LinksQuery } from '../../../plugins/walkers/graph/transaction.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../../../plugins/walkers/runtime/limits.ts';
import { type PoolOptions, WalkerPool } from '../../../plugins/walkers/runtime/pool.ts';
import type { RunHost, RunResult } from '../../../plugins/walkers/runtime/run.ts';
import { type Bundle, bundle } from '../../../plugins/walkers/source/bundle.ts';
import { Compiler } from '../../../plugins/walkers/source/compile.ts';

export const ROOT = 'n::0000000000000000000000aa';
export const OTHER_ROOT = 'n::0000000000000000000000bb';

/** Anything JSON; assertions look at it. */
// biome-ignore lint/suspicious/noExplicitAny: what a test asserts about it is its type check
export type Json = any;

interface NodeRecord {
  id: string;
  type: string;
  root: string;
  fields: Record<string, unknown>;
  access: { all: string; roots: Record<string, string> };
}
interface EdgeRecord {
  id: string;
  type: string;
  from: string;
  to: string;
  fields: Record<string, unknown>;
}

/** A graph without access checks; commits what a run journals. */
export class MemoryGraph {
  readonly nodes = new Map<string, NodeRecord>();
  edges: EdgeRecord[] = [];
  reads = 0;

  constructor() {
    this.addRoot(ROOT);
    this.addRoot(OTHER_ROOT);
  }

  addRoot(id: string): void {
    this.nodes.set(id, { id, type: '', root: id, fields: {}, access: { all: 'NO_ACCESS', roots: {} } });
  }

  links({ node, direction, edge, other }: LinksQuery): Json[] {
    this.reads++;
    return this.edges.flatMap((link) => {
      const out = link.from === node && direction !== 'in';
      const into = link.to === node && direction !== 'out';
      const end = this.nodes.get(out ? link.to : link.from);
      if ((!out && !into) || end === undefined || (edge !== null && edge !== link.type)) return [];
      return other === null || other === end.type ? [{ edge: link, node: end }] : [];
    });
  }

  commit(journal: Json): void {
    if (journal === undefined) return;
    for (const node of journal.nodes) this.nodes.set(node.id, node);
    for (const edge of journal.edges) this.edges.push(edge);
    for (const [id, fields] of Object.entries<Json>(journal.fields)) {
      const node = this.nodes.get(id) ?? this.edges.find((edge) => edge.id === id);
      if (node !== undefined) node.fields = fields;
    }
    for (const [id, access] of Object.entries<Json>(journal.access)) {
      const node = this.nodes.get(id);
      if (node !== undefined) node.access = access;
    }
    for (const id of journal.deleted) {
      this.nodes.delete(id);
      this.edges = this.edges.filter((edge) => edge.id !== id && edge.from !== id && edge.to !== id);
    }
  }
}

export interface RunOptions {
  readonly fields?: Record<string, unknown>;
  readonly node?: string;
  readonly root?: string;
  readonly user?: unknown;
  readonly client?: unknown;
  readonly event?: unknown;
  readonly limits?: Partial<RunLimits>;
  readonly host?: Partial<RunHost>;
  readonly file?: string;
}

export type Outcome = RunResult & {
  /** Reports as values. */
  readonly values: Json[];
  /** Notifications and topics: `[to, targets, data]`, `['topic', name, data]`. */
  readonly told: Json[];
  readonly log: string[];
};

/** A pool and a compiler that end with the test. */
export function startPool(t: Test, options: PoolOptions = {}) {
  const pool = new WalkerPool({ processes: 1, ...options });
  const compiler = new Compiler();
  pool.start();
  t.teardown(async () => {
    compiler.stop();
    await pool.stop();
  });

  /** Files by path; the first one is the entry. */
  const build = (
    files: Readonly<Record<string, string>>,
    file = Object.keys(files)[0] ?? '',
  ): Promise<Bundle> => bundle(file, (path) => compiler.translate(path, files[path] ?? ''));

  const run = async (
    built: Bundle,
    walker: string,
    graph: MemoryGraph,
    {
      fields = {},
      node = ROOT,
      root = ROOT,
      user = null,
      client = null,
      event = null,
      ...rest
    }: RunOptions = {},
  ): Promise<Outcome> => {
    const told: Json[] = [];
    const log: string[] = [];
    const value = (text: JsonText): Json => JSON.parse(text.text);
    const host: RunHost = {
      begun: () => {},
      call: () => Promise.reject(new Error('no functions here')),
      nodes: (ids) => ids.map((id) => graph.nodes.get(id) ?? null),
      links: (question) => graph.links(question),
      notify: (to, targets, data) => void told.push([to, targets, value(data)]),
      emit: (topic, data) => void told.push(['topic', topic, value(data)]),
      log: (level, text) => void log.push(`${level}: ${text}`),
      ...rest.host,
    };
    const result = await pool.run(
      {
        bundle: built,
        walker,
        fields,
        node: graph.nodes.get(node),
        root,
        user,
        client,
        event,
        limits: { ...DEFAULT_LIMITS, ...rest.limits },
      },
      host,
    );
    if (result.ok) graph.commit(result.journal);
    return { ...result, values: result.ok ? value(result.reports) : [], told, log };
  };

  return { pool, compiler, build, run };
}

/** The beginning of a walker file: everything imported, and some types. */
export const HEAD = `import { walker, node, edge, Root, AnyNode, Type, socket, topics, ref, destroy, spawn } from 'hub:walker';
export const A = node('A', { val: Type.Integer({ default: 0 }) });
export const B = node('B', { tags: Type.Array(Type.String(), { default: [] }) });
export const Follows = edge('Follows', { since: Type.String({ default: 'ever' }) });
`;

/** Of reported nodes and edges their fields; other values as they are. */
export const contexts = (values: readonly Json[]) => values.map((value) => value.context ?? value);
