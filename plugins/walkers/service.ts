/** What other plugins may ask this one. */
import type { GrantName } from 'hub:walker';
import type { Static, TObject, TSchema } from '../../core/index.ts';
import type { Engine } from './engine.ts';
import { DescribedOffer, type Description, type Offer, type OffersOf } from './grants/offer.ts';
import type { Offers } from './grants/offers.ts';
import { type Rehearsal, type Rehearsed, rehearse, type Stage } from './rehearsal.ts';
import type { Schedule } from './source/schedule.ts';
import { ticksOf } from './source/timetable.ts';

/** The service `walkers`. */
export interface Walkers {
  /** Describes a function for `provide`: its argument and its result have the types of their schemas. */
  fn<P extends TObject, R extends TSchema>(description: Description<P, R>): Offer<Static<P>, Static<R>>;
  /**
   * Offers functions to walkers whose specs name the grant. In set-up only.
   * @param grant declared in the interface `Grants` of `hub:walker`.
   * @throws StartError when the name is taken or cannot be one, or it is too late.
   */
  provide<N extends GrantName>(grant: N, functions: OffersOf<N>): void;
  /**
   * Runs a walker so that nothing comes of it: its changes are not stored, its notifications collected, functions replaced.
   * @throws HubError `not_found` when there is no such walker, `invalid_request` when `root` is none.
   */
  rehearse(walker: string, rehearsal?: Rehearsal): Promise<Rehearsed>;
  /**
   * A graph for several rehearsals: each finds what those before it have changed.
   * @param given `empty`: it begins with nothing, in place of what is stored.
   */
  stage(given?: { readonly empty?: boolean }): Stage;
  /** What runs a walker by itself. @throws HubError `not_found` when there is no such walker. */
  triggersOf(walker: string): Promise<Triggers>;
}

interface Scheduled {
  /** When it runs: Unix ms in order, from `from` on and before `to`. */
  ticks(from: number, to: number): Iterable<number>;
  /** Fields of the walker. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whom it runs for, where it does not run for users. */
  readonly root: string;
  readonly node: string | undefined;
}

/** What runs a walker by itself, and for whom. */
interface Triggers {
  /** Topics and families of topics. */
  readonly on: readonly string[];
  readonly schedule: Scheduled | undefined;
  readonly runsFor: readonly ('public' | 'users')[];
}

declare module '../../core/index.ts' {
  interface Services {
    walkers: Walkers;
  }
}

export function walkersService(engine: Engine, offers: Offers): Walkers {
  return {
    fn: (description) => new DescribedOffer(description),
    provide: (grant, functions) => offers.add(grant, functions),
    rehearse: (walker, rehearsal = {}) => rehearse(engine, walker, rehearsal),
    stage: ({ empty = false } = {}) => engine.stage(empty),
    triggersOf: async (name) => {
      const { on, schedule, runs_for: runsFor } = (await engine.find(name)).specs;
      return { on, runsFor, schedule: schedule && scheduled(schedule) };
    },
  };
}

function scheduled(schedule: Schedule): Scheduled {
  const { context: fields, root_id: root, node } = schedule;
  return { fields, root, node, ticks: (from, to) => ticksOf(schedule, from, to) };
}
