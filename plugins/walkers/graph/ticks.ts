/**
 * Ticks of schedules. They are kept in the graph, so that a tick is stored with what its run has changed, or is still to be run. The last
 * tick of a schedule is one document; while a tick is run for several users, there is one for each who has had it.
 */
import { JsonText } from '../../../core/index.ts';

export interface Tick {
  /** Name of the walker. */
  readonly walker: string;
  /** The schedule as JSON: another one begins anew. */
  readonly schedule: string;
  /** Unix ms. */
  readonly at: number;
  /** The root of the user it is run for. undefined: the tick as a whole. */
  readonly root?: string;
}

export function tickKey({ walker, root }: Pick<Tick, 'walker' | 'root'>): string {
  return root === undefined ? `tick ${walker}` : `tick ${walker} ${root}`;
}

/** Documents that a commit stores besides; undefined: that it deletes. */
export type Beside = ReadonlyMap<string, JsonText | undefined>;

/** That a tick was run. @param roots of those it was run for, if it is told of as a whole. */
export function tickDone(tick: Tick, roots: readonly string[] = []): Beside {
  const ofUsers = roots.map((root) => [tickKey({ walker: tick.walker, root }), undefined] as const);
  return new Map([...ofUsers, [tickKey(tick), new JsonText(JSON.stringify(tick))]]);
}

/** Whether a tick was run already, or its schedule is another one by now. */
export function isPast({ schedule, at }: Tick, last: Tick | undefined): boolean {
  return last !== undefined && (last.schedule !== schedule || last.at >= at);
}
