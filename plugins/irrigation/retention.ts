/** Forgets what is older than it is to be kept. */
import { LEVELS } from './buckets.ts';
import type { Field } from './field.ts';
import type { History } from './history.ts';
import type { Options } from './options.ts';
import type { Rollups } from './rollups.ts';

const DAY = 86_400_000;

export class Retention {
  readonly #field: Field;
  readonly #history: History;
  readonly #rollups: Rollups;
  readonly #options: Options;

  constructor(field: Field, history: History, rollups: Rollups, options: Options) {
    this.#field = field;
    this.#history = history;
    this.#rollups = rollups;
    this.#options = options;
  }

  async trim(now: number): Promise<void> {
    const raw = now - this.#options.rawDays * DAY;
    const rollup = now - this.#options.rollupDays * DAY;
    // What is not in the rollups yet must not be lost to them.
    await this.#rollups.flush();
    const [minutes, ...longer] = LEVELS;
    for (const { series } of this.#field.controllers.values()) {
      for (const { key } of series.values()) {
        await this.#history.trim(key, raw);
        await this.#rollups.trim(key, minutes, raw);
        for (const level of longer) await this.#rollups.trim(key, level, rollup);
      }
    }
  }
}
