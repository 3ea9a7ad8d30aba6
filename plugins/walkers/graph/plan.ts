/** What storing a journal means: who may do what, which documents and keys change. Nothing is written here. */
import { HubError, JsonText } from '../../../core/index.ts';
import type { Access } from './access.ts';
import { invalidJournal, limitExceeded } from './errors.ts';
import { countWrites } from './journal.ts';
import { type Ends, linkKeys, listsOf } from './keys.ts';
import { type Fields, isEdgeId, isNodeId, type Journal } from './records.ts';
import type { Beside } from './ticks.ts';
import type { EdgeDocument, View } from './view.ts';

export interface WriteLimits {
  /** Nodes and edges created, changed and deleted, those included that go with a destroyed node. */
  readonly writes: number;
  /** UTF-8 bytes of one node or edge as it is stored: fields and access as JSON, and its owner. */
  readonly recordBytes: number;
}

/** A connection gets its number only when it is stored, so that numbers ascend in the order of commits. */
interface NewEdge extends Ends {
  readonly text: (order: number) => JsonText;
}

export interface Plan {
  /** By key; undefined: to be deleted. */
  readonly documents: ReadonlyMap<string, JsonText | undefined>;
  readonly edges: readonly NewEdge[];
  /** Keys of documents and lists of links that become others by it. */
  readonly written: ReadonlySet<string>;
}

/** Of a run that only read. */
export const NOTHING: Plan = { documents: new Map(), edges: [], written: new Set() };

export function withBeside({ documents, edges, written }: Plan, beside: Beside): Plan {
  return {
    documents: new Map([...documents, ...beside]),
    edges,
    written: new Set([...written, ...beside.keys()]),
  };
}

/**
 * @param view everything is decided by what is read through it, so that the decision falls with what it rests on.
 * @throws Conflict; HubError `forbidden` for an edge without CONNECT, `limit_exceeded`, `invalid_journal`.
 */
export async function planCommit(view: View, journal: Journal, limits: WriteLimits): Promise<Plan> {
  const planner = new Planner(view, journal, limits);
  await planner.create();
  await planner.changeNodes();
  await planner.changeEdges();
  await planner.delete();
  return planner;
}

class Planner implements Plan {
  readonly documents = new Map<string, JsonText | undefined>();
  readonly edges: NewEdge[] = [];
  readonly written = new Set<string>();
  readonly #view: View;
  readonly #journal: Journal;
  readonly #limits: WriteLimits;

  constructor(view: View, journal: Journal, limits: WriteLimits) {
    this.#view = view;
    this.#journal = journal;
    this.#limits = limits;
  }

