/** All that the files hold, as it is stored. */
import type { LogRow } from './lowdb-formats.ts';
import type { Tables } from './lowdb-tables.ts';
import type { StoreContents } from './port.ts';

export function contentsOf(
  documents: Tables<string>,
  logs: Tables<LogRow>,
  blobs: Tables<Uint8Array>,
): StoreContents {
  return {
    async names() {
      return { collections: documents.names(), logs: logs.names(), blobs: blobs.names() };
    },
    async texts(collection, ids) {
      const table = documents.open(collection);
      return ids.map((id) => table.get(id));
    },
    async keys(log) {
      return logs.open(log).ids();
    },
    async last(log, key) {
      return logs.open(log).get(key)?.last ?? 0;
    },
    async entries(log, key, after, limit) {
      const found = [...(logs.open(log).get(key)?.entries ?? [])].filter(([sequence]) => sequence > after);
      return found.slice(0, limit).map(([sequence, text]) => ({ sequence, text }));
    },
    async restore(log, key, given, last) {
      const table = logs.open(log);
      const before = table.get(key)?.entries ?? [];
      const entries = new Map([...before, ...given.map(({ sequence, text }) => [sequence, text] as const)]);
      await table.set([[key, { last, entries }]]);
    },
  };
}
