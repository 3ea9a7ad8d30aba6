/** The library that runs inside the isolates, as JavaScript. */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

const FOLDER = new URL('../guest/', import.meta.url);
/** The module that the child calls. */
export const GUEST_ENTRY = './main.ts';

/** Code by the name that its modules import each other under. */
export function guestCode(): ReadonlyMap<string, string> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
  return new Map(
    names.map((name) => [`./${name}`, stripTypeScriptTypes(readFileSync(new URL(name, FOLDER), 'utf8'))]),
  );
}
