/** A collection in memory over one of the store: what is written stays here, what was not is read from there. */
import {
  type Change,
  type Collection,
  type Condition,
  type IdRange,
  JsonText,
  type PluginStore,
} from '../../../core/index.ts';
import { limitExceeded } from './errors.ts';

/** Documents and keys written at most. */
const MOST_WRITTEN = 200_000;

/** What an overlay reads from below. */
type Below<T> = Pick<Collection<T>, 'get' | 'ids'>;
const NOTHING: Below<never> = { get: async () => undefined, ids: async () => [] };

/**
 * For a graph that nothing is stored of. What the store gets meanwhile is seen, unless it was written here.
 * @param store undefined: there is nothing below.
 * @throws HubError `limit_exceeded` from its writes when there is too much.
 */
export function overlayOn(
  store: Pick<PluginStore, 'collection'> | undefined,
): Pick<PluginStore, 'collection' | 'isShared'> {
  const written = new Map<string, Written>();
  return {
    isShared: false,
    collection: <T>(name: string) => new Overlay<T>(store?.collection<T>(name) ?? NOTHING, name, written),
  };
}

/** JSON; undefined: deleted here. By name of the collection and id. */
type Written = string | undefined;

class Overlay<T> implements Collection<T> {
  readonly #below: Below<T>;
  readonly #prefix: string;
  readonly #written: Map<string, Written>;

  constructor(below: Below<T>, name: string, written: Map<string, Written>) {
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
    return this.#with(id, (present) => {
      const next = change(present);
      this.#write([next === undefined ? { delete: id } : { put: id, value: next }]);
      return next;
    });
  }

  async delete(id: string): Promise<boolean> {
    const isThere = (await this.get(id)) !== undefined;
    this.#write([{ delete: id }]);
    return isThere;
  }

  async batch(changes: readonly Change<T>[], onlyIf?: Condition<T>): Promise<boolean> {
    if (onlyIf === undefined) {
      this.#write(changes);
      return true;
    }
    return this.#with(onlyIf.id, (present) => {
      if (toText(present) !== toText(onlyIf.value)) return false;
      this.#write(changes);
      return true;
    });
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

  /** Does something with a document that nobody writes meanwhile. */
  async #with<R>(id: string, work: (present: T | undefined) => R): Promise<R> {
    const key = this.#prefix + id;
    for (;;) {
      const before = this.#written.get(key);
      const present = await this.get(id);
      // Else somebody was faster.
      if (this.#written.get(key) === before) return work(present);
    }
  }

  #write(changes: readonly Change<T>[]): void {
    if (this.#written.size + changes.length > MOST_WRITTEN)
      throw limitExceeded(`a stage may have ${MOST_WRITTEN} changes`);
    for (const change of changes) {
      if ('delete' in change) this.#written.set(this.#prefix + change.delete, undefined);
      else {
        const { put: id, value } = change;
        this.#written.set(this.#prefix + id, toText(value));
      }
    }
  }
}

function toText(value: unknown): string {
  return value instanceof JsonText ? value.text : JSON.stringify(value);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isAfter(id: string, after: string): boolean {
  return byBytes(id, after) > 0;
}
