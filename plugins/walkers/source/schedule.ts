/** `specs.schedule`: what may be in it. When it has ticks is in timetable.ts. */
import { compile, explain, type Static, Type } from '../../../core/index.ts';
import { ID_PATTERNS, PUBLIC_ROOT } from '../graph/records.ts';
import { intervalOf, timetableOf } from './timetable.ts';

/** A number, or an expression of cron such as `1,15` or a step such as every fifth. */
const Field = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[\\d*,/L-]{1,100}$' })]);
const Names = Type.String({ pattern: '^[A-Za-z*,/#L\\d-]{1,100}$' });
const Moment = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d)?(Z|[+-]\\d\\d:\\d\\d)?)?$',
  description: 'ISO 8601.',
});
const Amount = Type.Integer({ default: 0, minimum: 0, maximum: 1_000_000 });
const common = {
  start_date: Type.Optional(Moment),
  end_date: Type.Optional(Moment),
  timezone: Type.Optional(Type.String({ description: 'Such as `Europe/Berlin`. Default: of the machine.' })),
  root_id: Type.String({ default: PUBLIC_ROOT, pattern: ID_PATTERNS.root }),
  node: Type.Optional(Type.String({ pattern: ID_PATTERNS.node })),
  context: Type.Record(Type.String(), Type.Unknown(), { default: {} }),
};
const closed = { additionalProperties: false };

const SCHEMAS = {
  cron: Type.Object(
    {
      trigger: Type.Literal('cron'),
      year: Type.Optional(Field),
      month: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 12 }), Names])),
      day: Type.Optional(Field),
      // By name: whether a week begins with 0 for Monday or for Sunday is not the same everywhere.
      day_of_week: Type.Optional(Type.String({ pattern: '^[A-Za-z*,-]{1,40}$' })),
      hour: Type.Optional(Field),
      minute: Type.Optional(Field),
      second: Type.Optional(Field),
      ...common,
    },
    closed,
  ),
  interval: Type.Object(
    {
      trigger: Type.Literal('interval'),
      weeks: Amount,
      days: Amount,
      hours: Amount,
      minutes: Amount,
      seconds: Amount,
      ...common,
    },
    closed,
  ),
  date: Type.Object({ trigger: Type.Literal('date'), run_date: Moment, ...common }, closed),
} as const;
export type Schedule = Static<(typeof SCHEMAS)[keyof typeof SCHEMAS]>;
export type CronSchedule = Static<typeof SCHEMAS.cron>;
export type IntervalSchedule = Static<typeof SCHEMAS.interval>;

const validators = {
  cron: compile(SCHEMAS.cron),
  interval: compile(SCHEMAS.interval),
  date: compile(SCHEMAS.date),
};

/** A schedule as it is written in the specs, completed; or what is wrong with it. */
export function readSchedule(
  given: Readonly<Record<string, unknown>> & { readonly trigger: keyof typeof SCHEMAS },
): { readonly schedule: Schedule } | { readonly problem: string } {
  // A copy: the check fills in defaults.
  const schedule: unknown = structuredClone(given);
  const validate = validators[given.trigger];
  if (!validate(schedule)) return { problem: explain(validate.errors) };
  if (schedule.trigger === 'interval' && intervalOf(schedule) === 0)
    return { problem: 'an interval needs weeks, days, hours, minutes or seconds' };
  const { start_date, end_date } = schedule;
  const run_date = schedule.trigger === 'date' ? schedule.run_date : undefined;
  for (const [name, moment] of Object.entries({ run_date, start_date, end_date })) {
    if (moment !== undefined && !isOnCalendar(moment))
      return { problem: `/${name} must be a moment that there is, found "${moment}"` };
  }
  try {
    // Asked for a tick, because a time zone is looked at only then.
    timetableOf(schedule)(0, 0);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  return { schedule };
}

const DATE_LENGTH = '2026-01-01'.length;

/** Whether the day is one of its month, and the time one of the day: parsers let the 30th of February pass. */
function isOnCalendar(moment: string): boolean {
  const [local = ''] = moment.split(/Z|[+-]\d\d:\d\d$/);
  const at = new Date(local.length > DATE_LENGTH ? `${local}Z` : local);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(local.slice(0, 16));
}
