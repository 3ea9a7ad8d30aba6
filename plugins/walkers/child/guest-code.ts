/** The library that runs inside the isolates, as JavaScript. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const FOLDER = new URL('../guest/', import.meta.url);
/** The module that the child calls. */
export const GUEST_ENTRY = './main.ts';

/** Code by the name that its modules import each other under. */
export function guestCode(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  const sources = names.map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));
  const codes = kept(sources, () => sources.map((source) => stripTypeScriptTypes(source)));
  return new Map(names.map((name, i) => [`./${name}`, codes[i] ?? '']));
}

/** Beside Node's own cache of compiled code, where there is one: stripping takes a third of a child's start. */
function kept(sources: readonly string[], make: () => readonly string[]): readonly string[] {
  const folder = getCompileCacheDir();
  if (folder === undefined) return make();
  const hash = createHash('sha256').update(JSON.stringify(sources)).digest('hex');
  const file = join(folder, `walkers-${hash.slice(0, 16)}.json`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    const codes = make();
    keep(file, JSON.stringify(codes));
    return codes;
  }
}

/** A rename is atomic: another child that starts now finds the whole file or none. */
function keep(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch {
    // The folder cannot be written: the next child strips again.
  }
}
