/** The grant `irrigation`: the functions, described for walkers. */
import { type Hub, Type } from '../../../core/index.ts';
import { Accepted, LatestReading } from '../messages.ts';
import { type CallParts, irrigationCalls } from './calls.ts';

const Controller = Type.String({ minLength: 1, maxLength: 64 });
const Zones = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64 });

const Window = Type.Object({
  min: Type.Optional(Type.Number()),
  mean: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  count: Type.Integer(),
  marked: Type.Integer(),
});

/** Offers the functions, if the plugin `walkers` is enabled. */
export function grantIrrigation(hub: Hub, parts: CallParts): void {
  const walkers = hub.find('walkers');
  if (walkers === undefined) return;
  const { latest, window, start, stop } = irrigationCalls(parts);
  walkers.provide('irrigation', {
    latest: walkers.fn({
      doc: 'The latest reading of each sensor: of all controllers, or of one; of all events, or of one.',
      parameters: Type.Object({ controller: Type.Optional(Controller), event: Type.Optional(Type.String()) }),
      result: Type.Array(LatestReading),
      call: latest,
    }),
    window: walkers.fn({
      doc: 'Minimum, mean, maximum and count of the last minutes, the present one included.',
      parameters: Type.Object({
        controller: Controller,
        event: Type.String(),
        minutes: Type.Integer({ minimum: 1, maximum: 10_000 }),
      }),
      result: Window,
      call: window,
    }),
    start: walkers.fn({
      doc: 'Opens valves; the hub closes them after so many seconds.',
      parameters: Type.Object({
        controller: Controller,
        zones: Zones,
        seconds: Type.Number({ exclusiveMinimum: 0 }),
      }),
      result: Accepted,
      call: start,
    }),
    stop: walkers.fn({
      doc: 'Closes valves.',
      parameters: Type.Object({ controller: Controller, zones: Zones }),
      result: Accepted,
      call: stop,
    }),
  });
}
