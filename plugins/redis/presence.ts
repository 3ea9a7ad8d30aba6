/**
 * Presence: a hash for each group, with a field for each connection in it. The fields name their hub; those of hubs that do not live
 * any more are nobody's. A hub that Redis took for gone, or that lost Redis, lives on under a new name and enters all it has anew.
 */
import type { Log, PresenceEntry, PresenceTable } from '../../core/index.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';

/** Entries that are written, read or removed at once. */
const AT_ONCE = 1_000;
/** Writes that may be under way at a time: beyond, Redis does not keep up, and all is entered anew when it does. */
const MOST_WRITES = 100_000;

export class RedisPresence implements PresenceTable {
  readonly #link: Link;
  readonly #keys: Keys;
  readonly #log: Log;
  readonly #heartbeat: Heartbeat;
  /** Texts by group and connection. */
  readonly #entered = new Map<string, Map<string, string>>();
  #node = '';
  #interval: NodeJS.Timeout | undefined;
  /** Redis may have something else than what is entered. */
  #isStale = false;
  #isBusy = false;
  #isClosed = false;
  #writes = 0;

  /** @param lifeMs how long a hub lives after its last sign of life. */
  constructor(link: Link, keys: Keys, lifeMs: number, log: Log) {
    this.#link = link;
    this.#keys = keys;
    this.#log = log;
    this.#heartbeat = new Heartbeat(link, keys, lifeMs);
  }

  async start(node: string, gone: () => void): Promise<void> {
    this.#node = node;
    await this.#heartbeat.begin(node, gone);
    this.#interval = setInterval(() => void this.#beat(), this.#heartbeat.everyMs).unref();
    this.#link.onReady(() => {
      this.#isStale = true;
      this.#heartbeat.restored();
      void this.#beat();
    });
  }

  enter(group: string, { client, text }: PresenceEntry): void {
    const present = this.#entered.get(group);
    if (present?.get(client) === text) return;
    if (present === undefined) this.#entered.set(group, new Map([[client, text]]));
    else present.set(client, text);
    if (present === undefined) void this.#writeGroup('SADD', group);
    void this.#writeEntry(group, client, text);
  }

  leave(group: string, client: string): void {
    const present = this.#entered.get(group);
    if (!present?.delete(client)) return;
    const key = this.#keys.present(group);
    void this.#write(key, ['HDEL', key, this.#heartbeat.field(client)]);
    if (present.size > 0) return;
    this.#entered.delete(group);
    void this.#writeGroup('SREM', group);
  }

  async others(group: string): Promise<readonly PresenceEntry[]> {
    const key = this.#keys.present(group);
    const fields = Object.entries((await this.#link.send(key, ['HGETALL', key])) as Record<string, string>);
    const found = fields.map(([field, text]) => ({
      field,
      hub: hubOf(field),
      client: clientOf(field),
      text,
    }));
    const others = found.filter(({ client }) => !client.startsWith(this.#node));
    if (others.some(({ hub }) => !this.#heartbeat.knows(hub))) {
      // New ones, since the last heartbeat.
      await this.#heartbeat.beat();
      const nobodys = others.filter(({ hub }) => !this.#heartbeat.knows(hub)).map(({ field }) => field);
      // Written by a hub that was paused, after all it had was removed.
      if (nobodys.length > 0) void this.#write(key, ['HDEL', key, ...nobodys]);
    }
    return others.filter(({ hub }) => this.#heartbeat.lives(hub));
  }

  async sweep(): Promise<void> {
    for (const hub of await this.#heartbeat.dead()) {
      const index = this.#keys.entered(hub);
      for (;;) {
        const keys = texts(await this.#link.send(index, ['SRANDMEMBER', index, `${AT_ONCE}`]));
        if (keys.length === 0) break;
        await Promise.all(keys.map((key) => this.#removeFrom(key, hub)));
        await this.#link.send(index, ['SREM', index, ...keys]);
      }
      await this.#heartbeat.forget(hub);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#interval);
    if (this.#link.isReady) await this.#heartbeat.end();
  }

  async #beat(): Promise<void> {
    if (this.#isBusy || this.#isClosed || !this.#link.isReady) return;
    this.#isBusy = true;
    try {
      if (this.#isStale || !(await this.#heartbeat.beat())) await this.#enterAnew();
    } catch (error) {
      this.#failed(error);
    }
    this.#isBusy = false;
  }

  async #enterAnew(): Promise<void> {
    this.#isStale = false;
    await this.#heartbeat.renew(async () => {
      let writes: Promise<void>[] = [];
      for (const [group, present] of this.#entered) {
        writes.push(this.#writeGroup('SADD', group));
        for (const [client, text] of present) {
          writes.push(this.#writeEntry(group, client, text));
          if (writes.length < AT_ONCE) continue;
          await Promise.all(writes);
          writes = [];
        }
      }
      await Promise.all(writes);
    });
  }

  #writeGroup(command: 'SADD' | 'SREM', group: string): Promise<void> {
    const index = this.#keys.entered(this.#heartbeat.name);
    return this.#write(index, [command, index, this.#keys.present(group)]);
  }

  #writeEntry(group: string, client: string, text: string): Promise<void> {
    const key = this.#keys.present(group);
    return this.#write(key, ['HSET', key, this.#heartbeat.field(client), text]);
  }

  /** It does not reject. */
  async #write(key: string, command: string[]): Promise<void> {
    if (this.#isClosed) return;
    if (!this.#link.isReady || this.#writes >= MOST_WRITES) {
      this.#isStale = true;
      return;
    }
    this.#writes++;
    try {
      await this.#link.send(key, command);
    } catch (error) {
      // Once until all is entered anew.
      if (!this.#isStale) this.#failed(error);
      this.#isStale = true;
    }
    this.#writes--;
  }

  async #removeFrom(key: string, hub: string): Promise<void> {
    let cursor = '0';
    do {
      const page = await this.#link.send(key, [
        'HSCAN',
        key,
        cursor,
        'MATCH',
        `${hub} *`,
        'COUNT',
        `${AT_ONCE}`,
      ]);
      const [next, found] = page as [string, string[]];
      const fields = found.filter((_, index) => index % 2 === 0);
      if (fields.length > 0) await this.#link.send(key, ['HDEL', key, ...fields]);
      cursor = next;
    } while (cursor !== '0');
  }

  /** An outage tells of itself. */
  #failed(error: unknown): void {
    if (this.#link.isReady && !this.#isClosed)
      this.#log.error({ err: error }, 'Redis refuses to keep who is present');
  }
}

/** @param field as `Heartbeat.field` made it. */
function hubOf(field: string): string {
  return field.slice(0, field.indexOf(' '));
}

function clientOf(field: string): string {
  return field.slice(field.indexOf(' ') + 1);
}

function texts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}
