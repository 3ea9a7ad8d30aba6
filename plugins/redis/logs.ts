/** Logs: a stream for each key. Its ids are `0-<sequence>`; a stream never uses one again, whatever was removed. */
import { type LogEntry, type LogRange, type StoreLog, storeRules } from '../../core/index.ts';
import type { Engine } from './engine.ts';
import { PAGE } from './scripts.ts';

const { checkId, checkName, checkSequence, decode, encode, logBounds } = storeRules;

/** Entries that Redis gives at once: more would hold up everybody else's commands. */
const PAGE_SIZE = 1_000;

export function logs(
  engine: Engine,
  keyOf: (name: string, key: string) => string,
): <T>(name: string) => StoreLog<T> {
  return <T>(name: string): StoreLog<T> => {
    checkName(name);
    return {
      async append(key, value) {
        checkId(key, 'key');
        const text = encode(value, key);
        const id = await engine.call(() => {
          const stream = keyOf(name, key);
          return engine.write(stream, 'XADD', stream, '0-*', 'value', text);
        });
        return sequenceOf(id);
      },
      async read(key, range) {
        checkId(key, 'key');
        const bounds = logBounds(range);
        const entries = await engine.call(() => readEntries(engine, keyOf(name, key), bounds));
        return entries.map(({ sequence, text }): LogEntry<T> => {
          const where = `Redis: entry ${sequence} of ${JSON.stringify(key)} in ${name}`;
          return { sequence, value: decode<T>(text, where) };
        });
      },
      async trim(key, before) {
        checkId(key, 'key');
        checkSequence(before, 'before');
        const stream = keyOf(name, key);
        const id = streamId(Math.ceil(before));
        return engine.call(async () => Number(await engine.write(stream, 'XTRIM', stream, 'MINID', '=', id)));
      },
      async delete(key, sequence) {
        checkId(key, 'key');
        checkSequence(sequence, 'sequence');
        return engine.call(async () => {
          // Not a number of any entry, and no id that Redis would take.
          if (!Number.isSafeInteger(sequence) || sequence < 1) return false;
          const stream = keyOf(name, key);
          return (await engine.write(stream, 'XDEL', stream, streamId(sequence))) === 1;
        });
      },
    };
  };
}

interface StoredEntry {
  readonly sequence: number;
  readonly text: string;
}

/** @param bounds see `logBounds`. */
export async function readEntries(
  engine: Engine,
  key: string,
  bounds: Required<LogRange>,
): Promise<StoredEntry[]> {
  const { backwards, limit } = bounds;
  let { from, to, skip } = bounds;
  const entries: StoredEntry[] = [];
  while (entries.length < limit && from <= to) {
    const count = Math.min(PAGE_SIZE, limit - entries.length);
    const low = streamId(Math.ceil(from));
    const high = streamId(Math.floor(to));
    const range = backwards ? ['XREVRANGE', key, high, low] : ['XRANGE', key, low, high];
    const page = parsePage(
      skip === 0
        ? await engine.send(key, ...range, 'COUNT', `${count}`)
        : await engine.send(
            key,
            'EVAL',
            PAGE,
            '1',
            key,
            ...range.toSpliced(1, 1),
            `${skip + count}`,
            `${skip}`,
          ),
    );
    entries.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < count) break;
    skip = 0;
    if (backwards) to = last.sequence - 1;
    else from = last.sequence + 1;
  }
  return entries;
}

/** @param reply entries as streams have them: an id, and names and values of fields. */
function parsePage(reply: unknown): StoredEntry[] {
  const entries: [id: unknown, fields: unknown[]][] = Array.isArray(reply) ? reply : [];
  return entries.map(([id, [, text]]) => ({ sequence: sequenceOf(id), text: String(text) }));
}

function sequenceOf(id: unknown): number {
  return Number(String(id).slice('0-'.length));
}

/** @param sequence a whole number or an infinity; those outside of what there can be are moved to its bounds. */
export function streamId(sequence: number): string {
  return `0-${Math.min(Math.max(sequence, 0), Number.MAX_SAFE_INTEGER)}`;
}
