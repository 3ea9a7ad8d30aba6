/** Walkers that run by the clock. */
import { Cron } from 'croner';
import { compile, explain, type Hub, type Static, Type } from '../../core/index.ts';
import { callerOfRoot } from './callers.ts';
import type { Engine } from './engine.ts';
import { ID_PATTERNS, PUBLIC_ROOT } from './graph/records.ts';
import type { LoadedWalker } from './runtime/library.ts';

/** A number, or an expression of cron such as `1,15` or a step such as every fifth. */
const Field = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[\\d*,/L-]{1,100}$' })]);
const Names = Type.String({ pattern: '^[A-Za-z*,/#L\\d-]{1,100}$' });
const Moment = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d', description: 'ISO 8601.' });
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
type Schedule = Static<(typeof SCHEMAS)[keyof typeof SCHEMAS]>;
type CronSchedule = Static<typeof SCHEMAS.cron>;

const validators = {
  cron: compile(SCHEMAS.cron),
  interval: compile(SCHEMAS.interval),
  date: compile(SCHEMAS.date),
};

/** From the smallest to the largest: those below the smallest one given are at their least, others are any. */
const CRON_FIELDS = ['second', 'minute', 'hour', 'day', 'month'] as const;
const LEAST = { second: 0, minute: 0, hour: 0, day: 1, month: 1 } as const;

interface Job {
  readonly cron: Cron;
  /** The schedule it was made from. */
  readonly text: string;
}

export class Schedules {
  readonly #hub: Hub;
  readonly #engine: Engine;
  readonly #jobs = new Map<string, Job>();

  constructor(hub: Hub, engine: Engine) {
    this.#hub = hub;
    this.#engine = engine;
    hub.signal.addEventListener('abort', () => this.#stopAll());
    engine.onChange((walkers) => this.#follow(walkers));
  }

  #follow(walkers: ReadonlyMap<string, LoadedWalker>): void {
    for (const [name, job] of this.#jobs) {
      if (job.text === JSON.stringify(walkers.get(name)?.specs.schedule)) continue;
      job.cron.stop();
      this.#jobs.delete(name);
    }
    for (const { name, specs } of walkers.values()) {
      if (specs.schedule === undefined || this.#jobs.has(name) || this.#hub.signal.aborted) continue;
      const read = readSchedule(specs.schedule);
      if ('problem' in read) {
        this.#hub.log.error({ walker: name }, `a walker is not scheduled: ${read.problem}`);
        continue;
      }
      const text = JSON.stringify(specs.schedule);
      this.#jobs.set(name, { text, cron: this.#start(name, read.schedule) });
    }
  }

  #start(name: string, schedule: Schedule): Cron {
    const failed = (error: unknown) =>
      this.#hub.log.error({ err: error, walker: name }, 'a scheduled walker could not be run');
    // A run that takes longer than its interval is not run beside itself.
    return new Cron(patternOf(schedule), { ...optionsOf(schedule), catch: failed, protect: true }, () =>
      this.#run(name, schedule),
    );
  }

  async #run(name: string, { root_id: root, node, context }: Schedule): Promise<void> {
    // As it is now: it may have been saved since.
    const walker = this.#engine.walkers.get(name);
    if (walker === undefined) return;
    const caller = await callerOfRoot(root, this.#engine.users);
    await this.#engine.run({ walker, fields: context, caller, node });
  }

  #stopAll(): void {
    for (const { cron } of this.#jobs.values()) cron.stop();
    this.#jobs.clear();
  }
}

/** A schedule as it is written in the specs, completed; or what is wrong with it. */
export function readSchedule(
  given: Readonly<Record<string, unknown>> & { readonly trigger: keyof typeof SCHEMAS },
): { readonly schedule: Schedule } | { readonly problem: string } {
  // A copy: the check fills in defaults.
  const schedule: unknown = structuredClone(given);
  const validate = validators[given.trigger];
  if (!validate(schedule)) return { problem: `specs.schedule: ${explain(validate.errors)}` };
  if (schedule.trigger === 'interval' && secondsOf(schedule) === 0)
    return { problem: 'specs.schedule: an interval needs weeks, days, hours, minutes or seconds' };
  try {
    // Asked for its next run, because a time zone is looked at only then.
    new Cron(patternOf(schedule), { ...optionsOf(schedule), paused: true }).nextRun();
  } catch (error) {
    return { problem: `specs.schedule: ${error instanceof Error ? error.message : error}` };
  }
  return { schedule };
}

function patternOf(schedule: Schedule): string {
  if (schedule.trigger === 'date') return schedule.run_date;
  if (schedule.trigger === 'interval') return '* * * * * *';
  const [second, minute, hour, day, month] = cronFields(schedule);
  const { day_of_week: weekday = '*', year = '*' } = schedule;
  return [second, minute, hour, day, month, weekday, year].join(' ');
}

function cronFields(schedule: CronSchedule): (string | number)[] {
  let isBelow = true;
  return CRON_FIELDS.map((name) => {
    const given = schedule[name];
    if (given !== undefined) isBelow = false;
    // A weekday is a day.
    if (name === 'day' && schedule.day_of_week !== undefined) isBelow = false;
    return given ?? (isBelow ? LEAST[name] : '*');
  });
}

function optionsOf(schedule: Schedule) {
  const { start_date: start, end_date: end, timezone } = schedule;
  const seconds = schedule.trigger === 'interval' ? secondsOf(schedule) : 0;
  // The first run of an interval is at its end.
  const startAt = start ?? (seconds > 0 ? new Date(Date.now() + seconds * 1_000) : undefined);
  return {
    domAndDow: true,
    unref: true,
    ...(startAt !== undefined && { startAt }),
    ...(end !== undefined && { stopAt: end }),
    ...(timezone !== undefined && { timezone }),
    ...(seconds > 0 && { interval: seconds }),
  };
}

function secondsOf(interval: Static<typeof SCHEMAS.interval>): number {
  const { weeks, days, hours, minutes, seconds } = interval;
  return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}
