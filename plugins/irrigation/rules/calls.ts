/** What walkers may ask and do, with the rights of whom they run for: on the field as it is, or, in a replay, as it was. */
import { HubError } from '../../../core/index.ts';
import type { Request } from '../commands.ts';
import { type Controller, type Field, latestOf } from '../field.ts';
import type { LatestReading, Outcome } from '../messages.ts';
import type { Options } from '../options.ts';
import type { Queries } from '../queries.ts';
import { rightsOfRules, rightsOfUser } from '../rights.ts';
import { windowOf } from './window.ts';

/** Readings of one answer. */
const MOST = 10_000;

/** For whom a function is called. */
interface Facts {
  readonly user: Readonly<Record<string, unknown>> | null;
  readonly walker: string;
}

export interface CallParts {
  readonly options: Options;
  readonly field: Field;
  readonly queries: Queries;
  /** Unix ms. */
  readonly now: () => number;
  readonly start: (
    controller: Controller,
    request: Request & { readonly seconds: number },
  ) => Outcome | Promise<Outcome>;
  readonly stop: (controller: Controller, request: Request) => Outcome | Promise<Outcome>;
}

interface Zones {
  readonly controller: string;
  readonly zones: readonly string[];
}

export function irrigationCalls({ options, field, queries, now, start, stop }: CallParts) {
  const rightsOf = ({ user }: Facts) =>
    typeof user?.id === 'string' ? rightsOfUser(options, user.id) : rightsOfRules(options);
  const commanded = (id: string, facts: Facts) => {
    if (rightsOf(facts).commands(id)) return field.get(id);
    throw new HubError('forbidden', `this walker may not command "${id}"`);
  };
  return {
    latest: (
      { controller, event }: { readonly controller?: string; readonly event?: string },
      facts: Facts,
    ): LatestReading[] => {
      const rights = rightsOf(facts);
      const at = now();
      return [...field.controllers.values()]
        .filter(({ id }) => rights.sees(id) && (controller === undefined || controller === id))
        .flatMap(({ series }) => [...series.values()])
        .filter((series) => event === undefined || series.event === event)
        .flatMap((series) => latestOf(series, at) ?? [])
        .slice(0, MOST);
    },
    window: (
      {
        controller,
        event,
        minutes,
      }: { readonly controller: string; readonly event: string; readonly minutes: number },
      facts: Facts,
    ) => {
      if (!rightsOf(facts).sees(controller))
        throw new HubError('forbidden', `this walker may not see "${controller}"`);
      return windowOf(queries, field.get(controller).series.get(event), minutes, now());
    },
    start: ({ controller, zones, seconds }: Zones & { readonly seconds: number }, facts: Facts) =>
      start(commanded(controller, facts), { zones, seconds, by: `walker ${facts.walker}` }),
    stop: ({ controller, zones }: Zones, facts: Facts) =>
      stop(commanded(controller, facts), { zones, by: `walker ${facts.walker}` }),
  };
}
