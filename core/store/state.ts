import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Low, Memory } from 'lowdb';
import { JsonFile, readAtStart } from './json-file.ts';
import { checkSynchronous } from './values.ts';

/** Small state that people may read and edit by hand: secrets, keys, settings. */
export interface State<T> {
  /** As it was last read or written; not to be changed outside `update`. */
  readonly data: T;
  /**
   * Changes the data and resolves once the file holds it; changes of one turn share one write. What somebody
   * else wrote into the file meanwhile is read first, and kept.
   * @param change gets a copy and alters it, synchronously; when it throws, that change alone is dropped.
   * @throws Error when the file was made unreadable meanwhile or cannot be written; the data stays as it was.
   */
  update(change: (data: T) => void): Promise<void>;
}

/**
 * Opens a JSON file, readable by its owner only; it is made with the first update.
 * @param file undefined: kept in memory only.
 * @param defaults the data of a new file, and members that an older file lacks.
 * @throws StartError naming the file and the position when it is no JSON object; it is left as it is.
 */
export async function openState<T extends object>(file: string | undefined, defaults: T): Promise<State<T>> {
  const adapter =
    file === undefined
      ? new Memory<T>()
      : new JsonFile<T>(resolve(file), {
          parse: (text) => ({ ...structuredClone(defaults), ...JSON.parse(text) }),
          format: (data) => `${JSON.stringify(data, null, 2)}\n`,
        });
  const low = new Low<T>(adapter, structuredClone(defaults));
  await readAtStart(low);
  return new LowState(low);
}

interface Waiting<T> extends PromiseWithResolvers<void> {
  readonly change: (data: T) => void;
}

class LowState<T> implements State<T> {
  readonly #low: Low<T>;
  #waiting: Waiting<T>[] = [];
  #running = false;

  constructor(low: Low<T>) {
    this.#low = low;
  }

  get data(): T {
    return this.#low.data;
  }

  update(change: (data: T) => void): Promise<void> {
    const waiting = { change, ...Promise.withResolvers<void>() };
    this.#waiting.push(waiting);
    if (!this.#running) void this.#run();
    return waiting.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await setImmediate();
      const group = this.#waiting.splice(0);
      try {
        await this.#write(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = false;
  }

  async #write(group: readonly Waiting<T>[]): Promise<void> {
    await this.#low.read();
    const before = this.#low.data;
    const changed = group.filter(({ change, reject }) => {
      try {
        const draft = structuredClone(this.#low.data);
        checkSynchronous(change(draft));
        this.#low.data = JSON.parse(JSON.stringify(draft)); // what reading the file will give
        return true;
      } catch (error) {
        reject(error);
        return false;
      }
    });
    if (changed.length === 0) return;
    try {
      await this.#low.write();
    } catch (error) {
      this.#low.data = before;
      throw error;
    }
    for (const { resolve } of changed) resolve();
  }
}
