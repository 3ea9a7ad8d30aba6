import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Adapter, Low } from 'lowdb';
import { messageOf, StartError } from '../errors.ts';
import { parseFile } from './json-text.ts';

/** How the data of a file is written. */
export interface JsonFormat<T> {
  /** @param text a JSON object. @throws Error saying what is wrong with it. */
  parse(text: string): T;
  format(data: T): string;
}

/**
 * lowdb's adapter for a file that may hold secrets and that people may edit. lowdb's own one creates files that
 * others may read, and quotes the content in its errors.
 */
export class JsonFile<T> implements Adapter<T> {
  readonly #file: string;
  readonly #format: JsonFormat<T>;

  /** @param file its full path. */
  constructor(file: string, format: JsonFormat<T>) {
    this.#file = file;
    this.#format = format;
  }

  /**
   * @returns null when there is no such file.
   * @throws Error naming the file, and the position where it is no JSON object.
   */
  async read(): Promise<T | null> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
    text = text.replace(/^\uFEFF/, ''); // some editors put a mark before UTF-8
    const parsed = parseFile(text, this.#file);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new Error(`${this.#file}: expected a JSON object; correct it, it was left as it is`);
    }
    try {
      return this.#format.parse(text);
    } catch (cause) {
      throw new Error(`${this.#file}: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * Replaces the file: whatever happens meanwhile, a reader finds the old content or the new one. One call at a
   * time; other processes may write the same file, the last one wins.
   */
  async write(data: T): Promise<void> {
    const text = this.#format.format(data);
    const folder = dirname(this.#file);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // The process id keeps two processes apart, and what a killed one leaves behind to a single file.
    const temporary = join(folder, `.${basename(this.#file)}.${process.pid}.tmp`);
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    await rename(temporary, this.#file);
  }
}

/** @throws StartError when it cannot be read. */
export async function readAtStart<T>(low: Low<T>): Promise<void> {
  try {
    await low.read();
  } catch (cause) {
    throw new StartError(messageOf(cause), { cause });
  }
}
