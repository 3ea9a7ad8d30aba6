/** Runs of async walkers: begun, answered with an id, looked up later. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Collection, Hub } from '../../core/index.ts';
import type { Call, CallResult } from './call.ts';
import type { Engine } from './engine.ts';
import { PUBLIC_ROOT } from './graph/records.ts';
import { Heartbeats } from './heartbeats.ts';

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

/** How often hubs say that they are still there while such runs go on, and one of them looks for those that do not, in ms. */
const BEAT_MS = 5_000;
/** Begun runs after which a hub counts anew what there is: others begin and forget some, too. */
const RECOUNT = 100;
/** Until the end of a run is tried again to be stored, in ms. */
const RETRY_MS = 1_000;
const RUN_ID = /^w:([A-Za-z_$][\w$]{0,99}):([0-9a-f]{24})$/;
/** Runs forgotten at a time. */
const PAGE = 100;

export class AsyncRuns {
  readonly #hub: Hub;
  readonly #engine: Engine;
  /** By the digits of the id, which begin with the time: the oldest is the first. */
  readonly #runs: Collection<AsyncRun>;
  /** `<id of the hub> <digits>` of those that run, and of those that the end of their hub has cut short. */
  readonly #running: Collection<number>;
  readonly #most: number;
  /** Of this process. */
  readonly #id = randomBytes(8).toString('hex');
  readonly #heartbeats: Heartbeats;
  readonly #underWay = new Set<Promise<void>>();
  #begun = 0;
  #count = 0;

  constructor(hub: Hub, engine: Engine, most: number) {
    this.#hub = hub;
    this.#engine = engine;
    this.#runs = hub.store.collection('runs');
    this.#running = hub.store.collection('running');
    this.#most = most;
    this.#heartbeats = new Heartbeats(hub.store.collection('heartbeats'), this.#id);
    if (!hub.store.isShared) return;
    hub.every('async runs', BEAT_MS, () => this.#heartbeats.beat(this.#underWay.size > 0));
    hub.every('cut short', BEAT_MS, () => this.#findCutShort(), { once: true });
  }

  /** Marks what a stop or a crash of the hub has cut short. Where there are others, that is found out later. */
  async recover(): Promise<void> {
    this.#count = (await this.#runs.ids()).length;
    if (!this.#hub.store.isShared) await this.#cutShort(await this.#running.ids());
  }

  /** Begins a run. @returns its id, when that is kept; the run goes on. */
  async begin(call: Call): Promise<string> {
    const startedAt = Date.now();
    const seconds = Math.floor(startedAt / 1_000).toString(16);
    const digits = seconds.padStart(8, '0') + randomBytes(8).toString('hex');
    const id = `w:${call.walker.name}:${digits}`;
    const { root } = call.caller;
    const run: AsyncRun = { id, walker: call.walker.name, root, status: 'running', startedAt };
    const key = `${this.#id} ${digits}`;
    await Promise.all([this.#forgetOldest(), this.#running.put(key, startedAt)]);
    await this.#runs.put(digits, run);
    this.#count++;
    const work = this.#finish(key, call).finally(() => this.#underWay.delete(work));
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

  /** Resolves when what runs now has ended, and is kept if the store can be written to. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#heartbeats.beat(false);
  }

  async #finish(key: string, call: Call): Promise<void> {
    const result = await this.#engine.run(call);
    const { signal, log } = this.#hub;
    for (;;) {
      try {
        return await this.#end(key, (run) => ended(run, result));
      } catch (error) {
        log.error({ err: error, walker: call.walker.name }, 'the end of an async run could not be stored');
        if (signal.aborted) return;
        await wait(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #end(key: string, change: (run: AsyncRun) => AsyncRun): Promise<void> {
    const digits = key.slice(key.lastIndexOf(' ') + 1);
    await this.#runs.update(digits, (run) => run && change(run));
    await this.#running.delete(key);
  }

  async #findCutShort(): Promise<void> {
    const running = Map.groupBy(await this.#running.ids(), (key) => key.slice(0, key.lastIndexOf(' ')));
    for (const hub of await this.#heartbeats.look(running.keys())) {
      await this.#cutShort(running.get(hub) ?? []);
      await this.#heartbeats.forget(hub);
    }
  }

  async #cutShort(keys: readonly string[]): Promise<void> {
    const endedAt = Date.now();
    for (const key of keys) {
      await this.#end(key, (run) => {
        const isOpen = run.status === 'running';
        return isOpen ? { ...run, status: 'failed', error: 'the hub was stopped', endedAt } : run;
      });
    }
  }

  async #forgetOldest(): Promise<void> {
    if (this.#hub.store.isShared && ++this.#begun % RECOUNT === 0)
      this.#count = (await this.#runs.ids()).length;
    if (this.#count < this.#most) return;
    const oldest = await this.#runs.ids({ limit: Math.min(PAGE, Math.max(1, this.#count - this.#most + 1)) });
    this.#count -= oldest.length;
    await this.#runs.batch(oldest.map((id) => ({ delete: id })));
  }
}

function ended(run: AsyncRun, result: CallResult): AsyncRun {
  const endedAt = Date.now();
  if (!result.ok) return { ...run, status: 'failed', error: result.message, endedAt };
  const { reply } = result;
  const answer = reply !== undefined && 'body' in reply ? { body: reply.body } : {};
  return { ...run, status: 'done', reports: JSON.parse(result.reports.text), ...answer, endedAt };
}
