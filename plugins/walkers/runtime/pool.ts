/** The children that run walkers, and the queue before them. */
import { availableParallelism } from 'node:os';
import type { Catalogue } from '../grants/offers.ts';
import type { Bundle } from '../source/bundle.ts';
import { Child, type ChildEvents } from './child.ts';
import { FairQueue } from './fair-queue.ts';
import { type RunText, runText } from './input.ts';
import { Job } from './job.ts';
import type { RunLimits } from './limits.ts';
import { NO_COST } from './protocol.ts';
import type {
  FailureCode,
  ListResult,
  RunFailed,
  RunHost,
  RunRequest,
  RunResult,
  WalkerFacts,
} from './run.ts';
import { Versions } from './versions.ts';

export interface PoolOptions {
  /** Child processes. Default: one less than the machine has cores, at least 1, at most 4. */
  readonly processes?: number;
  /** Runs that may wait, besides those that are in a child. Default 1,000. */
  readonly queue?: number;
  /** Of these, runs of one user. Default 250. */
  readonly userQueue?: number;
  /** Milliseconds that a run may wait. Default 10,000. */
  readonly queueMs?: number;
  /** Told what children write to standard error: not the walkers' log. */
  readonly onChildError?: (text: string) => void;
}

/** A child that lived for less than this, in milliseconds, and did nothing, failed to start. */
const SHORT_LIFE = 2_000;
/** Milliseconds before the next start after a first failed one; doubles with each, up to the second value. */
const BACK_OFF = [100, 10_000] as const;
/** The line in the queue of files that are loaded. */
const LOADING = 'loading';

export interface PoolStatistics {
  readonly processes: number;
  readonly running: number;
  readonly queued: number;
  readonly done: number;
  readonly failed: Readonly<Partial<Record<FailureCode, number>>>;
  /** Processes that ended while the pool was on. */
  readonly deaths: number;
  /** Bundles that the processes have or get. */
  readonly bundles: number;
}

