/** What others ask of the history: rollups over intervals, and raw rows, as values. */
import { HubError } from '../../core/index.ts';
import type { Bucket } from './buckets.ts';
import type { Series } from './field.ts';
import type { FoundRow, History, RowRange } from './history.ts';
import type { Rollups } from './rollups.ts';
import { toValue } from './sensors.ts';

/** Intervals of one answer. */
const MAX_INTERVALS = 10_000;
const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: MINUTE,
  h: 60 * MINUTE,
  d: 1_440 * MINUTE,
  w: 10_080 * MINUTE,
};

/** Values of an interval. Without believed readings there are no `min`, `mean` and `max`. */
export interface Interval {
  /** Unix ms. */
  readonly from: number;
  readonly min?: number;
  readonly mean?: number;
  readonly max?: number;
  readonly count: number;
  /** Readings that cannot be true; they are in none of the others. */
  readonly marked: number;
}

export class Queries {
  readonly #history: History;
  readonly #rollups: Rollups;

  constructor(history: History, rollups: Rollups) {
    this.#history = history;
    this.#rollups = rollups;
  }

  /**
   * Intervals with readings, in order, placed by when the readings were made.
   * @param from Unix ms; the interval it lies in is the first one. @param to Unix ms, exclusive. @param every ms, whole minutes.
   * @throws HubError `invalid_request` when there are too many.
   */
  async intervals(series: Series, from: number, to: number, every: number): Promise<Interval[]> {
    const begin = Math.floor(from / every) * every;
    if ((to - begin) / every > MAX_INTERVALS) {
      throw new HubError(
        'invalid_request',
        `every: more than ${MAX_INTERVALS} intervals; ask for longer ones`,
      );
    }
    const buckets = await this.#rollups.read(series.key, begin, to, every);
    if (buckets === undefined) {
      throw new HubError('invalid_request', 'every: over so long a time, expected whole hours or days');
    }
    return [...buckets].map(([at, bucket]) => intervalOf(series, at, bucket));
  }

  /** Raw rows in order of arrival. */
  rows(series: Series, range: RowRange): Promise<FoundRow[]> {
    return this.#history.rows(series.key, range);
  }
}

function intervalOf({ sensor }: Series, from: number, { count, min, max, sum, marked }: Bucket): Interval {
  if (count === 0) return { from, count, marked };
  const ends = [toValue(sensor, min), toValue(sensor, max)];
  return {
    from,
    min: Math.min(...ends),
    mean: toValue(sensor, sum / count),
    max: Math.max(...ends),
    count,
    marked,
  };
}

/** @returns ms. @throws HubError `invalid_request`. */
export function readEvery(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms > 0 && ms % MINUTE === 0 && ms <= 3_660 * 1_440 * MINUTE) return ms;
  throw new HubError(
    'invalid_request',
    `every: expected whole minutes, such as 1m, 15m, 1h or 1d, found "${text.slice(0, 20)}"`,
  );
}

/** @returns Unix ms. @throws HubError `invalid_request`. */
export function readTime(name: string, text: string): number {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new HubError(
    'invalid_request',
    `${name}: expected Unix milliseconds or a time as in ISO 8601, found "${text.slice(0, 40)}"`,
  );
}
