/** What one run does with the graph: reads, and one commit. */
import { allows, PRIVATE, visibleAccess } from './access.ts';
import type { Claims } from './claims.ts';
import type { Conflicts } from './conflicts.ts';
import { Conflict, limitExceeded } from './errors.ts';
import type { Head } from './head.ts';
import { checkJournal } from './journal.ts';
import type { LinkEntry } from './keys.ts';
import { NOTHING, type Plan, planCommit, type WriteLimits, withBeside } from './plan.ts';
import { type EdgeRecord, GENERIC_EDGE, isNodeId, isTypeName, type NodeRecord, typeOf } from './records.ts';
import { type Beside, isPast, type Tick, tickKey } from './ticks.ts';
import { type GraphStore, type NodeDocument, View } from './view.ts';
import type { Outcome, Writer } from './writer.ts';

/** What one run may do; each is a whole number. */
export interface GraphLimits extends WriteLimits {
  /** Nodes and links read, each as often as it is. A question counts as one at least. */
  readonly reads: number;
  /** UTF-8 bytes of the fields and access read, as JSON. */
  readonly readBytes: number;
}

export interface LinksQuery {
  readonly node: string;
  readonly direction: 'out' | 'in' | 'both';
  /** Type of the edge. null: any. */
  readonly edge: string | null;
  /** Type of the node at the other end; empty: a root. null: any. */
  readonly other: string | null;
}

export interface Link {
  readonly edge: EdgeRecord;
  /** The other end. */
  readonly node: NodeRecord;
}

/** What there is where other hubs write to the store. */
export interface Others {
  readonly head: Head;
  readonly claims: Claims;
}

/** The parts of a graph that its transactions share. */
export interface GraphParts {
  readonly store: GraphStore;
  readonly conflicts: Conflicts;
  readonly writer: Writer;
  /** undefined: no other hub writes to the store. */
  readonly others: Others | undefined;
}

/** One run on the graph, on behalf of one root. It must be ended; committing does. */
export class Transaction {
  readonly asRoot: string;
  readonly #limits: GraphLimits;
  readonly #parts: GraphParts;
  readonly #age: number;
  readonly #firm: boolean;
  /** Made by the first read or change: a run that stays off the graph costs nothing here. */
  #opened: View | undefined;
  #reads = 0;
  #bytes = 0;
  #open = true;
  #refused = false;

  /** @param age of the run, see `Footprint`. */
  constructor(parts: GraphParts, asRoot: string, limits: GraphLimits, age: number, firm: boolean) {
    this.#parts = parts;
    this.asRoot = asRoot;
    this.#limits = limits;
    this.#age = age;
    this.#firm = firm;
  }

