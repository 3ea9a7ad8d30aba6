/** Runs walkers or lists the walkers of a bundle, and tells the hub how it went. */
import { randomBytes } from 'node:crypto';
import { type ChildLimits, parseLimits } from '../runtime/protocol.ts';
import { type Guest, Isolates } from './isolates.ts';
import type { LineWriter } from './lines.ts';
import { AGAIN, type Ask, type Failure, Said } from './said.ts';

/** Random bytes made at once, for the ids of 512 runs. */
const RANDOM_BYTES = 4_096;
const SEED_DIGITS = 16;
/** Looking at the heap takes 3 µs: after calls longer than this, in microseconds, and after every so many. */
const LONG_CALL = 1_000;
const HEAP_EVERY = 64;
/** Reading the thread's CPU time takes 2 µs: at most once in these nanoseconds. */
const READ_CPU_EVERY = 2_000_000n;
/** A run that was cut short after using less than this part of its CPU time was held up by the machine. */
const STALLED_BELOW = 0.5;

/** What is done in one call into an isolate: one job, or runs of quick walkers, of which each gets an equal share of the cost. */
export interface Call {
  readonly key: string;
  /** Empty: those of the call before. They are for each run, but for the CPU time: that is for all together. */
  readonly limits: string;
  readonly jobs: readonly string[];
  /** A line for each run: its input and for whom it runs, with a tab between them. undefined: the walkers are listed. */
  readonly texts: string | undefined;
}

export class Jobs {
  readonly isolates = new Isolates((operation, text, at) => this.#said.hostCall(operation, text, at));
  readonly #writer: LineWriter;
  readonly #said: Said;
  #seeds = '';
  #limits: ChildLimits = parseLimits('');
  /** `process.hrtime.bigint()` when the call began. */
  #started = 0n;
  /** The isolate's clock then, in nanoseconds. */
  #isolateBefore = 0n;
  /** CPU time of this thread, in microseconds, at most a little before the call began; and when that was. */
  #cpuBefore = 0;
  #cpuReadAt = 0n;

  constructor(writer: LineWriter, ask: Ask) {
    this.#writer = writer;
    this.#said = new Said(writer, ask);
  }

  do({ key, limits, jobs, texts }: Call): void {
    this.#begin(limits);
    this.#said.begin(jobs, this.#limits);
    let guest: Guest | undefined;
    let outcomes: readonly string[];
    try {
      guest = this.isolates.get(key, this.#limits.heapMb);
      this.#isolateBefore = guest.isolate.cpuTime;
      const options = { timeout: this.#limits.cpuMs };
      const result =
        texts === undefined
          ? guest.list.applySync(undefined, [], options)
          : guest.run.applySync(
              undefined,
              [texts, this.#limits.guest, this.#takeSeeds(jobs.length)],
              options,
            );
      outcomes = String(result).split('\n');
      if (outcomes.length !== jobs.length)
        throw new Error('the library did not answer with a line for each job');
    } catch (error) {
      this.#cutShort(jobs, error, guest);
      if (guest !== undefined) this.isolates.discard(guest);
      return;
    }
    const cost = this.#costOf(guest, jobs.length);
    for (const [at, job] of jobs.entries()) this.#tell(job, at, outcomes[at] ?? '', cost);
  }

  #begin(limits: string): void {
    const now = process.hrtime.bigint();
    this.#started = now;
    if (limits !== '') this.#limits = parseLimits(limits);
    if (now - this.#cpuReadAt > READ_CPU_EVERY) {
      this.#cpuReadAt = now;
      this.#cpuBefore = threadCpuUs();
    }
  }

  /** @param outcome how it went, what it counted, and what comes of it. */
  #tell(job: string, at: number, outcome: string, cost: string): void {
    const first = outcome.indexOf('\t');
    const second = outcome.indexOf('\t', first + 1);
    const whole = `${cost},${outcome.slice(first + 1, second)}`;
    const failure = this.#said.failure(at);
    if (failure === undefined)
      this.#writer.add(`${outcome.slice(0, first)}\t${job}\t${whole}${outcome.slice(second)}`);
    else if (failure.code === AGAIN) this.#writer.add(`${AGAIN}\t${job}`);
    else this.#writer.add(`failed\t${job}\t${whole}\t${JSON.stringify(failure)}`);
  }

  /** Of several it is unknown which one was to blame, and what came of those before it is lost. */
  #cutShort(jobs: readonly string[], error: unknown, guest: Guest | undefined): void {
    const [job = ''] = jobs;
    if (jobs.length === 1) {
      const failure = this.#said.failure(0) ?? this.#explain(error, guest);
      this.#writer.add(`failed\t${job}\t${this.#costOf(guest, 1)},0,0\t${JSON.stringify(failure)}`);
      return;
    }
    // Each is put before those that wait.
    for (const one of jobs.toReversed()) this.#writer.add(`${AGAIN}\t${one}`);
  }

  /** CPU and wall time of each, and memory. */
  #costOf(guest: Guest | undefined, jobs: number): string {
    const wallUs = Number(process.hrtime.bigint() - this.#started) / 1_000;
    const heap = guest === undefined ? 0 : heapBytes(guest, wallUs);
    return `${Math.round(this.#cpuUs(guest) / jobs)},${Math.round(wallUs / jobs)},${heap}`;
  }

  /** Microseconds of the call in the isolate; less when the machine did something else meanwhile. */
  #cpuUs(guest: Guest | undefined): number {
    if (guest === undefined) return 0;
    const threadUs = () => threadCpuUs() - this.#cpuBefore;
    if (guest.isolate.isDisposed) return threadUs();
    const isolateUs = Number(guest.isolate.cpuTime - this.#isolateBefore) / 1_000;
    return isolateUs < LONG_CALL ? isolateUs : Math.min(isolateUs, threadUs());
  }

  #explain(error: unknown, guest: Guest | undefined): Failure {
    const text = error instanceof Error ? error.message : String(error);
    const at = /file:\/\/\/walkers\/([^\s()]+:\d+:\d+)/.exec(
      error instanceof Error ? (error.stack ?? '') : '',
    )?.[1];
    const position = at !== undefined && { at: `walkers/${at}` };
    if (text.startsWith('Script execution timed out')) {
      const { cpuMs } = this.#limits;
      const stalled = this.#cpuUs(guest) < cpuMs * 1_000 * STALLED_BELOW;
      return {
        code: 'timeout',
        message: `ran for more than ${cpuMs} ms`,
        ...position,
        ...(stalled && { stalled }),
      };
    }
    if (text.startsWith('Isolate was disposed'))
      return { code: 'memory', message: `used more than ${this.#limits.heapMb} MB of memory`, ...position };
    return { code: 'error', message: text.slice(0, 1_000), ...position };
  }

  #takeSeeds(runs: number): string {
    const digits = runs * SEED_DIGITS;
    if (this.#seeds.length < digits) this.#seeds = randomBytes(RANDOM_BYTES).toString('hex');
    const seeds = this.#seeds.slice(0, digits);
    this.#seeds = this.#seeds.slice(digits);
    return seeds;
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function heapBytes(guest: Guest, wallUs: number): number {
  const due = wallUs > LONG_CALL || guest.calls++ % HEAP_EVERY === 0;
  if (due && !guest.isolate.isDisposed) {
    const { used_heap_size: heap, externally_allocated_size: outside } =
      guest.isolate.getHeapStatisticsSync();
    guest.heapBytes = heap + outside;
  }
  return guest.heapBytes;
}
