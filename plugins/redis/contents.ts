/** All that the keys hold, as it is stored. */
import { ErrorReply } from '@redis/client';
import { type StoreContents, storeRules } from '../../core/index.ts';
import type { Engine } from './engine.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { readEntries, streamId } from './logs.ts';

/** Keys that Redis looks through at a time: more would hold up everybody else's commands. */
const SCANNED = '1000';

export function contentsOf(engine: Engine, link: Link, keys: Keys): StoreContents {
  /** What follows `beginning` in all keys that begin so, cut short by `toName`: each once, in order. */
  const found = async (beginning: string, toName = (rest: string) => rest): Promise<string[]> => {
    const all = await engine.call(() => scan(link, `${beginning}*`));
    const names = new Set(all.map((key) => toName(key.slice(beginning.length))));
    return [...names].sort(storeRules.compareIds);
  };
  const inBraces = (rest: string) => rest.slice(0, -1);
  return {
    async names() {
      const collections = await found(keys.beginning('docs:{'), inBraces);
      const logs = await found(keys.beginning('log:'), (rest) => rest.slice(0, rest.indexOf(':')));
      const blobs = await found(keys.beginning('blobs:{'), inBraces);
      return { collections, logs, blobs };
    },
    async texts(collection, ids) {
      if (ids.length === 0) return [];
      const [documents] = keys.collection(collection);
      const texts = await engine.call(() => engine.send(documents, 'HMGET', documents, ...ids));
      return Array.isArray(texts) ? texts.map((text) => (text === null ? undefined : String(text))) : [];
    },
    async keys(log) {
      return found(keys.log(log, ''));
    },
    async last(log, key) {
      return engine.call(() => lastOf(engine, keys.log(log, key)));
    },
    async entries(log, key, after, limit) {
      const bounds = storeRules.logBounds({ from: after + 1, limit });
      return engine.call(() => readEntries(engine, keys.log(log, key), bounds));
    },
    async restore(log, key, entries, last) {
      const stream = keys.log(log, key);
      const add = (sequence: number, text: string) =>
        engine.write(stream, 'XADD', stream, streamId(sequence), 'value', text);
      const calls = entries.map(
        ({ sequence, text }) =>
          () =>
            add(sequence, text),
      );
      // A stream counts on from an entry that is gone.
      if (last > (entries.at(-1)?.sequence ?? 0)) {
        calls.push(
          () => add(last, 'null'),
          () => engine.write(stream, 'XDEL', stream, streamId(last)),
        );
      }
      await engine.call(() => Promise.all(calls.map((call) => call())));
    },
    async isUsed() {
      // Every hub listens to its own.
      const asked = (await link.servers()).map((ask) => ask(['PUBSUB', 'SHARDCHANNELS', keys.inbox('*')]));
      return (await Promise.all(asked)).some((channels) => Array.isArray(channels) && channels.length > 0);
    },
  };
}

async function scan(link: Link, pattern: string): Promise<string[]> {
  const all: string[] = [];
  for (const ask of await link.servers()) {
    let cursor = '0';
    do {
      const reply = await ask(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCANNED]);
      const [next, found]: unknown[] = Array.isArray(reply) ? reply : [];
      cursor = String(next);
      if (Array.isArray(found)) all.push(...found.map(String));
    } while (cursor !== '0');
  }
  return all;
}

async function lastOf(engine: Engine, stream: string): Promise<number> {
  try {
    const info = await engine.send(stream, 'XINFO', 'STREAM', stream);
    const id = Object(info)['last-generated-id'];
    return Number(String(id).slice('0-'.length));
  } catch (error) {
    if (error instanceof ErrorReply && error.message.includes('no such key')) return 0;
    throw error;
  }
}
