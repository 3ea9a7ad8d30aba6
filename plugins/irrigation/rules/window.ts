/** What the last minutes of a sensor come to. */
import type { Series } from '../field.ts';
import type { Interval, Queries } from '../queries.ts';

const MINUTE = 60_000;

type Window = Omit<Interval, 'from'>;

/** @param series undefined: a sensor that never said anything. @param now Unix ms; nothing after it is looked at but the rest of its minute. */
export async function windowOf(
  queries: Queries,
  series: Series | undefined,
  minutes: number,
  now: number,
): Promise<Window> {
  if (series === undefined) return { count: 0, marked: 0 };
  const end = (Math.floor(now / MINUTE) + 1) * MINUTE;
  const intervals = await queries.intervals(series, end - minutes * MINUTE, end, MINUTE);
  const count = intervals.reduce((sum, one) => sum + one.count, 0);
  const marked = intervals.reduce((sum, one) => sum + one.marked, 0);
  if (count === 0) return { count, marked };
  const sum = intervals.reduce((sum, one) => sum + (one.mean ?? 0) * one.count, 0);
  const min = Math.min(...intervals.flatMap((one) => one.min ?? []));
  const max = Math.max(...intervals.flatMap((one) => one.max ?? []));
  return { min, mean: sum / count, max, count, marked };
}
