import { setImmediate } from 'node:timers/promises';
import { type Adapter, Low } from 'lowdb';
import { compareIds, idBounds } from './ids.ts';
import { readAtStart } from './json-file.ts';
import type { IdRange } from './port.ts';

interface Waiting extends PromiseWithResolvers<void> {
  readonly undo: () => void;
}

/** The rows of one file. Changes are made in memory at once; those of a turn of the event loop share one write. */
export class LowTable<R> {
  readonly #low: Low<Map<string, R>>;
  #waiting: Waiting[] = [];
  #running = false;
  readonly #checkOpen: () => void;
  #sorted: readonly string[] | undefined;

  /** @param checkOpen throws once the store is closed. */
  constructor(adapter: Adapter<Map<string, R>>, checkOpen: () => void) {
    this.#low = new Low(adapter, new Map<string, R>());
    this.#checkOpen = checkOpen;
  }

  /** @throws StartError naming the file when it cannot be read. */
  async load(): Promise<void> {
    await readAtStart(this.#low);
  }

  get(id: string): R | undefined {
    this.#checkOpen();
    return this.#low.data.get(id);
  }

  ids(range?: IdRange): string[] {
    this.#checkOpen();
    const { from, below, limit } = idBounds(range);
    this.#sorted ??= [...this.#low.data.keys()].sort(compareIds);
    const ids: string[] = [];
    for (const id of this.#sorted) {
      if (ids.length >= limit || (below !== undefined && compareIds(id, below) >= 0)) break;
      if (compareIds(id, from) >= 0) ids.push(id);
    }
    return ids;
  }

  /** Sets rows (undefined: removes them) and resolves once the file holds that. */
  set(changes: readonly (readonly [id: string, row: R | undefined])[]): Promise<void> {
    this.#checkOpen();
    if (changes.length === 0) return this.settled();
    const before = changes.map(([id, row]) => [id, this.#replace(id, row)] as const);
    return this.saved(() => {
      for (const [id, row] of before.reverse()) this.#replace(id, row);
    });
  }

  /**
   * Resolves once the file holds what the rows are now. If it cannot be written, every change that it lacks is
   * taken back, newest first, and the promises of all of them reject.
   * @param undo takes back the change that was just made.
   */
  saved(undo: () => void): Promise<void> {
    const waiting = { undo, ...Promise.withResolvers<void>() };
    this.#waiting.push(waiting);
    if (!this.#running) void this.#run();
    return waiting.promise;
  }

  /** Resolves once the file holds every change made so far. */
  settled(): Promise<void> {
    return this.#running ? this.saved(() => {}) : Promise.resolve();
  }

  #replace(id: string, row: R | undefined): R | undefined {
    const before = this.#low.data.get(id);
    if ((before === undefined) !== (row === undefined)) this.#sorted = undefined;
    if (row === undefined) this.#low.data.delete(id);
    else this.#low.data.set(id, row);
    return before;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await setImmediate();
      const group = this.#waiting.splice(0);
      try {
        await this.#low.write();
        for (const { resolve } of group) resolve();
      } catch (error) {
        const lost = [...group, ...this.#waiting.splice(0)].reverse();
        for (const { undo } of lost) undo();
        for (const { reject } of lost) reject(error);
      }
    }
    this.#running = false;
  }
}
