/** What walkers may call: the grant `irrigation`. */
import { type Hub, HubError, Type } from '../../../core/index.ts';
import type { Clock } from '../clock.ts';
import { type Field, latestOf } from '../field.ts';
import { Accepted, LatestReading } from '../messages.ts';
import type { Options } from '../options.ts';
import type { Queries } from '../queries.ts';
import { Rights, rightsOfRules } from '../rights.ts';
import type { Irrigation } from '../valves.ts';
import { windowOf } from './window.ts';

/** Readings of one answer. */
const MOST = 10_000;
const Controller = Type.String({ minLength: 1, maxLength: 64 });
const Zones = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64 });

const Window = Type.Object({
  min: Type.Optional(Type.Number()),
  mean: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  count: Type.Integer(),
  marked: Type.Integer(),
});

export interface GrantParts {
  readonly options: Options;
  readonly clock: Clock;
  readonly field: Field;
  readonly queries: Queries;
  readonly irrigation: Irrigation;
}

/** Offers the functions, if the plugin `walkers` is enabled. */
export function grantIrrigation(hub: Hub, { options, clock, field, queries, irrigation }: GrantParts): void {
  const walkers = hub.find('walkers');
  if (walkers === undefined) return;
  /** Of the user a walker runs for; a rule that runs for nobody has rights of its own. */
  const rightsOf = (user: Readonly<Record<string, unknown>> | null) =>
    typeof user?.id === 'string'
      ? new Rights(options, { user: user.id, claims: {}, expiresAt: undefined })
      : rightsOfRules(options);
  const commanded = (id: string, user: Readonly<Record<string, unknown>> | null) => {
    if (rightsOf(user).commands(id)) return field.get(id);
    throw new HubError('forbidden', `this walker may not command "${id}"`);
  };
  walkers.provide('irrigation', {
    latest: walkers.fn({
      doc: 'The latest reading of each sensor: of all controllers, or of one; of all events, or of one.',
      parameters: Type.Object({ controller: Type.Optional(Controller), event: Type.Optional(Type.String()) }),
      result: Type.Array(LatestReading),
      call: ({ controller, event }, { user }) => {
        const rights = rightsOf(user);
        const now = clock.now();
        return [...field.controllers.values()]
          .filter(({ id }) => rights.sees(id) && (controller === undefined || controller === id))
          .flatMap(({ series }) => [...series.values()])
          .filter((series) => event === undefined || series.event === event)
          .flatMap((series) => latestOf(series, now) ?? [])
          .slice(0, MOST);
      },
    }),
    window: walkers.fn({
      doc: 'Minimum, mean, maximum and count of the last minutes, the present one included.',
      parameters: Type.Object({
        controller: Controller,
        event: Type.String(),
        minutes: Type.Integer({ minimum: 1, maximum: 10_000 }),
      }),
      result: Window,
      call: ({ controller, event, minutes }, { user }) => {
        if (!rightsOf(user).sees(controller)) {
          throw new HubError('forbidden', `this walker may not see "${controller}"`);
        }
        return windowOf(queries, field.get(controller).series.get(event), minutes, clock.now());
      },
    }),
    start: walkers.fn({
      doc: 'Opens valves; the hub closes them after so many seconds.',
      parameters: Type.Object({
        controller: Controller,
        zones: Zones,
        seconds: Type.Number({ exclusiveMinimum: 0 }),
      }),
      result: Accepted,
      call: ({ controller, zones, seconds }, { user, walker }) =>
        irrigation.start(commanded(controller, user), { zones, seconds, by: `walker ${walker}` }),
    }),
    stop: walkers.fn({
      doc: 'Closes valves.',
      parameters: Type.Object({ controller: Controller, zones: Zones }),
      result: Accepted,
      call: ({ controller, zones }, { user, walker }) =>
        irrigation.stop(commanded(controller, user), { zones, by: `walker ${walker}` }),
    }),
  });
}
