/** What controllers and dashboards send and get, on the wire and inside the plugin. */
import { type ErrorReport, type Static, Type } from '../../core/index.ts';

/** `{"event","data"}` both ways; an error is an event like any other. */
export const envelope = {
  type: 'event',
  content: 'data',
  error: (report: ErrorReport) => ({ event: 'error', data: report }),
};

const Time = Type.Number({ description: "The controller's own clock; its unit is an option." });
const Zones = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64 });
const ControllerId = Type.String({ minLength: 1, maxLength: 64 });

export const Reading = Type.Object({ time: Time, record: Type.Number({ description: 'The raw reading.' }) });
export const ZonesChanged = Type.Object({ time: Time, zones: Zones });
export const Disconnected = Type.Object({ time: Time, sensor: Type.String({ maxLength: 200 }) });
/** Any object, stored and passed on as it is; with `record` it is a reading. */
export const Anything = Type.Object({ time: Type.Optional(Time), record: Type.Optional(Type.Number()) });

/** What the hub tells a controller to do. */
export const Order = Type.Object({
  id: Type.String(),
  zones: Zones,
  seconds: Type.Optional(Type.Number()),
  expires: Type.Optional(
    Type.Number({
      description: "On the controller's own clock: not to be begun later. When the hub knows it.",
    }),
  ),
});

const Expiry = Type.Optional(
  Type.Number({
    exclusiveMinimum: 0,
    maximum: 86_400,
    description: 'Seconds it may wait for the controller.',
  }),
);
export const Start = Type.Object({
  controller: ControllerId,
  zones: Zones,
  seconds: Type.Number({ exclusiveMinimum: 0, description: 'How long to irrigate.' }),
  expires: Expiry,
});
export const Stop = Type.Object({ controller: ControllerId, zones: Zones, expires: Expiry });
export const Watch = Type.Object({
  events: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 256 })),
  controllers: Type.Optional(Type.Array(ControllerId, { maxItems: 1_000 })),
});
export type Watch = Static<typeof Watch>;

const Marks = Type.Union([Type.Literal('range'), Type.Literal('rate')], {
  description: 'Not possible: out of the range of its sensor, or faster than it can change.',
});
/** Why a reading is not believed. */
export type Mark = Static<typeof Marks>;

/** What the hub adds to the data of an event. */
const ADDED = {
  controller: ControllerId,
  received_at: Type.Integer({ description: 'Unix ms, never going back.' }),
  at: Type.Number({ description: 'Unix ms when it happened, as far as the hub can tell.' }),
  late: Type.Optional(Type.Literal(true, { description: 'It came too late to be a live one.' })),
  mark: Type.Optional(Marks),
  value: Type.Optional(Type.Number({ description: 'Of a reading: record × scale + offset.' })),
  unit: Type.Optional(Type.String()),
};
/** Fields that only the hub may write. */
export const RESERVED_FIELDS: ReadonlySet<string> = new Set(Object.keys(ADDED));

/** An event with what the hub knows of it: what dashboards, topics and walkers are told. */
const Telemetry = Type.Object(ADDED, { additionalProperties: true });
export type Telemetry = Static<typeof Telemetry>;
/** What topics tell of an event. */
export const Told = Type.Object({ event: Type.String(), ...ADDED }, { additionalProperties: true });
/** A whole message of a dashboard: events have any name. */
export const Live = Type.Object({ event: Type.String(), data: Telemetry });

export const LatestReading = Type.Object({
  controller: ControllerId,
  event: Type.String(),
  received_at: Type.Integer(),
  at: Type.Number(),
  age: Type.Number({ description: 'Milliseconds since then.' }),
  stale: Type.Boolean({ description: 'Older than the interval of its sensor.' }),
  mark: Type.Optional(Marks),
  record: Type.Number(),
  value: Type.Number(),
  unit: Type.String(),
});
export type LatestReading = Static<typeof LatestReading>;
const ControllerStatus = Type.Object({
  controller: ControllerId,
  online: Type.Boolean(),
  since: Type.Integer({ description: 'Unix ms of that.' }),
  last_heard: Type.Integer({ description: 'Unix ms; 0: never.' }),
});
export type ControllerStatus = Static<typeof ControllerStatus>;
export const Latest = Type.Object({
  controllers: Type.Array(ControllerStatus),
  readings: Type.Array(LatestReading),
});
export const Accepted = Type.Object({
  id: Type.String(),
  state: Type.Union([Type.Literal('sent'), Type.Literal('waiting'), Type.Literal('expired')]),
});
/** What became of a command so far. */
export type Outcome = Static<typeof Accepted>;

/** Names of events that are the hub's own: a controller cannot use them. */
export const HUB_EVENTS: ReadonlySet<string> = new Set([
  'latest',
  'accepted',
  'error',
  'command',
  'controller_online',
  'controller_offline',
  'sensor_stale',
  'start_irrigation',
  'stop_irrigation',
  'watch',
]);
