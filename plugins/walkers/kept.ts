/** What takes long to make and is the same at the next start: kept beside Node's own cache of compiled code, where there is one. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';

/** @param from all that it is made from; the version of Node is that of the folder. @returns undefined: it is not kept. */
export function readKept<T>(from: unknown): T | undefined {
  const file = fileOf(from);
  if (file === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A rename is atomic: another process that starts meanwhile finds the whole file or none. @param made anything JSON. */
export function keep(from: unknown, made: unknown): void {
  const file = fileOf(from);
  if (file === undefined) return;
  const unfinished = `${file}.${process.pid}`;
  try {
    writeFileSync(unfinished, JSON.stringify(made));
    renameSync(unfinished, file);
  } catch {
    // The folder cannot be written: it is made again next time.
  }
}

function fileOf(from: unknown): string | undefined {
  const folder = getCompileCacheDir();
  if (folder === undefined) return undefined;
  const hash = createHash('sha256').update(JSON.stringify(from)).digest('hex');
  return join(folder, `walkers-${hash.slice(0, 32)}.json`);
}
