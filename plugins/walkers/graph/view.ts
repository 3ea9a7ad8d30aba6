/** What one run reads of the store, remembered as its footprint. */
import { setImmediate } from 'node:timers/promises';
import type { Collection, IdRange, PluginStore } from '../../../core/index.ts';
import { type Access, allows, type Level, levelOf, PRIVATE } from './access.ts';
import type { Footprint } from './conflicts.ts';
import { Conflict, limitExceeded } from './errors.ts';
import type { Head } from './head.ts';
import { afterOtherType, type Direction, type LinkEntry, linkPrefix, listOf, parseLink } from './keys.ts';
import { type Fields, typeOf } from './records.ts';
import type { Tick } from './ticks.ts';

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

/** The last commit on a store that several hubs write to. */
export interface HeadDocument {
  /** 0: none yet. */
  readonly number: number;
  readonly id: string;
  /** The last number given to a connection. */
  readonly order: number;
}

/** A commit of one or several runs, as other hubs need to know it. */
export interface CommitDocument extends HeadDocument {
  /** Id of the one before it. */
  readonly after: string;
  /** What it has written, as runs have it in their footprints. null: anything. */
  readonly keys: readonly string[] | null;
}

/** The hubs that stand in line. */
export interface LineDocument {
  readonly line: readonly ClaimDocument[];
}

/** What a hub asks the others not to write for a while, as soon as it is first in line. */
export interface ClaimDocument {
  readonly id: string;
  /** How long it counts from then on. */
  readonly ms: number;
  /** null: everything. */
  readonly keys: readonly string[] | null;
}

/** The last number given to a connection, as any hub may have left it. */
export function lastOrder(stored: number | HeadDocument | undefined): number {
  return typeof stored === 'object' ? stored.order : (stored ?? 0);
}

/** The graph's collection. One for everything, because a batch changes all or nothing of one collection. */
export class GraphStore {
  readonly all: Collection<unknown>;
  readonly nodes: Collection<NodeDocument>;
  readonly edges: Collection<EdgeDocument>;
  readonly order: Collection<number | HeadDocument>;
  readonly commits: Collection<CommitDocument>;
  readonly claims: Collection<LineDocument>;
  readonly ticks: Collection<Tick>;

  constructor(store: Pick<PluginStore, 'collection'>) {
    this.all = store.collection('graph');
    this.nodes = store.collection('graph');
    this.edges = store.collection('graph');
    this.order = store.collection('graph');
    this.commits = store.collection('graph');
    this.claims = store.collection('graph');
    this.ticks = store.collection('graph');
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
  readonly #head: Head | undefined;
  readonly #levels = new Map<string, Level>();
  /** Questions to the store since the event loop last went on. */
  #asked = 0;

  /** @param head undefined: all commits are made here. */
  constructor(store: GraphStore, asRoot: string, footprint: Footprint, head: Head | undefined) {
    this.asRoot = asRoot;
    this.#store = store;
    this.footprint = footprint;
    this.#head = head;
    head?.follow();
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

  /** What is known of ticks, in the order of their keys. @throws Conflict */
  ticks(keys: readonly string[]): Promise<(Tick | undefined)[]> {
    return this.#read(this.#store.ticks, keys);
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
  links(node: string, direction: Direction, types: LinkTypes, limit: number): Promise<LinkEntry[]> {
    const { other = null, edge = null } = types;
    return this.#ask([listOf(node, direction, other, edge)], () =>
      this.#gather(node, direction, { other, edge }, limit),
    );
  }

  async #gather(
    node: string,
    direction: Direction,
    { other, edge }: Required<LinkTypes>,
    limit: number,
  ): Promise<LinkEntry[]> {
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
      const found = await this.#ask(chunk, async () => {
        await this.#pace(chunk.length);
        return this.#upToDate(Promise.all(chunk.map((id) => collection.get(id))));
      });
      for (const document of found) {
        if (document !== undefined) each?.(document);
        documents.push(document);
      }
    }
    return documents;
  }

  async #ids(range: IdRange): Promise<string[]> {
    await this.#pace(1);
    return this.#upToDate(this.#store.all.ids(range));
  }

  /** Asks until nobody has written into the answer meanwhile. @throws Conflict */
  async #ask<R>(keys: readonly string[], ask: () => Promise<R>): Promise<R> {
    for (;;) {
      const reading = this.footprint.begin(keys);
      const answer = await ask();
      if (this.footprint.overwritten) throw new Conflict();
      if (this.footprint.finish(reading)) return answer;
    }
  }

  /**
   * What other hubs have stored is learned along with the answer: in the same round trip, unless there is something. A store that answers
   * in order then shows the run no part of it.
   */
  async #upToDate<R>(asked: Promise<R>): Promise<R> {
    if (this.#head === undefined) return asked;
    const [answer] = await Promise.all([asked, this.#head.refresh()]);
    return answer;
  }

  /** An embedded store answers at once: without this, whoever asks much would hold up everybody else. */
  async #pace(questions: number): Promise<void> {
    if (this.#asked + questions > CHUNK) {
      this.#asked = 0;
      await setImmediate();
    }
    this.#asked += questions;
  }
}
