/** Minimum, mean, maximum and count of raw readings by the minute, hour and day. */

/** Of the raw records: what they mean may be configured anew at any time. */
export interface Bucket {
  /** Believed readings. */
  count: number;
  min: number;
  max: number;
  sum: number;
  /** Readings that are marked as impossible: they are counted here and nowhere else. */
  marked: number;
}

export interface Level {
  readonly name: 'm' | 'h' | 'd';
  /** Length of a bucket, ms. */
  readonly ms: number;
  /** Buckets of a document. */
  readonly perChunk: number;
}

const MINUTE = 60_000;
export const LEVELS: readonly [Level, Level, Level] = [
  { name: 'm', ms: MINUTE, perChunk: 60 },
  { name: 'h', ms: 60 * MINUTE, perChunk: 24 },
  { name: 'd', ms: 1_440 * MINUTE, perChunk: 32 },
];

/** Buckets by their number since 1970, as JSON: `[number, count, min, max, sum, marked]`. */
export type Chunk = readonly (readonly [number, number, number, number, number, number])[];

export function emptyBucket(): Bucket {
  return { count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, sum: 0, marked: 0 };
}

export function addRecord(bucket: Bucket, record: number, isMarked: boolean): void {
  if (isMarked) {
    bucket.marked++;
    return;
  }
  bucket.count++;
  bucket.sum += record;
  if (record < bucket.min) bucket.min = record;
  if (record > bucket.max) bucket.max = record;
}

export function merge(into: Bucket, from: Bucket): void {
  into.count += from.count;
  into.sum += from.sum;
  into.marked += from.marked;
  if (from.min < into.min) into.min = from.min;
  if (from.max > into.max) into.max = from.max;
}

export function toChunk(buckets: ReadonlyMap<number, Bucket>): Chunk {
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .map(([number, { count, min, max, sum, marked }]) =>
      // JSON knows no infinity.
      count === 0 ? [number, 0, 0, 0, 0, marked] : [number, count, min, max, sum, marked],
    );
}

export function fromChunk(chunk: Chunk): Map<number, Bucket> {
  return new Map(
    chunk.map(([number, count, min, max, sum, marked]) => [
      number,
      count === 0 ? { ...emptyBucket(), marked } : { count, min, max, sum, marked },
    ]),
  );
}
