/** The library that runs inside the isolates, as JavaScript. */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { keep, readKept } from '../kept.ts';

const FOLDER = new URL('../guest/', import.meta.url);
/** The module that the child calls. */
export const GUEST_ENTRY = './main.ts';

/** Code by the name that its modules import each other under. */
export function guestCode(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  const sources = names.map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));
  // Stripping takes a third of a child's start.
  const codes = readKept<readonly string[]>(sources) ?? stripped(sources);
  return new Map(names.map((name, i) => [`./${name}`, codes[i] ?? '']));
}

function stripped(sources: readonly string[]): readonly string[] {
  const codes = sources.map((source) => stripTypeScriptTypes(source));
  keep(sources, codes);
  return codes;
}
