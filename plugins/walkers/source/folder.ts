/** The folder of the walkers: which files are in it, and what is in them. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { type Position, sourceError } from './source-error.ts';

/** Bytes of one file. */
const MOST_BYTES = 256 * 1024;
export const LIBRARY = 'hub:walker';

/**
 * Files directly in the folder that may export walkers: `*.ts` but declarations and tests, in order of their names.
 * A folder that is not there has none.
 */
export async function walkerFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => /^[^.].*\.ts$/.test(name) && !/\.(d|test)\.ts$/.test(name)).sort();
}

/**
 * Reads a file of the folder.
 * @param path within the folder, with `/`.
 * @throws SourceError when it is not there, lies elsewhere behind a link, or is too large.
 */
export async function readWalkerFile(
  folder: string,
  path: string,
  from?: { readonly path: string; readonly at: Position },
): Promise<string> {
  const refuse = (reason: string) =>
    from === undefined ? sourceError(path, reason) : sourceError(from.path, `${path} ${reason}`, from.at);
  const [top, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]).catch(() => {
    throw refuse('cannot be found');
  });
  if (!file.startsWith(top + sep)) throw refuse('leads out of the folder of the walkers');
  const { size } = await stat(file);
  if (size > MOST_BYTES) throw refuse(`has ${size} bytes; at most ${MOST_BYTES} are taken`);
  const bytes = await readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, MOST_BYTES));
  } catch {
    throw refuse('is not UTF-8');
  }
}

/**
 * The file that an import means.
 * @returns its path within the folder, or `hub:walker`.
 * @throws SourceError for anything else.
 */
export function resolveImport(path: string, specifier: string, at: Position): string {
  if (specifier === LIBRARY) return LIBRARY;
  if (!/^\.\.?\//.test(specifier))
    throw sourceError(
      path,
      `cannot import ${specifier}: only hub:walker and files such as './shapes.ts'`,
      at,
    );
  if (!specifier.endsWith('.ts'))
    throw sourceError(path, `cannot import ${specifier}: the name of a file ends in .ts`, at);
  const resolved = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (resolved.startsWith('..') || /[\\%?#\0\s()]/.test(resolved))
    throw sourceError(path, `cannot import ${specifier}: it is not in the folder of the walkers`, at);
  return resolved;
}
