/** Names of topics (`irrigation.soil_moisture`) and patterns for them: a name, a family (`irrigation.*`), or all (`*`). */
import { HubError } from '../../core/index.ts';

const MAX_NAME = 200;
/** Parts of a name: each is one look-up when an event is published. */
const MAX_PARTS = 10;
const NAME = /^[\w-]+(\.[\w-]+)*$/;

/** For schemas: at most so many characters. */
export const MAX_PATTERN = MAX_NAME + 2;

export function isName(text: string): boolean {
  return text.length <= MAX_NAME && NAME.test(text) && text.split('.').length <= MAX_PARTS;
}

export function isPattern(text: string): boolean {
  return text === '*' || isName(text.endsWith('.*') ? text.slice(0, -2) : text);
}

export function invalidPattern(text: string): HubError {
  const shown = text.slice(0, 60);
  return new HubError(
    'invalid_topic',
    `"${shown}" is no topic such as a.b, no family such as a.*, and not *`,
  );
}

/** All patterns that match a name, the narrowest first: `a.b.c`, `a.b.*`, `a.*`, `*`. */
export function patternsOf(name: string): readonly string[] {
  const patterns = [name];
  for (let end = name.lastIndexOf('.'); end !== -1; end = name.lastIndexOf('.', end - 1)) {
    patterns.push(`${name.slice(0, end)}.*`);
  }
  patterns.push('*');
  return patterns;
}

/** Whether everything that `narrow` matches is matched by `wide`, too. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true;
  return wide.endsWith('.*') && narrow.startsWith(wide.slice(0, -1));
}

/** The first part of a name or family: what the names of one plugin have in common. */
export function spaceOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}
