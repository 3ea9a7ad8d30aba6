/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';

const Id = '^[\\w.:@-]{1,64}$';

const UNITS = [
  Type.Literal('ms'),
  Type.Literal('s'),
  Type.Literal('unix-ms'),
  Type.Literal('unix-s'),
] as const;

export const Sensor = Type.Object(
  {
    unit: Type.String({ default: '', maxLength: 20, description: 'Of the converted value.' }),
    scale: Type.Number({ default: 1, description: 'value = record × scale + offset' }),
    offset: Type.Number({ default: 0 }),
    interval: Type.Number({
      default: 90,
      exclusiveMinimum: 0,
      description: 'Seconds after which a reading is stale.',
    }),
    min: Type.Optional(Type.Number({ description: 'Lowest possible value.' })),
    max: Type.Optional(Type.Number({ description: 'Highest possible value.' })),
    maxPerMinute: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Fastest possible change of the value.' }),
    ),
  },
  { additionalProperties: false },
);
export type Sensor = Static<typeof Sensor>;

const EventName = Type.String({ pattern: '^[^\\s/*]{1,64}$' });
const Ids = Type.Array(Type.String({ minLength: 1 }), { default: [] });

export const Options = Type.Object({
  controllersPath: Type.String({
    default: '/',
    pattern: '^/',
    description: 'WebSocket path of controllers.',
  }),
  dashboardsPath: Type.String({
    default: '/clients/:id',
    pattern: '^/.*/:id$',
    description: 'WebSocket path of dashboards; `:id` is the id of the user.',
  }),
  clock: Type.Union([...UNITS], {
    default: 'ms',
    description: 'What `time` of controllers counts: `ms` or `s` of an epoch of their own, or Unix time.',
  }),
  sensors: Type.Record(EventName, Sensor, {
    default: {},
    description: 'By event: how raw readings become values, and which are possible.',
  }),
  controllers: Type.Record(
    Type.String({ pattern: Id }),
    Type.Object(
      {
        clock: Type.Optional(Type.Union([...UNITS])),
        sensors: Type.Optional(Type.Record(EventName, Sensor)),
      },
      { additionalProperties: false },
    ),
    { default: {}, description: 'By id: what differs for a controller: `clock`, `sensors`.' },
  ),
  users: Type.Record(
    Type.String(),
    Type.Object({ see: Ids, command: Ids }, { additionalProperties: false }),
    {
      default: {},
      description: 'By id: controllers a user may see, and those the user may see and command; `*` is all.',
    },
  ),
  claim: Type.Union([Type.Literal('command'), Type.Literal('see')], {
    default: 'command',
    description: 'What a token may do with the controllers in its claim `controllers`.',
  }),
  rules: Type.Array(Type.String({ minLength: 1 }), {
    default: ['*'],
    description:
      'Controllers that walkers may see and command which run for nobody: those an event triggered.',
  }),
  offlineSeconds: Type.Number({
    default: 300,
    exclusiveMinimum: 0,
    description: 'A controller that was not heard of for so long is offline.',
  }),
  backlogSeconds: Type.Number({
    default: 604_800,
    minimum: 0,
    description: 'How far back a late reading is placed at most.',
  }),
  commandSeconds: Type.Number({
    default: 30,
    exclusiveMinimum: 0,
    maximum: 86_400,
    description:
      'A command that could not be delivered in that time is dropped, unless it says how long itself.',
  }),
  maximumSeconds: Type.Number({
    default: 3_600,
    exclusiveMinimum: 0,
    maximum: 86_400,
    description: 'Longest irrigation; after it the hub sends the stop, whoever began it.',
  }),
  commandsWaiting: Type.Integer({
    default: 16,
    minimum: 1,
    description: 'Commands that may wait for a controller.',
  }),
  frameBytes: Type.Integer({ default: 4_096, minimum: 64, description: 'Longest message of a controller.' }),
  readingsPerSecond: Type.Number({
    default: 2_000,
    exclusiveMinimum: 0,
    description: 'Messages of a controller, in the long run.',
  }),
  burst: Type.Integer({
    default: 200_000,
    minimum: 1,
    description:
      'Messages of a controller at once: a backlog. Two weeks of ten sensors, one reading a minute.',
  }),
  queue: Type.Integer({
    default: 100_000,
    minimum: 1,
    description: 'Events that may wait to be stored; more are refused, and their controller told.',
  }),
  knownControllers: Type.Integer({ default: 1_000, minimum: 1, description: 'Controllers at most.' }),
  eventsPerController: Type.Integer({
    default: 64,
    minimum: 1,
    description: 'Names of events that a controller may use.',
  }),
  rawDays: Type.Number({
    default: 400,
    exclusiveMinimum: 0,
    description: 'Days that every event, and its mean by the minute, is kept.',
  }),
  rollupDays: Type.Number({
    default: 3_650,
    exclusiveMinimum: 0,
    description: 'Days that minimum, mean, maximum and count by the hour and day are kept.',
  }),
});
export type Options = Static<typeof Options>;
export type ClockUnit = Options['clock'];
