/** Walkers that run by the clock. */
import { Cron } from 'croner';
import type { Hub } from '../../core/index.ts';
import { callerOfRoot } from './callers.ts';
import type { Engine } from './engine.ts';
import type { LoadedWalker } from './runtime/library.ts';
import { cronOf, type Schedule } from './source/schedule.ts';

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
      const text = JSON.stringify(specs.schedule);
      this.#jobs.set(name, { text, cron: this.#start(name, specs.schedule) });
    }
  }

  #start(name: string, schedule: Schedule): Cron {
    const failed = (error: unknown) =>
      this.#hub.log.error({ err: error, walker: name }, 'a scheduled walker could not be run');
    // A run that takes longer than its interval is not run beside itself.
    const { pattern, options } = cronOf(schedule);
    return new Cron(pattern, { ...options, catch: failed, protect: true }, () => this.#run(name, schedule));
  }

  async #run(name: string, { root_id: root, node, context }: Schedule): Promise<void> {
    // As it is now: it may have been saved since.
    const walker = this.#engine.walkers.get(name);
    if (walker === undefined) return;
    const caller = await callerOfRoot(root, this.#engine.users);
    await this.#engine.run({ walker, fields: context, caller, node, line: 'clock' });
  }

  #stopAll(): void {
    for (const { cron } of this.#jobs.values()) cron.stop();
    this.#jobs.clear();
  }
}
