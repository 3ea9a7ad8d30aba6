/**
 * The whole store as one JSON document: `{"blob": […], "tree": […], "commit": […], "tag": […]}`. Objects need no names
 * in it: those are the hashes of what they are. Every entry stands on a line of its own, so that a dump of any length
 * can be read line by line.
 */
import { Readable } from 'node:stream';
import { type Static, Type } from '../../core/index.ts';
import type { CityIO } from './cityio.ts';
import { KINDS, type Kind, NO_PARENT, type Repository } from './repository.ts';
import type { Tags } from './tags.ts';

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const TreeEntry = Type.Record(Type.String(), Hash);
export const CommitEntry = Type.Object({
  tree_id: Hash,
  parent: Type.Union([Hash, Type.Literal(NO_PARENT)]),
  timestamp: Type.String({ maxLength: 100 }),
});
/** A table. */
export const TableEntry = Type.Object({ name: Type.String(), commit: Hash });
export type TableEntry = Static<typeof TableEntry>;
/** A scenario, told from a table by having one. */
export const ScenarioEntry = Type.Object({
  table: Type.String(),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  description: Type.String({ maxLength: 10_000 }),
  tree: Hash,
  isInBin: Type.Boolean(),
});
export type ScenarioEntry = Static<typeof ScenarioEntry>;

/** Hashes read at a time. */
const PAGE = 1_000;

/** The lines of a dump. Nothing is collected while they are being read. */
export async function* dumpLines(city: CityIO): AsyncGenerator<string> {
  const { repository, protection } = city;
  const release = await protection.hold();
  try {
    // First: all that these refer to is there already, and is found below.
    const tags = await tagEntries(city.tags);
    let head = '{';
    for (const kind of KINDS) {
      yield `${head}"${kind}":[`;
      yield* separated(objectsOf(repository, kind));
      head = '],';
    }
    yield `${head}"tag":[`;
    yield* separated(tags.map((tag) => JSON.stringify(tag)));
    yield ']}';
  } finally {
    await release();
  }
}

/** The same as a stream. */
export function dumpStream(city: CityIO): Readable {
  return Readable.from(terminated(dumpLines(city)));
}

async function* terminated(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** A comma behind every entry but the last. */
async function* separated(entries: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let previous: string | undefined;
  for await (const entry of entries) {
    if (previous !== undefined) yield `${previous},`;
    previous = entry;
  }
  if (previous !== undefined) yield previous;
}

async function tagEntries(tags: Tags): Promise<(TableEntry | ScenarioEntry)[]> {
  const entries: (TableEntry | ScenarioEntry)[] = (await tags.tables()).map(({ name, commit }) => ({
    name,
    commit,
  }));
  for (const table of await tags.tablesWithScenarios()) {
    for (const { name, description, hash, isInBin } of await tags.scenarios(table)) {
      entries.push({ table, name, description, tree: hash, isInBin });
    }
  }
  return entries;
}

async function* objectsOf(repository: Repository, kind: Kind): AsyncGenerator<string> {
  const objects = repository.objects[kind];
  for (let after = ''; ; ) {
    const page = await objects.ids({ after, limit: PAGE });
    if (page.length === 0) return;
    after = page.at(-1) ?? '';
    for (const hash of page) {
      const text = await repository.text(kind, hash);
      if (text !== undefined) yield text;
    }
  }
}
