/** Runs of async walkers: begun, answered with an id, looked up later. */
import { randomBytes } from 'node:crypto';
import type { Collection, Hub } from '../../core/index.ts';
import type { Engine } from './engine.ts';
import { PUBLIC_ROOT } from './graph/records.ts';
import type { Call } from './runner.ts';

/** The state of a run, as it is looked up. */
export interface AsyncRun {
  /** `w:<name>:<24 hex digits>` */
  readonly id: string;
  readonly walker: string;
  /** Of whom it runs for: nobody else may look. */
  readonly root: string;
  readonly status: 'running' | 'done' | 'failed';
  readonly reports?: readonly unknown[];
  /** What the walker responded in place of reports. */
  readonly body?: unknown;
  readonly error?: string;
  /** Unix ms. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

const RUN_ID = /^w:([A-Za-z_$][\w$]{0,99}):([0-9a-f]{24})$/;
/** Runs forgotten at a time. */
const PAGE = 100;

export class AsyncRuns {
  readonly #engine: Engine;
  /** By the digits of the id, which begin with the time: the oldest is the first. */
  readonly #runs: Collection<AsyncRun>;
  /** Ids of those that run: after a restart, of those that were cut short. */
  readonly #running: Collection<number>;
  readonly #most: number;
  readonly #underWay = new Set<Promise<void>>();
  #count = 0;

  constructor(hub: Hub, engine: Engine, most: number) {
    this.#engine = engine;
    this.#runs = hub.store.collection('runs');
    this.#running = hub.store.collection('running');
    this.#most = most;
  }

  /** Marks what a stop or a crash of the hub cut short. */
  async recover(): Promise<void> {
    for (const id of await this.#running.ids()) {
      await this.#end(id, (run) => ({ ...run, status: 'failed', error: 'the hub was stopped' }));
    }
    this.#count = (await this.#runs.ids()).length;
  }

  /** Begins a run. @returns its id, when that is kept; the run goes on. */
  async begin(call: Call): Promise<string> {
    const startedAt = Date.now();
    const seconds = Math.floor(startedAt / 1_000).toString(16);
    const digits = seconds.padStart(8, '0') + randomBytes(8).toString('hex');
    const id = `w:${call.walker.name}:${digits}`;
    const { root } = call.caller;
    const run: AsyncRun = { id, walker: call.walker.name, root, status: 'running', startedAt };
    await Promise.all([this.#forgetOldest(), this.#running.put(digits, startedAt)]);
    await this.#runs.put(digits, run);
    this.#count++;
    const work = this.#finish(digits, call).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    return id;
  }

  /**
   * @param root of whoever asks. Runs for nobody in particular are for everybody who knows their id.
   * @returns undefined when there is none, or it is somebody else's.
   */
  async find(id: string, root: string): Promise<AsyncRun | undefined> {
    const [, walker, digits] = RUN_ID.exec(id) ?? [];
    const run = digits === undefined ? undefined : await this.#runs.get(digits);
    if (run === undefined || run.walker !== walker) return undefined;
    return run.root === root || run.root === PUBLIC_ROOT ? run : undefined;
  }

  /** Resolves when what runs now has ended and is kept. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
  }

  async #finish(digits: string, call: Call): Promise<void> {
    const result = await this.#engine.run(call);
    await this.#end(digits, (run) => {
      if (!result.ok) return { ...run, status: 'failed', error: result.message };
      const { reply } = result;
      const answer = reply !== undefined && 'body' in reply ? { body: reply.body } : {};
      return { ...run, status: 'done', reports: JSON.parse(result.reports.text), ...answer };
    });
  }

  async #end(digits: string, change: (run: AsyncRun) => AsyncRun): Promise<void> {
    await this.#runs.update(digits, (run) => run && { ...change(run), endedAt: Date.now() });
    await this.#running.delete(digits);
  }

  async #forgetOldest(): Promise<void> {
    if (this.#count < this.#most) return;
    const oldest = await this.#runs.ids({ limit: Math.min(PAGE, Math.max(1, this.#count - this.#most + 1)) });
    this.#count -= oldest.length;
    await this.#runs.batch(oldest.map((id) => ({ delete: id })));
  }
}
