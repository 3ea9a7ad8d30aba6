/** Walkers that run by the clock: once for each tick, on one hub of the cluster. */
import type { Hub, Lease } from '../../core/index.ts';
import { NOT_RUN } from './call.ts';
import { type Caller, callerOfRoot } from './callers.ts';
import type { Clock } from './clock.ts';
import type { Engine } from './engine.ts';
import type { Tick } from './graph/ticks.ts';
import type { Schedule } from './source/schedule.ts';
import { timetableOf } from './source/timetable.ts';
import type { Rounds } from './switches/rounds.ts';

/** How late a tick may begin, in ms: after another hub has taken over, or after runs that took longer than from tick to tick. */
const LATEST = 60_000;
/** Until what could not be done is tried again, in ms. */
const RETRY = 1_000;

/** A schedule that this hub keeps. */
interface Job {
  /** The schedule as JSON. */
  readonly text: string;
  readonly stop: AbortController;
  /** Resolves when it has stopped and nothing of it runs. */
  readonly ended: Promise<void>;
}

export class Schedules {
  readonly #hub: Hub;
  readonly #engine: Engine;
  readonly #rounds: Rounds;
  readonly #clock: Clock;
  readonly #lease: Lease;
  /** By name of the walker. */
  readonly #jobs = new Map<string, Job>();
  /** undefined: another hub keeps the schedules. */
  #term: AbortSignal | undefined;

  constructor(hub: Hub, engine: Engine, rounds: Rounds, clock: Clock) {
    this.#hub = hub;
    this.#engine = engine;
    this.#rounds = rounds;
    this.#clock = clock;
    this.#lease = hub.lease('schedules');
    this.#lease.onHeld(({ signal }) => this.#serve(signal));
    engine.onChange(() => this.#follow());
  }

  /** Resolves when the term is over and nothing runs. */
  async #serve(term: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    term.addEventListener('abort', () => over.resolve());
    this.#term = term;
    this.#follow();
    await over.promise;
    this.#term = undefined;
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    await Promise.all(jobs.map(({ ended }) => ended));
  }

  /** Begins and stops as walkers come, go and change. */
  #follow(): void {
    if (this.#term === undefined) return;
    const { walkers } = this.#engine;
    const stopped = new Map<string, Promise<void>>();
    for (const [name, { text, stop, ended }] of this.#jobs) {
      if (text === JSON.stringify(walkers.get(name)?.specs.schedule)) continue;
      stop.abort();
      stopped.set(name, ended);
      this.#jobs.delete(name);
    }
    for (const { name, specs } of walkers.values())
      if (specs.schedule !== undefined && !this.#jobs.has(name))
        this.#jobs.set(name, this.#begin(name, specs.schedule, this.#term, stopped.get(name)));
  }

  /** @param before a walker does not run beside itself, also not when its schedule has changed. */
  #begin(name: string, schedule: Schedule, term: AbortSignal, before = Promise.resolve()): Job {
    const text = JSON.stringify(schedule);
    const stop = new AbortController();
    const signal = AbortSignal.any([term, stop.signal]);
    const ended = before.then(() => this.#keep(name, schedule, text, signal));
    return { text, stop, ended };
  }

  async #keep(walker: string, schedule: Schedule, text: string, signal: AbortSignal): Promise<void> {
    const { graph } = this.#engine;
    const next = timetableOf(schedule);
    const begun = { walker, schedule: text, at: this.#clock.now() };
    const known = () => graph.lastTick(begun);
    let last = await this.#insist(walker, Number.POSITIVE_INFINITY, signal, known);
    while (last !== undefined && !signal.aborted) {
      const at = next(last, this.#clock.now() - LATEST);
      if (at !== next(last, last))
        this.#hub.log.warn(
          { walker },
          `ticks of a schedule were left out: they were more than ${LATEST} ms late`,
        );
      if (at === undefined) return;
      await this.#clock.until(at, signal);
      const tick = { walker, schedule: text, at };
      await this.#insist(walker, at + LATEST, signal, () => this.#run(tick, schedule));
      last = at;
    }
  }

  /** @returns undefined: not for everybody yet. */
  async #run(tick: Tick, schedule: Schedule): Promise<true | undefined> {
    // As it is now: it may have been saved since.
    const walker = this.#engine.walkers.get(tick.walker);
    const run = this.#engine.triggered(tick.walker);
    // A hub that was paused may have lost the lease without knowing yet.
    if (this.#lease.fence === undefined) return undefined;
    if (walker === undefined || run === undefined) return true;
    const { runs_for } = walker.specs;
    const { root_id, node, context: fields } = schedule;
    const call = { walker, fields, node, event: { tick: tick.at } };
    // Of one run alone it is the tick.
    const isWhole = !runs_for.includes('users');
    const roots: string[] = [];
    const runFor = async (caller: Caller, line?: string): Promise<boolean> => {
      const own = isWhole ? tick : { ...tick, root: caller.root };
      const result = await run({ ...call, caller, tick: own, ...(line !== undefined && { line }) });
      const wasRun = result.ok || !NOT_RUN.includes(result.code);
      if (wasRun) roots.push(caller.root);
      return wasRun;
    };
    if (
      runs_for.includes('public') &&
      !(await runFor(await callerOfRoot(root_id, this.#engine.users), 'clock'))
    )
      return undefined;
    if (isWhole) return true;
    if (!(await this.#rounds.run({ walker: tick.walker, isFor: () => true, run: runFor }))) return undefined;
    await this.#engine.graph.endTick(tick, roots);
    return true;
  }

  /**
   * Tries until it is done.
   * @param until Unix ms.
   * @returns undefined: it was not, in that time or that of the signal.
   */
  async #insist<R>(
    walker: string,
    until: number,
    signal: AbortSignal,
    attempt: () => Promise<R | undefined>,
  ): Promise<R | undefined> {
    while (!signal.aborted) {
      try {
        const done = await attempt();
        if (done !== undefined) return done;
      } catch (error) {
        this.#hub.log.error({ err: error, walker }, 'a schedule could not be kept; trying again');
      }
      const again = this.#clock.now() + RETRY;
      if (again > until) return undefined;
      await this.#clock.until(again, signal);
    }
    return undefined;
  }
}
