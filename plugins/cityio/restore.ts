/** Takes a dump in: what it has is added to the store, and the tables it names become what they were. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { compile, explain, HubError, type Static, type TSchema, type Validator } from '../../core/index.ts';
import type { CityIO } from './cityio.ts';
import { CommitEntry, ScenarioEntry, TableEntry, TreeEntry } from './dump.ts';
import { assertTableName } from './edits.ts';
import { type Json, moduleText, parseJson } from './json-text.ts';
import type { Protection } from './protection.ts';
import { commitObject, type StoredObject, treeObject } from './repository.ts';
import type { Scenario } from './tags.ts';

type Section = 'blob' | 'tree' | 'commit' | 'tag';
export const SECTIONS: readonly Section[] = ['blob', 'tree', 'commit', 'tag'];

const isTree = compile(TreeEntry);
const isCommit = compile(CommitEntry);
const isTable = compile(TableEntry);
const isScenario = compile(ScenarioEntry);

/** Objects written at a time, and characters of them. */
const BATCH = 200;
const BATCH_LENGTH = 8_388_608;

export class Restore {
  readonly #city: CityIO;
  readonly #commits = new Map<string, string>();
  readonly #scenarios = new Map<string, Scenario[]>();
  #batch: StoredObject[] = [];
  #length = 0;

  constructor(city: CityIO) {
    this.#city = city;
  }

  /**
   * @param where names the entry in errors.
   * @throws HubError `invalid_dump` when it is not what its section holds.
   */
  async add(section: Section, entry: Json, where: string): Promise<void> {
    switch (section) {
      case 'blob':
        return this.#save({ kind: 'blob', ...moduleText(entry) });
      case 'tree':
        return this.#save(treeObject(new Map(Object.entries(checked(isTree, entry, where)))));
      case 'commit':
        return this.#save(commitObject(checked(isCommit, entry, where)));
      case 'tag':
        return this.#tag(entry, where);
    }
  }

  /**
   * Sets the tags, once everything they refer to was found.
   * @throws HubError when something was not; no table has changed then.
   */
  async finish(): Promise<void> {
    await this.#flush();
    const { repository, tables, writer } = this.#city;
    const added = [...this.#commits.keys()].filter((name) => tables.find(name) === undefined);
    for (const name of added) assertTableName(name);
    writer.assertRoom(added.length);
    for (const commit of this.#commits.values()) await writer.contentOf(commit);
    for (const [table, scenarios] of this.#scenarios) {
      if (!this.#commits.has(table)) {
        throw new HubError(
          'invalid_dump',
          `tag: the table ${JSON.stringify(table)} of a scenario has no tag itself`,
        );
      }
      for (const { name, hash } of scenarios) {
        if ((await repository.completeTree(hash)) !== undefined) continue;
        throw new HubError(
          'invalid_dump',
          `tag: the tree of scenario ${JSON.stringify(name)}, or a blob of it, is missing`,
        );
      }
    }
    for (const [table, commit] of this.#commits) {
      await writer.moveTo(table, commit);
      await writer.changeScenarios(table, () => this.#scenarios.get(table) ?? []);
    }
  }

  async #save(object: StoredObject): Promise<void> {
    this.#batch.push(object);
    this.#length += object.text.length;
    if (this.#batch.length >= BATCH || this.#length >= BATCH_LENGTH) await this.#flush();
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#length = 0;
    await this.#city.repository.save(batch);
  }

  #tag(entry: Json, where: string): void {
    if (typeof entry === 'object' && entry !== null && 'table' in entry) {
      const { table, name, description, tree, isInBin } = checked(isScenario, entry, where);
      const scenarios = this.#scenarios.get(table) ?? [];
      this.#scenarios.set(table, [...scenarios, { name, description, hash: tree, isInBin }]);
      return;
    }
    const { name, commit } = checked(isTable, entry, where);
    const same = [...this.#commits.keys()].find((other) => other.toLowerCase() === name.toLowerCase());
    if (same !== undefined) {
      throw new HubError(
        'invalid_dump',
        `${where}: there is a tag "${same}" already; names differ in more than case`,
      );
    }
    this.#commits.set(name, commit);
  }
}

/**
 * Reads a file that `dumpStream` made, line by line.
 * @throws HubError `invalid_dump` or `invalid_json`, naming the line.
 */
export async function restoreFile(file: string, restore: Restore, protection: Protection): Promise<void> {
  const release = await protection.hold();
  try {
    let section: Section | undefined;
    let number = 0;
    let isWhole = false;
    for await (const line of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number++;
      const where = `${file}:${number}`;
      const next = SECTIONS.find((name) => line === `{"${name}":[` || line === `],"${name}":[`);
      if (next !== undefined) section = next;
      else if (line === ']}') isWhole = true;
      else if (line !== '') {
        if (section === undefined) {
          throw new HubError(
            'invalid_dump',
            `${where}: expected {"blob":[ as in a file that the command "dump" made`,
          );
        }
        const text = line.endsWith(',') ? line.slice(0, -1) : line;
        await restore.add(section, parseJson(Buffer.from(text), where), where);
      }
    }
    if (!isWhole) throw new HubError('invalid_dump', `${file} ends early: expected ]} on its last line`);
    await restore.finish();
  } finally {
    await release();
  }
}

function checked<S extends TSchema>(isValid: Validator<S>, entry: Json, where: string): Static<S> {
  if (isValid(entry)) return entry;
  throw new HubError('invalid_dump', `${where}: ${explain(isValid.errors)}`);
}