export class WalkerPool {
  readonly #size: number;
  readonly #queueMs: number;
  readonly #onChildError: (text: string) => void;
  readonly #children = new Set<Child>();
  readonly #versions = new Versions((version) => {
    for (const child of this.#children) child.unload(version);
  });
  readonly #queue: FairQueue<Job>;
  #catalogue: Catalogue = {};
  #ids = 0;
  #done = 0;
  #deaths = 0;
  readonly #failed: Partial<Record<FailureCode, number>> = {};
  /** Failed starts in a row. */
  #failedStarts = 0;
  #restart: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #stopping = false;
  #empty = Promise.withResolvers<void>();
  readonly #events: ChildEvents = {
    ended: (job, wallUs) => this.#ended(job, wallUs),
    repeat: (job) => {
      this.#putBack(job);
      this.#dispatch();
    },
    gone: (child, unfinished) => this.#gone(child, unfinished),
    said: (text) => this.#onChildError(text),
  };

  constructor({
    processes,
    queue = 1_000,
    userQueue = 250,
    queueMs = 10_000,
    onChildError = () => {},
  }: PoolOptions = {}) {
    this.#queue = new FairQueue(queue, userQueue);
    this.#size = processes ?? Math.min(4, Math.max(1, availableParallelism() - 1));
    this.#queueMs = queueMs;
    this.#onChildError = onChildError;
  }

  /** Starts the children; runs may be asked for at once. @param catalogue of functions that walkers may call. */
  start(catalogue: Catalogue = {}): void {
    this.#catalogue = catalogue;
    this.#sweep = setInterval(() => this.#giveUpWaiting(), 1_000).unref();
    this.#fill();
  }

  /** Never rejects: what goes wrong is in the result. */
  run(request: RunRequest, host: RunHost): Promise<RunResult> {
    const { bundle, walker, root, limits } = request;
    const text = runText(request);
    if (text === undefined) return Promise.resolve(failure('limit', 'the fields are too large'));
    return this.#add(bundle, limits, request.line ?? root, { walker, text, host });
  }

  /** Whether a run, if it is one of those before, is quick and asks the host for nothing. */
  isSelfReliant({ bundle, name }: { readonly bundle: Bundle; readonly name: string }): boolean {
    return this.#versions.find(bundle)?.isSelfReliant(name) === true;
  }

  /** Whether a run of a quick walker would begin at once. */
  get hasRoom(): boolean {
    return this.#queue.size === 0 && this.#freeChild(true) !== undefined;
  }

  /** Which walkers a bundle exports. Runs the files' code outside of functions. Never rejects. */
  async list(bundle: Bundle, limits: RunLimits): Promise<ListResult> {
    const result = await this.#add(bundle, limits, LOADING);
    if (!result.ok) return result;
    const walkers: readonly WalkerFacts[] = JSON.parse(result.reports.text);
    return { ok: true, walkers };
  }

  /** Forgets a bundle when its last run has ended, whenever that is begun. */
  retire(bundle: Bundle): void {
    this.#versions.retire(bundle);
  }

  get statistics(): PoolStatistics {
    let running = 0;
    for (const child of this.#children) running += child.jobs;
    return {
      processes: this.#children.size,
      running,
      queued: this.#queue.size,
      done: this.#done,
      failed: this.#failed,
      deaths: this.#deaths,
      bundles: this.#versions.size,
    };
  }

  /** Takes no more runs; those that wait fail, those that run have `graceMs` to end. */
  async stop(graceMs = 0): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    clearInterval(this.#sweep);
    for (const job of this.#queue.take(() => true)) this.#end(job, 'stopped');
    if (this.#children.size === 0) return;
    for (const child of this.#children) child.finish();
    const kill = () => {
      for (const child of this.#children) child.kill('stopped', 'the hub is stopping');
    };
    const deadline = setTimeout(kill, graceMs);
    await this.#empty.promise;
    clearTimeout(deadline);
  }

  #add(
    bundle: Bundle,
    limits: RunLimits,
    user: string,
    run?: { readonly walker: string; readonly text: RunText; readonly host: RunHost },
  ): Promise<RunResult> {
    if (this.#stopping) return Promise.resolve(failure('stopped', 'the hub is stopping'));
    const isQuick = this.#versions.find(bundle)?.expectedUs(run?.walker) !== undefined;
    const free = this.#freeChild(isQuick);
    const full = free === undefined ? this.#queue.fullFor(user) : undefined;
    if (full !== undefined) {
      this.#count('busy');
      return Promise.resolve(failure('busy', full));
    }
    const version = this.#versions.enter(bundle);
    return new Promise((resolve) => {
      const job = new Job(++this.#ids, version, limits, user, resolve, run);
      if (free !== undefined && this.#queue.size === 0) free.give(job);
      else {
        job.waitsSince = performance.now();
        this.#queue.push(job);
        this.#dispatch();
      }
    });
  }

  /** The child with the least to do, when it has room: several jobs at a time only when all are quick. */
  #freeChild(quick: boolean): Child | undefined {
    let best: Child | undefined;
    for (const child of this.#children) {
      if (child.hasRoomFor(quick) && (best === undefined || child.jobs < best.jobs)) best = child;
    }
    return best;
  }

  #dispatch(): void {
    for (;;) {
      const next = this.#queue.peek();
      const child = next && this.#freeChild(next.expectedUs !== undefined);
      if (next === undefined || child === undefined) return;
      this.#queue.shift();
      child.give(next);
    }
  }

  #putBack(job: Job): void {
    job.waitsSince = performance.now();
    this.#queue.putBack(job);
  }

  #ended(job: Job, wallUs: number): void {
    const { version, walker } = job;
    if (walker !== undefined) version.took(walker, wallUs);
    this.#leave(job);
    this.#dispatch();
  }

  #end(job: Job, code: FailureCode, message = 'the hub is stopping'): void {
    job.end(code, message);
    this.#leave(job);
  }

  #leave({ version, failure }: Job): void {
    if (failure === undefined) this.#done++;
    else this.#count(failure);
    this.#versions.leave(version);
  }

  #gone(child: Child, unfinished: readonly Job[]): void {
    this.#children.delete(child);
    if (!this.#stopping) {
      this.#deaths++;
      for (const job of unfinished.toReversed()) {
        if (job.mayRepeat) this.#putBack(job);
        else this.#end(job, 'crash', 'its process ended again and again');
      }
      const started = child.finished > 0 || performance.now() - child.startedAt > SHORT_LIFE;
      this.#failedStarts = started ? 0 : this.#failedStarts + 1;
      this.#fill();
      return;
    }
    for (const job of unfinished) this.#end(job, 'stopped');
    if (this.#children.size === 0) this.#empty.resolve();
  }

  #fill(): void {
    const [first, most] = BACK_OFF;
    if (this.#stopping || this.#restart !== undefined) return;
    if (this.#failedStarts > 0) {
      const delay = Math.min(most, first * 2 ** (this.#failedStarts - 1));
      this.#restart = setTimeout(() => {
        this.#restart = undefined;
        this.#startMissing();
      }, delay);
    } else this.#startMissing();
  }

  #startMissing(): void {
    while (this.#children.size < this.#size) this.#children.add(new Child(this.#events, this.#catalogue));
    this.#dispatch();
  }

  #giveUpWaiting(): void {
    const before = performance.now() - this.#queueMs;
    const late = this.#queue.take((job) => job.waitsSince < before);
    for (const job of late) this.#end(job, 'busy', `waited for more than ${this.#queueMs} ms`);
  }

  #count(code: FailureCode): void {
    this.#failed[code] = (this.#failed[code] ?? 0) + 1;
  }
}

function failure(code: FailureCode, message: string): RunFailed {
  return { ok: false, code, message, cost: NO_COST };
}
