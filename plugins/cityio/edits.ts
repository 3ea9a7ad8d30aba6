/** What changes do to a table, and what they may not. */
import { HubError } from '../../core/index.ts';
import { fitCells, type NewModule } from './grid.ts';
import type { Options } from './options.ts';
import type { Hashes, Repository, StoredObject } from './repository.ts';
import type { TableState } from './table-state.ts';

/** What a change does to a table. */
export interface Edit {
  readonly put?: ReadonlyMap<string, NewModule>;
  readonly remove?: readonly string[];
}

/** A table as it would be after an edit. */
interface Edited {
  readonly hashes: Hashes;
  /** The modules that it did not have before. */
  readonly blobs: readonly StoredObject[];
}

/** First parts of paths that mean something else than a table. */
const RESERVED: ReadonlySet<string> = new Set(['list', 'headers', 'raw']);
/** What a URL can hold as one part; control characters and slashes would be a trap for people. */
const NAME = /^[^\p{Cc}/]{1,100}$/u;
/** Characters of a module's key: a router looks at no more of one part of a path. */
const MAX_KEY = 100;
const NO_MODULES: ReadonlyMap<string, NewModule> = new Map();

/** Whether a table can have this name. */
export function isTableName(name: string): boolean {
  return NAME.test(name) && !RESERVED.has(name.toLowerCase());
}

/** @throws HubError `invalid_name`. */
export function assertTableName(name: string): void {
  if (isTableName(name)) return;
  throw new HubError(
    'invalid_name',
    `the name of a table must have 1 to 100 characters, no "/", no control characters, and not be ${[...RESERVED].join(', ')}`,
  );
}

/**
 * @param before undefined: the table is new.
 * @throws HubError when the result would not be a table, or exceed a limit.
 */
export async function edited(
  before: TableState | undefined,
  { put = NO_MODULES, remove = [] }: Edit,
  repository: Repository,
  options: Options,
): Promise<Edited> {
  const removed = new Set(remove);
  const modules = await fitCells(put, before, removed, repository);
  const hashes = new Map(before?.hashes);
  for (const key of removed) hashes.delete(key);
  for (const [key, { hash }] of modules) hashes.set(key, hash);
  checkModules(modules, hashes.size, before, options);
  const changed = [...modules].filter(([key, { hash }]) => before?.hashes.get(key) !== hash);
  return { hashes, blobs: changed.map(([, { text, hash }]) => ({ kind: 'blob', text, hash })) };
}

function checkModules(
  modules: ReadonlyMap<string, NewModule>,
  count: number,
  before: TableState | undefined,
  { bodyBytes, modulesPerTable }: Options,
): void {
  for (const [key, { text }] of modules) {
    if (key === '' || key.length > MAX_KEY) {
      throw new HubError('invalid_name', `the key of a module must have 1 to ${MAX_KEY} characters`);
    }
    if (text.length <= bodyBytes) continue;
    throw new HubError(
      'module_too_large',
      `${key} has ${text.length} bytes, at most ${bodyBytes} are kept`,
      413,
    );
  }
  if (count <= modulesPerTable || count <= (before?.hashes.size ?? 0)) return;
  throw new HubError(
    'too_many_modules',
    `a table may have ${modulesPerTable} modules, this one would have ${count}`,
    403,
  );
}
