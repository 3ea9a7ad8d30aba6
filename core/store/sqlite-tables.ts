/** The three kinds of data as statements; each statement is prepared once for all names. */
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { checkFence, checkHash, checkId, checkName, checkSequence, idBounds, logBounds } from './ids.ts';
import { type Blobs, type Collection, hashOf, type IdRange, type Log, type LogEntry } from './port.ts';
import type { SqliteEngine } from './sqlite-engine.ts';
import type { LongReads } from './sqlite-long-reads.ts';
import { checkSynchronous, conditionText, decode, encode } from './values.ts';

/** A read of more rows, or of more characters, than this moves to the thread of long reads: about 2 ms. */
const SHORT_ROWS = 1_000;
const SHORT_CHARACTERS = 1_000_000;
/** SQLite sorts every blob after every text. */
const AFTER_ALL_TEXT = new Uint8Array(0);

export function collections(engine: SqliteEngine, longReads: LongReads): <T>(name: string) => Collection<T> {
  const get = engine.prepare('SELECT value FROM documents WHERE collection = ? AND id = ?');
  const put = engine.prepare(
    'INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  );
  const remove = engine.prepare('DELETE FROM documents WHERE collection = ? AND id = ?');
  const ids = idReader(
    engine,
    longReads,
    'SELECT id FROM documents WHERE collection = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?',
  );
  return <T>(name: string): Collection<T> => {
    checkName(name);
    const find = (id: string): T | undefined => {
      const row = get.get(name, id);
      return row && decode<T>(String(row.value), `${engine.file}: document ${JSON.stringify(id)} of ${name}`);
    };
    return {
      async get(id) {
        checkId(id, 'id');
        return engine.read(() => find(id));
      },
      async put(id, value) {
        checkId(id, 'id');
        const text = encode(value, id);
        await engine.write(() => put.run(name, id, text));
      },
      async update(id, change) {
        checkId(id, 'id');
        return engine.write(() => {
          const next = change(find(id));
          checkSynchronous(next);
          if (next === undefined) remove.run(name, id);
          else put.run(name, id, encode(next, id));
          return next;
        });
      },
      async delete(id) {
        checkId(id, 'id');
        return engine.write(() => remove.run(name, id).changes === 1);
      },
      ids: (range) => ids(name, range),
      async batch(changes, onlyIf) {
        const rows = changes.map((change) => {
          const id = 'put' in change ? change.put : change.delete;
          checkId(id, 'id');
          return { id, text: 'put' in change ? encode(change.value, id) : undefined };
        });
        const condition = onlyIf && { id: onlyIf.id, text: conditionText(onlyIf) };
        return engine.writeAll(() => {
          if (condition !== undefined && get.get(name, condition.id)?.value !== condition.text) return false;
          for (const { id, text } of rows) {
            if (text === undefined) remove.run(name, id);
            else put.run(name, id, text);
          }
          return true;
        });
      },
    };
  };
}

export function logs(engine: SqliteEngine, longReads: LongReads): <T>(name: string) => Log<T> {
  // The newest entry may have been removed: its number is not used again.
  const newest = engine.prepare(`
    SELECT max(coalesce((SELECT max(sequence) FROM log WHERE name = ?1 AND key = ?2), 0),
      coalesce((SELECT last FROM trimmed WHERE name = ?1 AND key = ?2), 0)) AS last`);
  const append = engine.prepare('INSERT INTO log VALUES (?, ?, ?, ?)');
  const remember = engine.prepare(`
    INSERT INTO trimmed SELECT name, key, max(sequence) AS newest FROM log WHERE name = ?1 AND key = ?2
    GROUP BY name, key HAVING newest < ?3
    ON CONFLICT DO UPDATE SET last = max(last, excluded.last)`);
  const trim = engine.prepare('DELETE FROM log WHERE name = ? AND key = ? AND sequence < ?');
  const rememberOne = engine.prepare(`
    INSERT INTO trimmed SELECT name, key, sequence FROM log WHERE name = ?1 AND key = ?2 AND sequence = ?3
      AND NOT EXISTS (SELECT 1 FROM log WHERE name = ?1 AND key = ?2 AND sequence > ?3)
    ON CONFLICT DO UPDATE SET last = max(last, excluded.last)`);
  const remove = engine.prepare('DELETE FROM log WHERE name = ? AND key = ? AND sequence = ?');
  const inOrder = (order: string) =>
    `SELECT sequence, value FROM log WHERE name = ?1 AND key = ?2 AND sequence BETWEEN ?3 AND ?4
    ORDER BY sequence ${order} LIMIT ?6 OFFSET ?5`;
  const ascending = rowReader(engine, longReads, inOrder('ASC'));
  const descending = rowReader(engine, longReads, inOrder('DESC'));

  return <T>(name: string): Log<T> => {
    checkName(name);
    return {
      async append(key, value) {
        checkId(key, 'key');
        const text = encode(value, key);
        return engine.write(() => {
          const sequence = Number(newest.get(name, key)?.last) + 1;
          append.run(name, key, sequence, text);
          return sequence;
        });
      },
      async read(key, range) {
        checkId(key, 'key');
        const { from, to, limit, skip, backwards } = logBounds(range);
        const entries: LogEntry<T>[] = [];
        const read = backwards ? descending : ascending;
        await read([name, key, from, to, skip], limit, ([sequence, value]) => {
          const where = `${engine.file}: entry ${sequence} of ${JSON.stringify(key)} in ${name}`;
          entries.push({ sequence: Number(sequence), value: decode<T>(String(value), where) });
        });
        return entries;
      },
      async trim(key, before) {
        checkId(key, 'key');
        checkSequence(before, 'before');
        return engine.writeAll(() => {
          remember.run(name, key, before);
          return Number(trim.run(name, key, before).changes);
        });
      },
      async delete(key, sequence) {
        checkId(key, 'key');
        checkSequence(sequence, 'sequence');
        return engine.writeAll(() => {
          rememberOne.run(name, key, sequence);
          return remove.run(name, key, sequence).changes === 1;
        });
      },
    };
  };
}

export function blobGroups(engine: SqliteEngine, longReads: LongReads): (name: string) => Blobs {
  const get = engine.prepare('SELECT content FROM blobs WHERE name = ? AND hash = ?');
  const has = engine.prepare('SELECT 1 FROM blobs WHERE name = ? AND hash = ?');
  const put = engine.prepare('INSERT INTO blobs VALUES (?, ?, CAST(? AS BLOB))');
  const remove = engine.prepare('DELETE FROM blobs WHERE name = ? AND hash = ?');
  const isPast = engine.prepare('SELECT 1 FROM fences WHERE name = ? AND fence > ?');
  const setFence = engine.prepare(
    'INSERT INTO fences VALUES (?, ?) ON CONFLICT DO UPDATE SET fence = max(fence, excluded.fence)',
  );
  const ids = idReader(
    engine,
    longReads,
    'SELECT hash FROM blobs WHERE name = ? AND hash >= ? AND hash < ? ORDER BY hash LIMIT ?',
  );
  return (name) => {
    checkName(name);
    return {
      async put(content, hash = hashOf(content)) {
        checkHash(hash);
        return engine.write(() => {
          if (has.get(name, hash) === undefined) put.run(name, hash, content);
          return hash;
        });
      },
      async get(hash) {
        const content = engine.read(() => get.get(name, hash)?.content);
        return content instanceof Uint8Array ? content : undefined;
      },
      async has(hash) {
        return engine.read(() => has.get(name, hash) !== undefined);
      },
      async delete(hashes, fence = Number.MAX_SAFE_INTEGER) {
        checkFence(fence);
        return engine.writeAll(() => {
          let deleted = 0;
          if (isPast.get(name, fence) !== undefined) return deleted;
          for (const hash of hashes) deleted += Number(remove.run(name, hash).changes);
          return deleted;
        });
      },
      async setFence(fence) {
        checkFence(fence);
        await engine.write(() => setFence.run(name, fence));
      },
      ids: (range) => ids(name, range),
    };
  };
}

function idReader(engine: SqliteEngine, longReads: LongReads, sql: string) {
  const read = rowReader(engine, longReads, sql);
  return async (name: string, range?: IdRange): Promise<string[]> => {
    const { from, below = AFTER_ALL_TEXT, limit } = idBounds(range);
    const ids: string[] = [];
    await read([name, from, below], limit, ([id]) => ids.push(String(id)));
    return ids;
  };
}

/** A query whose last parameter is its limit. It runs here while it is short, and else again in the thread. */
function rowReader(engine: SqliteEngine, longReads: LongReads, sql: string) {
  const statement = engine.prepare(sql);
  statement.setReturnArrays(true); // twice as fast as objects
  const short = (parameters: SQLInputValue[], limit: number): SQLOutputValue[][] | undefined => {
    const rows: SQLOutputValue[][] = [];
    let characters = 0;
    for (const row of statement.iterate(...parameters, Math.min(limit, SHORT_ROWS + 1))) {
      if (rows.length === SHORT_ROWS || characters > SHORT_CHARACTERS) return undefined;
      const columns = Object.values(row);
      for (const column of columns) if (typeof column === 'string') characters += column.length;
      rows.push(columns);
    }
    return rows;
  };
  return async (
    parameters: SQLInputValue[],
    limit: number,
    each: (row: SQLOutputValue[]) => void,
  ): Promise<void> => {
    const rows = engine.read(() => short(parameters, limit));
    if (rows !== undefined) {
      for (const row of rows) each(row);
      return;
    }
    engine.commit(); // the other connection sees only what is committed
    const all = [...parameters, Number.isFinite(limit) ? limit : -1];
    for await (const chunk of longReads.chunks(sql, all)) for (const row of chunk) each(row);
  };
}
