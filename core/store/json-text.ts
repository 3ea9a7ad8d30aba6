/** Text of JSON objects, taken apart and put together without touching the text of the values in them. */

/** Members of an object in their order, later ones of the same name winning, each as the text it is. */
export function splitMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const afterName = stringEnd(text, at);
    const start = skipSpace(text, skipSpace(text, afterName) + 1); // over the colon
    const end = valueEnd(text, start);
    members.set(JSON.parse(text.slice(at, afterName)), text.slice(start, end).trimEnd());
    at = text[end] === ',' ? skipSpace(text, end + 1) : end;
  }
  return members;
}

/** One member a line. @param depth how deep the object itself is indented. */
export function joinMembers(members: Iterable<readonly [string, string]>, depth = 0): string {
  const lines: string[] = [];
  const indent = '  '.repeat(depth);
  for (const [name, text] of members) lines.push(`${indent}  ${JSON.stringify(name)}: ${text}`);
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${indent}}`;
}

/**
 * Parses what a person may have edited.
 * @throws Error with the file, the line and the column, but nothing of the content: it may be secret.
 */
export function parseFile(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const before = text.slice(0, errorOffset(text)).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    throw new Error(`${file}:${before.length}:${column}: not valid JSON; correct it, it was left as it is`);
  }
}

/** First characters of values. */
const VALUE = '{["-0123456789tfn';

/** Where a text stops being JSON. V8 says so for some mistakes only, and quotes the content for the others. */
function errorOffset(text: string): number {
  const closers: string[] = [];
  let allowed = VALUE; // first characters of what may come next; none: only the end
  for (let at = skipSpace(text, 0); ; at = skipSpace(text, at)) {
    const first = text[at];
    if (first === undefined || !allowed.includes(first)) return at;
    const isName = !allowed.includes('{');
    const end = tokenEnd(text, at);
    if (first === '{' || first === '[') {
      closers.push(first === '{' ? '}' : ']');
      allowed = first === '{' ? '"}' : `]${VALUE}`;
    } else if (first === ',' || first === ':') {
      allowed = first === ',' && closers.at(-1) === '}' ? '"' : VALUE;
    } else {
      if (first === '}' || first === ']') closers.pop();
      else if (!isJson(text.slice(at, end))) return at;
      const closer = closers.at(-1);
      if (isName && first === '"') allowed = ':';
      else allowed = closer === undefined ? '' : `,${closer}`;
    }
    at = end;
  }
}

function tokenEnd(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at);
  const word = /[\w.+-]+/y; // a number, true, false or null
  word.lastIndex = at;
  return word.test(text) ? word.lastIndex : at + 1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** After the quote that closes the string opened at `at`; the end of the text when none does. */
function stringEnd(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Where the object that holds the value at `at` goes on: at a comma or its closing brace. */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = stringEnd(text, i) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return i;
    else if (character === '}' || character === ']') depth--;
  }
  return text.length;
}

function skipSpace(text: string, at: number): number {
  let i = at;
  while (text[i] === ' ' || text[i] === '\n' || text[i] === '\r' || text[i] === '\t') i++;
  return i;
}
