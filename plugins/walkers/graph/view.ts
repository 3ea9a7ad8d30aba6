/** What one run reads of the store, remembered as its footprint. */
import { setImmediate } from 'node:timers/promises';
import type { Collection, IdRange, PluginStore } from '../../../core/index.ts';
import { type Access, allows, type Level, levelOf, PRIVATE } from './access.ts';
import type { Footprint } from './conflicts.ts';
import { Conflict, limitExceeded } from './errors.ts';
import { afterOtherType, type Direction, type LinkEntry, linkPrefix, listOf, parseLink } from './keys.ts';
import { type Fields, typeOf } from './records.ts';

/** Questions to the store before the event loop goes on: about a millisecond on an embedded one. */
const CHUNK = 100;
/** Types of neighbours that are gone through to find edges of one type, at two keys each. */
const MAX_TYPES = 100;

/** Which links are wanted. null or missing: any. */
export interface LinkTypes {
  /** Type of the node at the other end; empty: a root. */
  readonly other?: string | null;
  readonly edge?: string | null;
}

export interface NodeDocument {
  readonly root: string;
  readonly fields: Fields;
  /** Missing: nobody was granted anything. */
  readonly access?: Access;
  /** UTF-8 bytes of fields and access as JSON. */
  readonly bytes: number;
}

export interface EdgeDocument {
  readonly from: string;
  readonly to: string;
  readonly order: number;
  readonly fields: Fields;
  /** UTF-8 bytes of the fields as JSON. */
  readonly bytes: number;
}

/** The graph's collection. One for everything, because a batch changes all or nothing of one collection. */
export class GraphStore {
  readonly all: Collection<unknown>;
  readonly nodes: Collection<NodeDocument>;
  readonly edges: Collection<EdgeDocument>;
  readonly order: Collection<number>;

  constructor(store: Pick<PluginStore, 'collection'>) {
    this.all = store.collection('graph');
    this.nodes = store.collection('graph');
    this.edges = store.collection('graph');
    this.order = store.collection('graph');
  }
}

/**
 * Every read is of one state of the graph: when another run changes something this one has read, the next read throws.
 * So a walker never sees half of somebody's changes, not even in a run that will be repeated.
 */
export class View {
  readonly asRoot: string;
  readonly #store: GraphStore;
  readonly footprint: Footprint;
  readonly #levels = new Map<string, Level>();
  /** Questions to the store since the event loop last went on. */
  #asked = 0;

  constructor(store: GraphStore, asRoot: string, footprint: Footprint) {
    this.asRoot = asRoot;
    this.#store = store;
    this.footprint = footprint;
  }

  /**
   * Nodes in the order of their ids; undefined where there is none. The run's own root is there before anything of it
   * is stored.
   * @param each is told each document read, so that it can throw when they get too many.
   * @throws Conflict
   */
  async nodes(
    ids: readonly string[],
    each?: (document: NodeDocument) => void,
  ): Promise<(NodeDocument | undefined)[]> {
    const documents = await this.#read(this.#store.nodes, ids, each);
    return documents.map((stored, i) => {
      const id = ids[i] ?? '';
      const document = stored ?? (id === this.asRoot ? { root: id, fields: {}, bytes: 2 } : undefined);
      this.#levels.set(id, this.levelOn(document));
      return document;
    });
  }

  /** @throws Conflict */
  edges(
    ids: readonly string[],
    each?: (document: EdgeDocument) => void,
  ): Promise<(EdgeDocument | undefined)[]> {
    return this.#read(this.#store.edges, ids, each);
  }

  /** Reads nodes whose level is not known yet. @throws Conflict */
  async learnLevels(ids: Iterable<string>): Promise<void> {
    await this.nodes([...new Set(ids)].filter((id) => !this.#levels.has(id)));
  }

  /** Of a node that was read; any other counts as one that is not there. */
  allows(id: string, needed: Level): boolean {
    return allows(this.#levels.get(id) ?? 'NO_ACCESS', needed);
  }

  levelOn(document: NodeDocument | undefined): Level {
    return document === undefined
      ? 'NO_ACCESS'
      : levelOf(document.root, document.access ?? PRIVATE, this.asRoot);
  }

  /**
   * A node's links, in order of connection.
   * @param limit the most wanted; when there are more, one more is returned.
   * @throws Conflict, HubError `limit_exceeded`.
   */
  async links(
    node: string,
    direction: Direction,
    { other = null, edge = null }: LinkTypes,
    limit: number,
  ): Promise<LinkEntry[]> {
    this.footprint.keys.add(listOf(node, direction, other, edge));
    const links: LinkEntry[] = [];
    const collect = async (prefix: string) => {
      const keys = await this.#ids({ prefix, limit: limit + 1 - links.length });
      for (const key of keys) links.push(parseLink(key));
    };
    if (other !== null) {
      await collect(linkPrefix(node, direction, other, edge ?? undefined));
    } else if (edge === null) {
      await collect(linkPrefix(node, direction));
    } else {
      for await (const type of this.#otherTypes(node, direction)) {
        await collect(linkPrefix(node, direction, type, edge));
        if (links.length > limit) break;
      }
    }
    this.#check();
    return links.sort((a, b) => a.order - b.order);
  }

  /** The types of a node's neighbours, found by leaping from the first key of one to the first of the next. */
  async *#otherTypes(node: string, direction: Direction): AsyncGenerator<string> {
    const prefix = linkPrefix(node, direction);
    let after = prefix;
    for (let count = 0; ; count++) {
      const [key] = await this.#ids({ prefix, after, limit: 1 });
      if (key === undefined) return;
      if (count === MAX_TYPES) {
        throw limitExceeded(`${node} has neighbours of more than ${MAX_TYPES} types; ask for one of them`);
      }
      const otherType = typeOf(parseLink(key).other);
      yield otherType;
      after = afterOtherType(node, direction, otherType);
    }
  }

  async #read<T>(
    collection: Collection<T>,
    ids: readonly string[],
    each?: (document: T) => void,
  ): Promise<(T | undefined)[]> {
    const documents: (T | undefined)[] = [];
    for (let i = 0; i < ids.length; i += CHUNK) {
      const chunk = ids.slice(i, i + CHUNK);
      await this.#pace(chunk.length);
      for (const id of chunk) this.footprint.keys.add(id);
      for (const document of await Promise.all(chunk.map((id) => collection.get(id)))) {
        if (document !== undefined) each?.(document);
        documents.push(document);
      }
    }
    this.#check();
    return documents;
  }

  async #ids(range: IdRange): Promise<string[]> {
    await this.#pace(1);
    return this.#store.all.ids(range);
  }

  /** An embedded store answers at once: without this, whoever asks much would hold up everybody else. */
  async #pace(questions: number): Promise<void> {
    if (this.#asked + questions > CHUNK) {
      this.#asked = 0;
      await setImmediate();
    }
    this.#asked += questions;
  }

  #check(): void {
    if (this.footprint.overwritten) throw new Conflict();
  }
}
