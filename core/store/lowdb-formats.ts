/** What the files of the lowdb store look like. */
import { isUtf8 } from 'node:buffer';
import type { JsonFormat } from './json-file.ts';
import { joinMembers, splitMembers } from './json-text.ts';

/** `{ "<id>": <value>, … }`, each value as the text it was stored as. */
export const DOCUMENTS: JsonFormat<Map<string, string>> = {
  parse: (text) => splitMembers(text),
  format: (rows) => `${joinMembers(rows)}\n`,
};

export interface LogRow {
  /** The sequence number that was given out last; 0: none. */
  last: number;
  /** Texts in ascending order of their sequence numbers. */
  entries: Map<number, string>;
}

/** `{ "<key>": { "last": 12, "entries": { "11": <value>, "12": <value> } }, … }` */
export const LOG: JsonFormat<Map<string, LogRow>> = {
  parse(text) {
    const rows = new Map<string, LogRow>();
    for (const [key, row] of splitMembers(text)) rows.set(key, parseLogRow(key, row));
    return rows;
  },
  format(rows) {
    const members = new Map<string, string>();
    for (const [key, { last, entries }] of rows) {
      const texts = joinMembers(
        [...entries].map(([sequence, text]) => [String(sequence), text] as const),
        2,
      );
      const fields = { last: String(last), entries: texts };
      members.set(key, joinMembers(Object.entries(fields), 1));
    }
    return `${joinMembers(members)}\n`;
  },
};

function parseLogRow(key: string, text: string): LogRow {
  const fields = text.startsWith('{') ? splitMembers(text) : undefined;
  const last = Number(fields?.get('last'));
  const texts = fields?.get('entries');
  if (texts?.startsWith('{') !== true || !Number.isSafeInteger(last) || last < 0) {
    throw new Error(
      `${JSON.stringify(key)}: expected an object with "last", a whole number, and "entries", an object`,
    );
  }
  const entries = [...splitMembers(texts)].map(([sequence, value]) => [Number(sequence), value] as const);
  for (const [sequence] of entries) {
    if (Number.isSafeInteger(sequence) && sequence >= 1 && sequence <= last) continue;
    throw new Error(`${JSON.stringify(key)}: expected entries to be called 1 to ${last}, as "last" says`);
  }
  return { last, entries: new Map(entries.sort(([a], [b]) => a - b)) };
}

/** `{ "<hash>": { "text": "…" }, "<hash>": { "base64": "…" }, … }` */
export const BLOBS: JsonFormat<Map<string, Uint8Array>> = {
  parse(text) {
    const rows = new Map<string, Uint8Array>();
    for (const [hash, row] of splitMembers(text)) rows.set(hash, parseBlob(hash, JSON.parse(row)));
    return rows;
  },
  format(rows) {
    const members = [...rows].map(([hash, content]) => {
      const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      const row = isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
      return [hash, JSON.stringify(row)] as const;
    });
    return `${joinMembers(members)}\n`;
  },
};

function parseBlob(hash: string, row: unknown): Uint8Array {
  if (typeof row === 'object' && row !== null) {
    if ('text' in row && typeof row.text === 'string') return Buffer.from(row.text, 'utf8');
    if ('base64' in row && typeof row.base64 === 'string') return Buffer.from(row.base64, 'base64');
  }
  throw new Error(`${JSON.stringify(hash)}: expected an object with "text" or "base64"`);
}
