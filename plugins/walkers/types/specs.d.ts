/** The part of `hub:walker` that says how a walker is served. */
declare module 'hub:walker' {
  type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options' | 'websocket';

  interface ScheduleSettings {
    /** Such as `Europe/Berlin`. Default: that of the machine. */
    readonly timezone?: string;
    /** ISO 8601: from when and until when it runs. */
    readonly start_date?: string;
    readonly end_date?: string;
    /** For whom it runs. Default: the public root. */
    readonly root_id?: string;
    /** Where it starts. Default: the root. */
    readonly node?: string;
    /** Fields of the walker. */
    readonly context?: Readonly<Record<string, unknown>>;
  }
  type CronField = number | string;
  /** Of the fields left out, those below the smallest one given are at their least, all others are any. */
  interface CronSchedule extends ScheduleSettings {
    readonly trigger: 'cron';
    readonly year?: CronField;
    readonly month?: CronField;
    readonly day?: CronField;
    /** By name: `mon-fri`. */
    readonly day_of_week?: string;
    readonly hour?: CronField;
    readonly minute?: CronField;
    readonly second?: CronField;
  }
  interface IntervalSchedule extends ScheduleSettings {
    readonly trigger: 'interval';
    readonly weeks?: number;
    readonly days?: number;
    readonly hours?: number;
    readonly minutes?: number;
    readonly seconds?: number;
  }
  interface DateSchedule extends ScheduleSettings {
    readonly trigger: 'date';
    /** ISO 8601. */
    readonly run_date: string;
  }
  export type Schedule = CronSchedule | IntervalSchedule | DateSchedule;

  /** How a walker is served. */
  export interface Specs<Field extends string = string> {
    /** Default: `['post']`. */
    readonly methods?: readonly Method[];
    /** Whether only logged-in users may use it (default), or only others. */
    readonly auth?: boolean;
    /** Appended to the route; `{x}` binds field x. */
    readonly path?: string;
    /** Fields taken from the query. */
    readonly as_query?: readonly Field[] | '*';
    /** Fields that a caller may not set. */
    readonly excluded?: readonly Field[] | '*';
    readonly entry_type?: 'ROOT' | 'NODE' | 'BOTH';
    /** Has no endpoint. */
    readonly private?: boolean;
    readonly webhook?: { readonly type: 'header' | 'query' | 'path' | 'body'; readonly name: string };
    /** Runs it by the clock. */
    readonly schedule?: Schedule;
    /** Topics that trigger it. */
    readonly on?: readonly string[];
    /**
     * For whom schedules and topics run it. `public` (default): for the public root, or the one of its schedule. `users`: for each user
     * who has switched it on, with that user's root and rights.
     */
    readonly runs_for?: readonly ('public' | 'users')[];
    /** Answers at once with an id; what it reports can be asked for later. */
    readonly async?: boolean;
    /** Functions of plugins that it calls, see `grant`. */
    readonly grants?: readonly GrantName[];
    /** Below what the hub allows. */
    readonly limits?: {
      readonly cpuMs?: number;
      readonly wallMs?: number;
      readonly heapMb?: number;
      readonly reports?: number;
      readonly reportBytes?: number;
      readonly notifications?: number;
      readonly notificationBytes?: number;
      readonly reads?: number;
      readonly writes?: number;
      readonly writeBytes?: number;
      readonly logLines?: number;
      readonly calls?: number;
      readonly callBytes?: number;
    };
    readonly status_code?: number;
    readonly summary?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly deprecated?: boolean;
  }
}