  get #view(): View {
    const { store, conflicts, others } = this.#parts;
    this.#opened ??= new View(store, this.asRoot, conflicts.open(this.#age, this.#firm), others?.head);
    return this.#opened;
  }

  /** Keys of what it has read, see `Footprint`. */
  get read(): ReadonlySet<string> {
    return this.#opened?.footprint.keys ?? new Set();
  }

  /** It has read nothing: without changes there is nothing to commit. */
  get isUntouched(): boolean {
    return this.#opened === undefined;
  }

  /** Whether it was told of a conflict: then how the run ended says nothing, and it is to be repeated. */
  get refused(): boolean {
    return this.#refused;
  }

  /**
   * Nodes in the order of the ids; null where there is none, or none that the run may see. A root is there for its own
   * runs from the beginning, and for others once something of it is stored.
   * @throws Conflict; HubError `limit_exceeded`.
   */
  nodes(ids: readonly string[]): Promise<(NodeRecord | null)[]> {
    return this.#reading(async () => {
      this.#countReads(Math.max(ids.length, 1));
      const known = [...new Set(ids.filter(isNodeId))];
      const documents = await this.#view.nodes(known, this.#countBytes);
      const found = new Map(known.map((id, i) => [id, this.#visible(id, documents[i])]));
      return ids.map((id) => found.get(id) ?? null);
    });
  }

  /**
   * The links of a node to nodes that the run may see, in order of connection; none when it may not see the node.
   * @throws Conflict; HubError `limit_exceeded` when there are more than it may still read, visible or not.
   */
  links({ node, direction, edge, other }: LinksQuery): Promise<Link[]> {
    return this.#reading(async () => {
      if (!isNodeId(node) || !isTypeOrNull(edge) || !(isTypeOrNull(other) || other === '')) return [];
      await this.#view.learnLevels([node]);
      if (!this.#view.allows(node, 'READ')) return [];
      // An edge from a node to itself is in both lists.
      const entries = new Map<string, LinkEntry>();
      for (const way of direction === 'both' ? (['out', 'in'] as const) : [direction]) {
        const left = this.#limits.reads - this.#reads;
        const links = await this.#view.links(node, way, { edge, other }, left);
        this.#countReads(Math.max(links.length, 1));
        for (const entry of links) entries.set(entry.edge, entry);
      }
      return this.#resolve([...entries.values()].sort((a, b) => a.order - b.order));
    });
  }

  /** The last tick of a walker's schedule. @throws Conflict */
  async lastTick(walker: string): Promise<Tick | undefined> {
    const [tick] = await this.#reading(() => this.#view.ticks([tickKey({ walker })]));
    return tick;
  }

  /** Whether a tick was run. @throws Conflict */
  async isPast(tick: Tick): Promise<boolean> {
    const keys = new Set([tickKey({ walker: tick.walker }), tickKey(tick)]);
    const last = await this.#reading(() => this.#view.ticks([...keys]));
    return last.some((one) => isPast(tick, one));
  }

  /**
   * Stores all that the run has changed, or nothing. What it lacks the access level for is left out silently, but an
   * edge without CONNECT on both ends is an error. The transaction ends.
   * @param journal as it came from the child. undefined: the run changed nothing.
   * @param beside is stored with it. What it rests on must have been read in the run.
   * @returns as soon as it is durable.
   * @throws HubError `forbidden`, `limit_exceeded`, `invalid_journal`; what the store throws.
   */
  async commit(journal: unknown, beside?: Beside): Promise<Outcome> {
    try {
      return await this.#reading(async () => {
        const plan = await this.#plan(journal);
        const all = beside === undefined ? plan : withBeside(plan, beside);
        const outcome = await this.#parts.writer.store(this.#view.footprint, all);
        if (outcome === 'conflict') throw new Conflict();
        return outcome;
      });
    } catch (error) {
      if (error instanceof Conflict) return 'conflict';
      throw error;
    } finally {
      this.end();
    }
  }

  /** Without a commit nothing of it is stored. May be called again. */
  end(): void {
    this.#open = false;
    if (this.#opened !== undefined) this.#parts.conflicts.close(this.#opened.footprint);
  }

  #plan(journal: unknown): Plan | Promise<Plan> {
    if (journal === undefined) return NOTHING;
    return planCommit(this.#view, checkJournal(journal, this.asRoot, this.#limits.writes), this.#limits);
  }

  async #reading<R>(read: () => Promise<R>): Promise<R> {
    if (!this.#open) throw new Error('the transaction has ended');
    try {
      return await read();
    } catch (error) {
      if (error instanceof Conflict) this.#refused = true;
      throw error;
    }
  }

  async #resolve(entries: readonly LinkEntry[]): Promise<Link[]> {
    const others = [...new Set(entries.map(({ other }) => other))];
    const documents = await this.#view.nodes(others, this.#countBytes);
    const nodes = new Map(others.map((id, i) => [id, this.#visible(id, documents[i])]));
    const visible = entries.filter(({ other }) => nodes.get(other) !== null);
    const withFields = visible.filter(({ edgeType }) => edgeType !== GENERIC_EDGE).map(({ edge }) => edge);
    const edges = await this.#view.edges(withFields, this.#countBytes);
    const fields = new Map(withFields.map((id, i) => [id, edges[i]?.fields]));
    return visible.flatMap(({ edge: id, edgeType: type, from, to, other }) => {
      const node = nodes.get(other);
      return node ? [{ edge: { id, type, from, to, fields: fields.get(id) ?? {} }, node }] : [];
    });
  }

  #visible(id: string, document: NodeDocument | undefined): NodeRecord | null {
    if (document === undefined || !allows(this.#view.levelOn(document), 'READ')) return null;
    const { root, fields, access = PRIVATE } = document;
    return { id, type: typeOf(id), root, fields, access: visibleAccess(root, access, this.asRoot) };
  }

  #countReads(count: number): void {
    this.#reads += count;
    const { reads } = this.#limits;
    if (this.#reads > reads)
      throw limitExceeded(`a run may read ${reads} nodes and links, this one wants more`);
  }

  readonly #countBytes = ({ bytes }: { readonly bytes: number }): void => {
    this.#bytes += bytes;
    const { readBytes } = this.#limits;
    if (this.#bytes > readBytes)
      throw limitExceeded(`a run may read ${readBytes} bytes, this one wants more`);
  };
}

function isTypeOrNull(type: string | null): boolean {
  return type === null || isTypeName(type);
}
