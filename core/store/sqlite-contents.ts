/** All that the tables hold, as it is stored. */
import type { StoreContents } from './port.ts';
import type { SqliteEngine } from './sqlite-engine.ts';

export function contentsOf(engine: SqliteEngine): StoreContents {
  const column = (sql: string) => {
    const statement = engine.prepare(sql);
    statement.setReturnArrays(true);
    return (...parameters: string[]): string[] =>
      engine.read(() => statement.all(...parameters).map((row) => String(Object.values(row)[0])));
  };
  const collections = column('SELECT DISTINCT collection FROM documents ORDER BY 1');
  const logs = column('SELECT name FROM log UNION SELECT name FROM trimmed ORDER BY 1');
  const blobs = column('SELECT DISTINCT name FROM blobs ORDER BY 1');
  const keys = column(
    'SELECT key FROM log WHERE name = ?1 UNION SELECT key FROM trimmed WHERE name = ?1 ORDER BY 1',
  );
  const text = engine.prepare('SELECT value FROM documents WHERE collection = ? AND id = ?');
  const last = engine.prepare(`
    SELECT max(coalesce((SELECT max(sequence) FROM log WHERE name = ?1 AND key = ?2), 0),
      coalesce((SELECT last FROM trimmed WHERE name = ?1 AND key = ?2), 0)) AS last`);
  const entries = engine.prepare(
    'SELECT sequence, value FROM log WHERE name = ? AND key = ? AND sequence > ? ORDER BY sequence LIMIT ?',
  );
  const restoreEntry = engine.prepare('INSERT INTO log VALUES (?, ?, ?, ?)');
  const restoreLast = engine.prepare(
    'INSERT INTO trimmed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  );
  return {
    async names() {
      return { collections: collections(), logs: logs(), blobs: blobs() };
    },
    async texts(collection, ids) {
      return engine.read(() =>
        ids.map((id) => {
          const row = text.get(collection, id);
          return row && String(row.value);
        }),
      );
    },
    async keys(log) {
      return keys(log);
    },
    async last(log, key) {
      return engine.read(() => Number(last.get(log, key)?.last));
    },
    async entries(log, key, after, limit) {
      const rows = engine.read(() => entries.all(log, key, after, limit));
      return rows.map(({ sequence, value }) => ({ sequence: Number(sequence), text: String(value) }));
    },
    async restore(log, key, given, newest) {
      await engine.writeAll(() => {
        for (const { sequence, text } of given) restoreEntry.run(log, key, sequence, text);
        if (newest > (given.at(-1)?.sequence ?? 0)) restoreLast.run(log, key, newest);
      });
    },
  };
}
