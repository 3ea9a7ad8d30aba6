/** A collection in memory over one of the store: what is written stays here, what was not is read from there. */
import {
  type Change,
  type Collection,
  type IdRange,
  JsonText,
  type PluginStore,
} from '../../../core/index.ts';
import { limitExceeded } from './errors.ts';

/** Documents and keys written at most. */
const MOST_WRITTEN = 200_000;

/**
 * For a graph that nothing is stored of. What the store gets meanwhile is seen, unless it was written here.
 * @throws HubError `limit_exceeded` from its writes when there is too much.
 */
export function overlayOn(store: Pick<PluginStore, 'collection'>): Pick<PluginStore, 'collection'> {
  const written = new Map<string, Written>();
  return {
    collection: <T>(name: string) => new Overlay<T>(store.collection<T>(name), name, written),
  };
}

/** JSON; undefined: deleted here. By name of the collection and id. */
type Written = string | undefined;

class Overlay<T> implements Collection<T> {
  readonly #below: Collection<T>;
  readonly #prefix: string;
  readonly #written: Map<string, Written>;

  constructor(below: Collection<T>, name: string, written: Map<string, Written>) {
    this.#below = below;
    this.#prefix = `${name} `;
    this.#written = written;
  }

  async get(id: string): Promise<T | undefined> {
    const key = this.#prefix + id;
    if (!this.#written.has(key)) return this.#below.get(id);
    const text = this.#written.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async put(id: string, value: T | JsonText): Promise<void> {
    await this.batch([{ put: id, value }]);
  }

  async update(id: string, change: (present: T | undefined) => T | undefined): Promise<T | undefined> {
    const key = this.#prefix + id;
    for (;;) {
      const before = this.#written.get(key);
      const present = await this.get(id);
      // Somebody else was faster.
      if (this.#written.get(key) !== before) continue;
      const next = change(present);
      this.#write([next === undefined ? { delete: id } : { put: id, value: next }]);
      return next;
    }
  }

  async delete(id: string): Promise<boolean> {
    const isThere = (await this.get(id)) !== undefined;
    this.#write([{ delete: id }]);
    return isThere;
  }

  async batch(changes: readonly Change<T>[]): Promise<void> {
    this.#write(changes);
  }

  async ids({ prefix = '', after, limit = Infinity }: IdRange = {}): Promise<string[]> {
    const here = [...this.#written].flatMap(([key, text]) => {
      const id = key.slice(this.#prefix.length);
      const isWanted = key.startsWith(this.#prefix + prefix) && (after === undefined || isAfter(id, after));
      return isWanted ? [{ id, isThere: text !== undefined }] : [];
    });
    const range = { prefix, ...(after !== undefined && { after }) };
    // So many more as there may be hidden by what was written here.
    const below = await this.#below.ids(
      limit === Infinity ? range : { ...range, limit: limit + here.length },
    );
    const all = new Set(below);
    for (const { id, isThere } of here) {
      if (isThere) all.add(id);
      else all.delete(id);
    }
    return [...all].sort(byBytes).slice(0, limit);
  }

  #write(changes: readonly Change<T>[]): void {
    if (this.#written.size + changes.length > MOST_WRITTEN)
      throw limitExceeded(`a stage may have ${MOST_WRITTEN} changes`);
    for (const change of changes) {
      if ('delete' in change) this.#written.set(this.#prefix + change.delete, undefined);
      else {
        const { put: id, value } = change;
        this.#written.set(this.#prefix + id, value instanceof JsonText ? value.text : JSON.stringify(value));
      }
    }
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isAfter(id: string, after: string): boolean {
  return byBytes(id, after) > 0;
}