  async create(): Promise<void> {
    const { nodes, edges } = this.#journal;
    const created = new Set(nodes.map(({ id }) => id));
    const known = [
      ...(await this.#view.nodes([...created])),
      ...(await this.#view.edges(edges.map(({ id }) => id))),
    ].findIndex((document) => document !== undefined);
    if (known !== -1) {
      const field = known < nodes.length ? `/nodes/${known}` : `/edges/${known - nodes.length}`;
      throw invalidJournal(`${field}/id is that of something that is there already`);
    }
    for (const [i, { id, root, fields, access }] of nodes.entries()) {
      this.#put(id, this.#nodeText(root, fields, access, `/nodes/${i}`));
    }
    const ends = edges.flatMap(({ from, to }) => [from, to]).filter((id) => !created.has(id));
    await this.#view.learnLevels(ends);
    for (const [i, { id, from, to, fields }] of edges.entries()) {
      for (const end of [from, to]) if (!created.has(end)) this.#checkConnect(end);
      this.edges.push({ id, from, to, text: this.#edgeText({ from, to, fields }, `/edges/${i}`) });
      this.#touchEdge({ id, from, to });
    }
  }

  /** Fields and access. Without WRITE nothing is stored, and nobody is told. */
  async changeNodes(): Promise<void> {
    const { fields, access } = this.#journal;
    const ids = [...new Set([...Object.keys(fields).filter(isNodeId), ...Object.keys(access)])];
    const documents = await this.#view.nodes(ids);
    for (const [i, id] of ids.entries()) {
      const present = documents[i];
      if (present === undefined || !this.#view.allows(id, 'WRITE')) continue;
      const next = { fields: fields[id] ?? present.fields, access: access[id] ?? present.access };
      this.#put(id, this.#nodeText(present.root, next.fields, next.access, `/fields/${id}`));
    }
  }

  async changeEdges(): Promise<void> {
    const { fields } = this.#journal;
    for (const { id, order, from, to } of await this.#ownEdges(Object.keys(fields).filter(isEdgeId))) {
      const text = this.#edgeText({ from, to, fields: fields[id] ?? {} }, `/fields/${id}`);
      this.#put(id, text(order));
    }
  }

  /** Comes last: what goes with a node may have been changed before. */
  async delete(): Promise<void> {
    const { deleted } = this.#journal;
    for (const edge of await this.#ownEdges(deleted.filter(isEdgeId))) this.#removeEdge(edge, edge.order);
    const nodes = deleted.filter(isNodeId);
    await this.#view.learnLevels(nodes);
    let left = this.#limits.writes - countWrites(this.#journal);
    for (const node of nodes) {
      if (!this.#view.allows(node, 'WRITE')) continue;
      for (const direction of ['out', 'in'] as const) {
        const links = await this.#view.links(node, direction, {}, left);
        left -= links.length;
        if (left < 0)
          throw limitExceeded(`${node} has more edges than a run may delete; disconnect some first`);
        for (const { edge, from, to, order } of links) this.#removeEdge({ id: edge, from, to }, order);
      }
      this.#put(node, undefined);
    }
  }

  /** Those of the edges that are there and that the run may change: it needs WRITE on either end. */
  async #ownEdges(ids: readonly string[]): Promise<(EdgeDocument & Ends)[]> {
    const documents = await this.#view.edges(ids);
    const edges = documents.flatMap((document, i) => (document ? [{ ...document, id: ids[i] ?? '' }] : []));
    await this.#view.learnLevels(edges.flatMap(({ from, to }) => [from, to]));
    return edges.filter(({ from, to }) => this.#view.allows(from, 'WRITE') || this.#view.allows(to, 'WRITE'));
  }

  #checkConnect(id: string): void {
    if (this.#view.allows(id, 'CONNECT')) return;
    throw new HubError('forbidden', `an edge to or from ${id} needs the access level CONNECT on it`);
  }

  #put(key: string, text: JsonText | undefined): void {
    this.documents.set(key, text);
    this.written.add(key);
  }

  #removeEdge(edge: Ends, order: number): void {
    this.#put(edge.id, undefined);
    for (const key of linkKeys(edge, order)) this.documents.set(key, undefined);
    this.#touchEdge(edge);
  }

  #touchEdge(edge: Ends): void {
    this.written.add(edge.id);
    for (const list of listsOf(edge)) this.written.add(list);
  }

  #nodeText(root: string, fields: Fields, access: Access | undefined, field: string): JsonText {
    const shared =
      access !== undefined && (access.all !== 'NO_ACCESS' || Object.keys(access.roots).length > 0);
    const { json, bytes } = this.#json({ root, fields, ...(shared && { access }) }, field);
    return new JsonText(`${json.slice(0, -1)},"bytes":${bytes}}`);
  }

  #edgeText(edge: { from: string; to: string; fields: Fields }, field: string): NewEdge['text'] {
    const { json, bytes } = this.#json(edge, field);
    return (order) => new JsonText(`${json.slice(0, -1)},"order":${order},"bytes":${bytes}}`);
  }

  #json(document: object, field: string): { json: string; bytes: number } {
    let json: string;
    try {
      json = JSON.stringify(document);
    } catch {
      throw invalidJournal(`${field} is nested too deeply`); // what came as JSON can fail in no other way
    }
    const bytes = Buffer.byteLength(json);
    const { recordBytes } = this.#limits;
    if (bytes <= recordBytes) return { json, bytes };
    throw limitExceeded(`${field} has ${bytes} bytes, a node or an edge may have ${recordBytes}`);
  }
}
