/**
 * What tables are made of, stored by content as git does it: a *blob* is a module, a *tree* says which blob stands
 * under which key, a *commit* is a tree at a time, with the commit before it. None of them ever changes.
 */
import type { Blobs, PluginStore } from '../../core/index.ts';
import { fromCanonical, itemsOf, type ModuleText, textAt } from './json-text.ts';
import type { Protection } from './protection.ts';
import { type Content, objectText } from './table-state.ts';
import { TextCache } from './text-cache.ts';

/** Keys of a table and the hashes of their modules. */
export type Hashes = ReadonlyMap<string, string>;

/** As it is on the wire. */
export interface Commit {
  readonly tree_id: string;
  /** The commit before it, or `NO_PARENT`. */
  readonly parent: string;
  /** ISO 8601. */
  readonly timestamp: string;
}
export const NO_PARENT = '0';

export type Kind = 'blob' | 'tree' | 'commit';
export const KINDS: readonly Kind[] = ['blob', 'tree', 'commit'];
/** An object and its name. */
export interface StoredObject extends ModuleText {
  readonly kind: Kind;
}

export function objectsIn(store: PluginStore): Readonly<Record<Kind, Blobs>> {
  return { blob: store.blobs('blobs'), tree: store.blobs('trees'), commit: store.blobs('commits') };
}

/** What is remembered of grids, so that a change of the cells need not look at them. */
interface Facts {
  readonly count?: number;
  readonly header?: string;
}
/** Grids of which something is remembered. */
const GRIDS = 10_000;
/** Longest header that is remembered, in characters. */
const HEADER = 4_096;

export class Repository {
  readonly objects: Readonly<Record<Kind, Blobs>>;
  readonly #cache: TextCache;
  readonly #facts = new Map<string, Facts>();
  readonly #protection: Protection;

  /** @param cacheBytes of module texts kept in memory. */
  constructor(store: PluginStore, protection: Protection, cacheBytes: number) {
    this.#protection = protection;
    this.objects = objectsIn(store);
    this.#cache = new TextCache(cacheBytes);
  }

  /**
   * Resolves when all of them are durable. They stay until a tag refers to them that was read before.
   * @throws HubError `table_busy`.
   */
  async save(objects: readonly StoredObject[]): Promise<void> {
    await this.#protection.protect(objects.map(({ hash }) => hash));
    await Promise.all(objects.map(({ kind, text, hash }) => this.objects[kind].put(text, hash)));
    for (const { kind, text, hash } of objects) if (kind === 'blob') this.#cache.set(hash, text);
  }

  /** The text of a module; undefined when it is not known. */
  async module(hash: string): Promise<string | undefined> {
    const cached = this.#cache.get(hash);
    if (cached !== undefined) return cached;
    const text = await this.text('blob', hash);
    if (text !== undefined) this.#cache.set(hash, text);
    return text;
  }

  /** The text of a module that a tree refers to. */
  async existingModule(hash: string): Promise<string> {
    const text = await this.module(hash);
    if (text === undefined) throw new Error(`the blob ${hash} is missing in the store`);
    return text;
  }

  /** JSON of one module of a table; undefined when it has none of this key. */
  async moduleOf(hashes: Hashes, key: string): Promise<string | undefined> {
    const hash = hashes.get(key);
    return hash === undefined ? undefined : this.existingModule(hash);
  }

  /** JSON of a table's modules, and of `more` behind them. */
  async tableText(hashes: Hashes, more: readonly (readonly [string, string])[] = []): Promise<string> {
    const modules = [...hashes].map(async ([key, hash]) => [key, await this.existingModule(hash)] as const);
    return objectText([...(await Promise.all(modules)), ...more]);
  }

  /** How many items the array at a path of a module has; undefined when there is none. */
  async count(hash: string, path: readonly string[]): Promise<number | undefined> {
    const known = this.#facts.get(hash)?.count;
    if (known !== undefined) return known;
    const text = textAt(await this.existingModule(hash), path);
    const count = text === undefined ? undefined : itemsOf(text)?.length;
    if (count !== undefined) this.#learn(hash, { count });
    return count;
  }

  /** JSON of `properties.header` of a GEOGRID. */
  async header(hash: string): Promise<string | undefined> {
    const known = this.#facts.get(hash)?.header;
    if (known !== undefined) return known;
    const header = textAt(await this.existingModule(hash), ['properties', 'header']);
    // A copy: a part of a string would keep the whole GEOGRID in memory.
    if (header !== undefined && header.length <= HEADER)
      this.#learn(hash, { header: Buffer.from(header).toString() });
    return header;
  }

  /** What a table is at a commit; undefined when the commit, or anything it refers to, is missing. */
  async content(commitId: string): Promise<Content | undefined> {
    const commit = await this.commit(commitId);
    if (commit === undefined) return undefined;
    const hashes = await this.tree(commit.tree_id);
    if (hashes === undefined || !(await this.#isWhole(hashes))) return undefined;
    return { tree: treeObject(hashes), timestamp: commit.timestamp };
  }

  /** A tree whose blobs all are there, and stay as what is saved does; undefined when something is missing. @throws HubError `table_busy`. */
  async completeTree(hash: string): Promise<Hashes | undefined> {
    await this.#protection.protect([hash]);
    const hashes = await this.tree(hash);
    if (hashes === undefined) return undefined;
    await this.#protection.protect([...hashes.values()]);
    return (await this.#isWhole(hashes)) ? hashes : undefined;
  }

  async tree(hash: string): Promise<Hashes | undefined> {
    const text = await this.text('tree', hash);
    return text === undefined ? undefined : new Map(Object.entries<string>(JSON.parse(text)));
  }

  async commit(id: string): Promise<Commit | undefined> {
    const text = await this.text('commit', id);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Whether there is no trace of a table. */
  async isEmpty(): Promise<boolean> {
    const [commit] = await this.objects.commit.ids({ limit: 1 });
    return commit === undefined;
  }

  /** The JSON of an object as it is stored. */
  async text(kind: Kind, hash: string): Promise<string | undefined> {
    const bytes = await this.objects[kind].get(hash);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  }

  async #isWhole(hashes: Hashes): Promise<boolean> {
    for (const blob of hashes.values()) if (!(await this.objects.blob.has(blob))) return false;
    return true;
  }

  #learn(hash: string, facts: Facts): void {
    if (this.#facts.size >= GRIDS) this.#facts.clear();
    this.#facts.set(hash, { ...this.#facts.get(hash), ...facts });
  }
}

export function treeObject(hashes: Hashes): StoredObject {
  // Keys in order, so that the same modules always are the same tree.
  const ordered = [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: 'tree', ...fromCanonical(JSON.stringify(Object.fromEntries(ordered))) };
}

export function commitObject({ tree_id, parent, timestamp }: Commit): StoredObject {
  return { kind: 'commit', ...fromCanonical(JSON.stringify({ tree_id, parent, timestamp })) };
}
