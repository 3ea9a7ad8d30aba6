/** The three kinds of data on tables in memory. */
import { JsonText } from '../json.ts';
import { checkFence, checkHash, checkId, checkSequence, logBounds } from './ids.ts';
import type { LogRow } from './lowdb-formats.ts';
import type { LowTable } from './lowdb-table.ts';
import { type Blobs, type Collection, hashOf, type Log } from './port.ts';
import { checkSynchronous, conditionText, decode, encode } from './values.ts';

export function collectionOf<T>(table: LowTable<string>): Collection<T> {
  const find = (id: string): T | undefined => {
    checkId(id, 'id');
    const text = table.get(id);
    return text === undefined ? undefined : decode<T>(text, `document ${JSON.stringify(id)}`);
  };
  return {
    async get(id) {
      return find(id);
    },
    async put(id, value) {
      checkId(id, 'id');
      await table.set([[id, encodeChecked(value, id)]]);
    },
    async update(id, change) {
      const next = change(find(id));
      checkSynchronous(next);
      await table.set([[id, next === undefined ? undefined : encodeChecked(next, id)]]);
      return next;
    },
    async delete(id) {
      checkId(id, 'id');
      const existed = table.get(id) !== undefined;
      if (existed) await table.set([[id, undefined]]);
      return existed;
    },
    async ids(range) {
      return table.ids(range);
    },
    async batch(changes, onlyIf) {
      const rows = changes.map((change) => {
        const id = 'put' in change ? change.put : change.delete;
        checkId(id, 'id');
        return [id, 'put' in change ? encodeChecked(change.value, id) : undefined] as const;
      });
      if (onlyIf !== undefined && table.get(onlyIf.id) !== conditionText(onlyIf)) return false;
      await table.set(rows);
      return true;
    },
  };
}

export function logOf<T>(table: LowTable<LogRow>): Log<T> {
  return {
    async append(key, value) {
      checkId(key, 'key');
      const text = encodeChecked(value, key);
      const row = table.get(key);
      if (row === undefined) {
        await table.set([[key, { last: 1, entries: new Map([[1, text]]) }]]);
        return 1;
      }
      row.last++;
      const sequence = row.last;
      row.entries.set(sequence, text);
      await table.saved(() => {
        row.entries.delete(sequence);
        row.last--;
      });
      return sequence;
    },
    async read(key, range) {
      checkId(key, 'key');
      const { from, to, limit, skip, backwards } = logBounds(range);
      const texts = [...(table.get(key)?.entries ?? [])].filter(
        ([sequence]) => sequence >= from && sequence <= to,
      );
      if (backwards) texts.reverse();
      return texts.slice(skip, skip + limit).map(([sequence, text]) => {
        return { sequence, value: decode<T>(text, `entry ${sequence} of ${JSON.stringify(key)}`) };
      });
    },
    async trim(key, before) {
      checkId(key, 'key');
      checkSequence(before, 'before');
      const row = table.get(key);
      if (row === undefined) return 0;
      const old = row.entries;
      const kept = new Map([...old].filter(([sequence]) => sequence >= before));
      const trimmed = old.size - kept.size;
      if (trimmed === 0) return 0;
      row.entries = kept;
      await table.saved(() => {
        row.entries = old;
      });
      return trimmed;
    },
    async delete(key, sequence) {
      checkId(key, 'key');
      checkSequence(sequence, 'sequence');
      const row = table.get(key);
      if (row === undefined || !row.entries.has(sequence)) return false;
      const old = row.entries;
      row.entries = new Map([...old].filter(([other]) => other !== sequence));
      await table.saved(() => {
        row.entries = old;
      });
      return true;
    },
  };
}

/** @param fences of all groups, in memory alone: what could be late ends with the process. */
export function blobsOf(table: LowTable<Uint8Array>, name: string, fences: Map<string, number>): Blobs {
  return {
    async put(content, hash = hashOf(content)) {
      checkHash(hash);
      if (table.get(hash) === undefined) await table.set([[hash, Buffer.from(content)]]);
      else await table.settled();
      return hash;
    },
    async get(hash) {
      const content = table.get(hash);
      return content && new Uint8Array(content);
    },
    async has(hash) {
      return table.get(hash) !== undefined;
    },
    async delete(hashes, fence = Number.MAX_SAFE_INTEGER) {
      checkFence(fence);
      if (fence < (fences.get(name) ?? 0)) return 0;
      const known = [...new Set(hashes)].filter((hash) => table.get(hash) !== undefined);
      await table.set(known.map((hash) => [hash, undefined]));
      return known.length;
    },
    async setFence(fence) {
      checkFence(fence);
      await table.set([]); // not once it is closed
      fences.set(name, Math.max(fence, fences.get(name) ?? 0));
    },
    async ids(range) {
      return table.ids(range);
    },
  };
}

/** Text is not checked elsewhere, but here one that is not JSON would make the whole file unreadable. */
function encodeChecked(value: unknown, id: string): string {
  const text = encode(value, id);
  if (value instanceof JsonText) decode(text, `value of ${JSON.stringify(id)}`);
  return text;
}
