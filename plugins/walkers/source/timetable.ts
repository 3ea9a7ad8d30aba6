/** When a schedule has its ticks. */
import { Cron } from 'croner';
import type { CronSchedule, IntervalSchedule, Schedule } from './schedule.ts';

/**
 * The first tick after `last` that is not before `from`; undefined: there are no more. All are Unix ms.
 * @param last of an interval without a start: the tick that it goes on from.
 */
export type Timetable = (last: number, from: number) => number | undefined;

/** @throws Error when there can be no such schedule. */
export function timetableOf(schedule: Schedule): Timetable {
  const { start_date, end_date, timezone } = schedule;
  const zone = timezone === undefined ? {} : { timezone };
  if (schedule.trigger === 'cron') {
    const cron = new Cron(patternOf(schedule), {
      ...zone,
      domAndDow: true,
      paused: true,
      ...(start_date !== undefined && { startAt: momentOf(start_date) }),
      ...(end_date !== undefined && { stopAt: momentOf(end_date) }),
    });
    return (last, from) => cron.nextRun(new Date(Math.max(last, from - 1)))?.getTime();
  }
  const timeOf = (moment: string) =>
    new Cron(momentOf(moment), { ...zone, paused: true }).nextRun(new Date(0))?.getTime();
  const start = start_date === undefined ? undefined : timeOf(start_date);
  const end = (end_date === undefined ? undefined : timeOf(end_date)) ?? Number.POSITIVE_INFINITY;
  if (schedule.trigger === 'date') {
    const only = timeOf(schedule.run_date) ?? 0;
    return (last, from) =>
      only > last && only >= from && only >= (start ?? 0) && only < end ? only : undefined;
  }
  const every = intervalOf(schedule);
  return (last, from) => {
    const origin = start ?? last;
    const after = Math.floor((last - origin) / every) + 1;
    const tick = origin + Math.max(after, Math.ceil((from - origin) / every), 0) * every;
    return tick < end ? tick : undefined;
  };
}

/**
 * The ticks from `from` on and before `to`, in Unix ms. An interval without a start begins at `from`, and has its first tick one
 * interval later.
 */
export function* ticksOf(schedule: Schedule, from: number, to: number): Generator<number> {
  const next = timetableOf(schedule);
  const begins = schedule.trigger === 'interval' && schedule.start_date === undefined;
  let at = next(begins ? from : from - 1, from);
  while (at !== undefined && at < to) {
    yield at;
    at = next(at, from);
  }
}

/** In ms; 0: it has none. */
export function intervalOf({ weeks, days, hours, minutes, seconds }: IntervalSchedule): number {
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** From the smallest to the largest: those below the smallest one given are at their least, others are any. */
const CRON_FIELDS = ['second', 'minute', 'hour', 'day', 'month'] as const;
const LEAST = { second: 0, minute: 0, hour: 0, day: 1, month: 1 } as const;

function patternOf(schedule: CronSchedule): string {
  let isBelow = true;
  const fields = CRON_FIELDS.map((name) => {
    const given = schedule[name];
    if (given !== undefined) isBelow = false;
    // A weekday is a day.
    if (name === 'day' && schedule.day_of_week !== undefined) isBelow = false;
    return given ?? (isBelow ? LEAST[name] : '*');
  });
  const { day_of_week: weekday = '*', year = '*' } = schedule;
  return [...fields, weekday, year].join(' ');
}

const DATE_LENGTH = '2026-01-01'.length;
const NO_TIME = 'T00:00:00';

/** With a zone of its own a moment is what it is; without, it is one of the schedule's time zone, in full. */
function momentOf(moment: string): string | Date {
  const time = moment.slice(DATE_LENGTH);
  return /Z|[+-]/.test(time) ? new Date(moment) : moment + NO_TIME.slice(time.length);
}
