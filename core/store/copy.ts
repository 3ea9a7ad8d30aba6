/** Copies all that a store holds into another one, as it is stored, and compares the two. */
import { StartError } from '../errors.ts';
import { JsonText } from '../json.ts';
import { hashOf, type Store } from './port.ts';

/** Documents or entries that are held in memory at a time, and ids. */
const SOME = 50;
const IDS = 1_000;
/** The collection that tells of a copy under way. Names of plugins' data have a `/`. */
const MARK = 'copy';
const FROM = 'from';

/**
 * Copies into an empty store. A copy that was interrupted goes on when it is called again; until its end no hub starts on the target.
 * @param name of the source; a copy from another one is not gone on with.
 * @param tell gets a line for each name that was copied, and one when all was compared.
 * @throws StartError when there is nothing to copy, the target is not empty, or the two differ in the end.
 */
export async function copyStore(
  from: Store,
  to: Store,
  name: string,
  tell: (line: string) => void,
): Promise<void> {
  const { collections, logs, blobs } = await from.contents.names();
  if (collections.length + logs.length + blobs.length === 0) throw new StartError(`${name} holds nothing`);
  await begin(to, name);
  for (const one of collections) tell(`collection ${one}: ${await copyDocuments(from, to, one)} documents`);
  for (const one of logs) tell(`log ${one}: ${await copyLog(from, to, one)}`);
  for (const one of blobs) tell(`blobs ${one}: ${await copyBlobs(from, to, one)}`);
  const difference = await findDifference(from, to);
  if (difference !== undefined) {
    throw new StartError(
      `${difference} is not the same in both: does somebody write to one of them? Empty the target, and copy again`,
    );
  }
  await to.collection(MARK).delete(FROM);
  tell('all of it was compared with the source');
}

/** @throws StartError when a copy into the store was begun and did not come to its end. */
export async function assertWhole(store: Store): Promise<void> {
  const name = await store.collection<string>(MARK).get(FROM);
  if (name === undefined) return;
  throw new StartError(`the store holds a part of ${name}: let \`hub store copy\` end, or empty it`);
}

async function begin(to: Store, name: string): Promise<void> {
  const mark = to.collection<string>(MARK);
  const present = await mark.get(FROM);
  if (present === name) return;
  if (present !== undefined)
    throw new StartError(`the target holds a part of ${present}: end that copy, or empty it`);
  const held = Object.values(await to.contents.names()).flat();
  if (held.length > 0) throw new StartError(`the target is not empty: it holds ${held[0]}, for one`);
  await mark.put(FROM, name);
}

async function copyDocuments(from: Store, to: Store, name: string): Promise<number> {
  const target = to.collection(name);
  let count = 0;
  for await (const ids of documentIds(from, name)) {
    const texts = await from.contents.texts(name, ids);
    const puts = ids.flatMap((id, i) => {
      const text = texts[i];
      return text === undefined ? [] : [{ put: id, value: new JsonText(text) }];
    });
    await target.batch(puts);
    count += puts.length;
  }
  return count;
}

/** @returns how many, in words. */
async function copyLog(from: Store, to: Store, name: string): Promise<string> {
  const keys = await from.contents.keys(name);
  let count = 0;
  for (const key of keys) {
    const last = await from.contents.last(name, key);
    let after = await to.contents.last(name, key);
    while (after < last) {
      const entries = await from.contents.entries(name, key, after, SOME);
      after = entries.length < SOME ? last : (entries.at(-1)?.sequence ?? last);
      await to.contents.restore(name, key, entries, after);
      count += entries.length;
    }
  }
  return `${count} entries of ${keys.length} keys`;
}

async function copyBlobs(from: Store, to: Store, name: string): Promise<number> {
  const [source, target] = [from.blobs(name), to.blobs(name)];
  const hashes = await source.ids();
  for (const hash of hashes) {
    if (await target.has(hash)) continue;
    const content = await source.get(hash);
    if (content !== undefined) await target.put(content, hash);
  }
  return hashes.length;
}

/** What a store holds, item by item, in an order that what it holds decides alone. */
async function* itemsOf(store: Store): AsyncGenerator<readonly [what: string, content: string]> {
  const { contents } = store;
  const { collections, logs, blobs } = await contents.names();
  for (const name of collections) {
    if (name === MARK) continue;
    for await (const ids of documentIds(store, name)) {
      const texts = await contents.texts(name, ids);
      // Space around a value is no part of it, and not kept by all.
      for (const [i, id] of ids.entries())
        yield [`document ${JSON.stringify(id)} of ${name}`, texts[i]?.trim() ?? ''];
    }
  }
  for (const name of logs) {
    for (const key of await contents.keys(name)) {
      const last = await contents.last(name, key);
      yield [`key ${JSON.stringify(key)} of log ${name}`, `${last}`];
      for (let after = 0; after < last; ) {
        const entries = await contents.entries(name, key, after, SOME);
        for (const { sequence, text } of entries)
          yield [`entry ${sequence} of ${JSON.stringify(key)} in log ${name}`, text.trim()];
        after = entries.length < SOME ? last : (entries.at(-1)?.sequence ?? last);
      }
    }
  }
  for (const name of blobs) {
    const group = store.blobs(name);
    for (const hash of await group.ids())
      yield [`blob ${hash} of ${name}`, hashOf((await group.get(hash)) ?? '')];
  }
}

/** @returns the first item that differs; undefined: none. */
async function findDifference(one: Store, other: Store): Promise<string | undefined> {
  const others = itemsOf(other);
  for await (const [what, content] of itemsOf(one)) {
    const { value } = await others.next();
    // Where one of them lacks something, which one is not known.
    if (value?.[0] !== what) return value === undefined ? what : `${what}, or ${value[0]},`;
    if (value[1] !== content) return what;
  }
  const { value } = await others.next();
  return value?.[0];
}

/** In groups, in order. */
async function* documentIds(store: Store, name: string): AsyncGenerator<string[]> {
  const collection = store.collection(name);
  let ids: string[] = [];
  do {
    const after = ids.at(-1);
    ids = await collection.ids({ limit: IDS, ...(after !== undefined && { after }) });
    for (let at = 0; at < ids.length; at += SOME) yield ids.slice(at, at + SOME);
  } while (ids.length === IDS);
}
