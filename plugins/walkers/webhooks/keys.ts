/** API keys for webhooks. A key acts for the user who made it; of the key itself only a hash is kept. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Collection, HubError, type PluginStore } from '../../../core/index.ts';

export interface KeyFacts {
  /** 24 hex digits. */
  readonly id: string;
  readonly name: string;
  /** Whom it acts for. */
  readonly root: string;
  /** Names of walkers it is for; none: all. */
  readonly walkers: readonly string[];
  /** Ids of nodes that walkers may start on with it; none: all. */
  readonly nodes: readonly string[];
  /** Unix ms. */
  readonly expiresAt: number;
}

interface StoredKey extends KeyFacts {
  /** SHA-256 of the secret part, in hex. It is random, so a slow hash would add nothing. */
  readonly hash: string;
}

export const INTERVALS = { seconds: 1_000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;

/** How long a key is valid from now on. */
export interface Expiration {
  readonly count: number;
  readonly interval: keyof typeof INTERVALS;
}

/** The last moment that a date can tell of, in Unix ms. */
const LAST_MOMENT = 8.64e15;
const SECRET_BYTES = 32;
const KEY = /^([0-9a-f]{24})\.([\w-]{43})$/;

export class WebhookKeys {
  /**
   * `key <id>`: the key. `of <root> <id>`: that it is there. `made <root>`: how many were ever made. One collection, so that all are
   * written at once.
   */
  readonly #store: Collection<StoredKey | number>;
  readonly #most: number;

  /** @param most keys of one user. */
  constructor(store: PluginStore, most: number) {
    this.#store = store.collection('webhooks');
    this.#most = most;
  }

  /**
   * @returns what is known of the key, and the key, which cannot be had again.
   * @throws HubError `too_many_keys`.
   */
  async make(
    root: string,
    given: Pick<KeyFacts, 'name' | 'walkers' | 'nodes'>,
    expiration: Expiration,
  ): Promise<{ readonly facts: KeyFacts; readonly key: string }> {
    const id = randomBytes(12).toString('hex');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const { name, walkers, nodes } = given;
    const facts = { id, name, root, walkers, nodes, expiresAt: later(Date.now(), expiration) };
    await this.#add({ ...facts, hash: hashOf(secret) });
    return { facts, key: `${id}.${secret}` };
  }

  /** @throws HubError `too_many_keys`. */
  async #add(key: StoredKey): Promise<void> {
    const { id, root } = key;
    for (;;) {
      const made = await this.#store.get(madeBy(root));
      const present = await this.#store.ids({ prefix: ownedBy(root), limit: this.#most });
      if (present.length >= this.#most)
        throw new HubError('too_many_keys', `a user may have ${this.#most} keys; delete one first`, 403);
      const changes = [
        { put: keyed(id), value: key },
        { put: ownedBy(root) + id, value: 1 },
        { put: madeBy(root), value: typeof made === 'number' ? made + 1 : 1 },
      ];
      // Else the user has made another one meanwhile.
      if (await this.#store.batch(changes, { id: madeBy(root), value: made })) return;
    }
  }

  async list(root: string): Promise<KeyFacts[]> {
    const ids = await this.#store.ids({ prefix: ownedBy(root) });
    const keys = await Promise.all(ids.map((id) => this.#get(id.slice(ownedBy(root).length))));
    return keys.filter((key) => key !== undefined).map(({ hash: _, ...facts }) => facts);
  }

  /** From now on, or from its end, when that is later. @returns undefined when the user has no such key. */
  async extend(root: string, id: string, expiration: Expiration): Promise<KeyFacts | undefined> {
    const changed = await this.#store.update(keyed(id), (key) => {
      if (!isKey(key) || key.root !== root) return key;
      return { ...key, expiresAt: later(Math.max(Date.now(), key.expiresAt), expiration) };
    });
    return isKey(changed) && changed.root === root ? changed : undefined;
  }

  /** Those of the user; others stay. @returns how many there were. */
  async delete(root: string, ids: readonly string[]): Promise<number> {
    const keys = await Promise.all([...new Set(ids)].map((id) => this.#get(id)));
    const own = keys.filter((key) => key !== undefined).filter((key) => key.root === root);
    await this.#store.batch(own.flatMap(({ id }) => [{ delete: keyed(id) }, { delete: ownedBy(root) + id }]));
    return own.length;
  }

  /** @returns undefined when it is no key, or has expired. */
  async find(key: string): Promise<KeyFacts | undefined> {
    const [, id = '', secret = ''] = KEY.exec(key) ?? [];
    const found = id === '' ? undefined : await this.#get(id);
    if (found === undefined || found.expiresAt <= Date.now()) return undefined;
    return timingSafeEqual(Buffer.from(found.hash), Buffer.from(hashOf(secret))) ? found : undefined;
  }

  async #get(id: string): Promise<StoredKey | undefined> {
    const key = await this.#store.get(keyed(id));
    return isKey(key) ? key : undefined;
  }
}

function isKey(value: StoredKey | number | undefined): value is StoredKey {
  return typeof value === 'object';
}

function keyed(id: string): string {
  return `key ${id}`;
}

function ownedBy(root: string): string {
  return `of ${root} `;
}

function madeBy(root: string): string {
  return `made ${root}`;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function later(from: number, { count, interval }: Expiration): number {
  return Math.min(LAST_MOMENT, from + count * INTERVALS[interval]);
}
