/** Collections: a hash of documents with a sorted set of its ids, whose order is that of their bytes. */
import { type Collection, type Condition, type IdRange, storeRules } from '../../core/index.ts';
import type { Engine } from './engine.ts';
import { CHANGE, CHANGE_IF } from './scripts.ts';
import { Turns } from './turns.ts';
import { Updates } from './updates.ts';

const { checkId, conditionText, decode, encode, idBounds } = storeRules;

/** A hash and the sorted set of its fields. */
export type HashKeys = readonly [hash: string, fields: string];

/** @returns makes the collection of a name; all of one name share one order of calls. */
export function collections(
  engine: Engine,
  keysOf: (name: string) => HashKeys,
): <T>(name: string) => Collection<T> {
  const parts = new Map<string, { readonly turns: Turns; readonly updates: Updates }>();
  return <T>(name: string): Collection<T> => {
    storeRules.checkName(name);
    const keys = keysOf(name);
    const read = async (id: string): Promise<string | undefined> => {
      const text = await engine.send(keys[0], 'HGET', keys[0], id);
      return text === null ? undefined : String(text);
    };
    const parse = (id: string, text: string): T =>
      decode<T>(text, `Redis: document ${JSON.stringify(id)} of ${name}`);
    let shared = parts.get(name);
    if (shared === undefined) {
      const turns = new Turns();
      shared = { turns, updates: new Updates(engine, keys, turns, parse) };
      parts.set(name, shared);
    }
    const { turns, updates } = shared;
    return {
      async get(id) {
        checkId(id, 'id');
        const text = await engine.call(() => turns.after([id], () => read(id)));
        return text === undefined ? undefined : parse(id, text);
      },
      async put(id, value) {
        checkId(id, 'id');
        const text = encode(value, id);
        await engine.call(() => turns.after([id], () => change(engine, keys, [id, text], [])));
      },
      async update(id, next) {
        checkId(id, 'id');
        return engine.call(() => updates.add(id, next));
      },
      async delete(id) {
        checkId(id, 'id');
        return engine.call(async () => {
          return (await turns.after([id], () => change(engine, keys, [], [id]))) === 1;
        });
      },
      async ids(range) {
        return engine.call(() => turns.afterAll(() => fieldsOf(engine, keys, range)));
      },
      async batch(changes, onlyIf) {
        const texts = new Map<string, string | undefined>();
        for (const one of changes) {
          const id = 'put' in one ? one.put : one.delete;
          checkId(id, 'id');
          texts.set(id, 'put' in one ? encode(one.value, id) : undefined);
        }
        const puts = [...texts].flatMap(([id, text]) => (text === undefined ? [] : [id, text]));
        const deletes = [...texts].flatMap(([id, text]) => (text === undefined ? [id] : []));
        const condition = onlyIf === undefined ? [] : conditionOf(onlyIf);
        const ids = [...texts.keys(), ...condition.slice(0, 1)];
        const made = await engine.call(() =>
          turns.after(ids, () => change(engine, keys, puts, deletes, condition)),
        );
        return made >= 0;
      },
    };
  };
}

/** As the script takes it. */
function conditionOf(condition: Condition<unknown>): [id: string, value: string] {
  const text = conditionText(condition);
  return [condition.id, text === undefined ? '' : `=${text}`];
}

/**
 * @param puts field, value, field, value …
 * @param condition field and value that must be there; empty: none must.
 * @returns how many were deleted; -1: the condition is not met, and nothing was changed.
 */
async function change(
  engine: Engine,
  keys: HashKeys,
  puts: readonly string[],
  deletes: readonly string[],
  condition: readonly string[] = [],
): Promise<number> {
  const deleted = await engine.write(
    keys[0],
    'EVAL',
    condition.length === 0 ? CHANGE : CHANGE_IF,
    '2',
    ...keys,
    ...condition,
    `${puts.length / 2}`,
    ...puts,
    ...deletes,
  );
  return Number(deleted);
}

/** The fields of a hash in a range, in order. */
export async function fieldsOf(engine: Engine, [, fields]: HashKeys, range?: IdRange): Promise<string[]> {
  const { from, below, limit } = idBounds(range);
  const count = Number.isFinite(limit) ? `${limit}` : '-1';
  const end = below === undefined ? '+' : `(${below}`;
  const found = await engine.send(fields, 'ZRANGE', fields, `[${from}`, end, 'BYLEX', 'LIMIT', '0', count);
  return Array.isArray(found) ? found.map(String) : [];
}
