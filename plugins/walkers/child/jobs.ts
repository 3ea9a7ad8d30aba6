/** One job after the other: runs a walker or lists the walkers of a bundle, and tells the hub how it went. */
import { randomBytes } from 'node:crypto';
import type { RunText } from '../runtime/input.ts';
import { type ChildLimits, parseLimits } from '../runtime/protocol.ts';
import { type Guest, Isolates } from './isolates.ts';
import type { LineWriter } from './lines.ts';

/** Characters of one line of a walker's log. */
const LOG_CHARACTERS = 2_000;
/** Random bytes made at once, for the ids of 512 runs. */
const RANDOM_BYTES = 4_096;
const SEED_DIGITS = 16;
/** Looking at the heap takes 3 µs: after runs longer than this, in microseconds, and after every so many. */
const LONG_RUN = 1_000;
const HEAP_EVERY = 64;
/** Reading the thread's CPU time takes 2 µs: at most once in these nanoseconds. */
const READ_CPU_EVERY = 2_000_000n;
/** A run that was cut short after using less than this part of its CPU time was held up by the machine. */
const STALLED_BELOW = 0.5;

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly at?: string;
  readonly stalled?: boolean;
}

/** What the hub is asked for; waits for the answer. */
export type Ask = (line: string) => string;

export class Jobs {
  readonly isolates = new Isolates((operation, text) => this.#hostCall(operation, text));
  readonly #writer: LineWriter;
  readonly #ask: Ask;
  #seeds = '';
  /** The job that is going on. */
  #job = '';
  #limits: ChildLimits = parseLimits('');
  /** The isolate's clock when the job began, in nanoseconds. */
  #isolateBefore = 0n;
  /** CPU time of this thread, in microseconds, at most a little before the job began; and when that was. */
  #cpuBefore = 0;
  #cpuReadAt = 0n;
  #notifications = 0;
  #notificationBytes = 0;
  #logLines = 0;
  /** Why the job fails, whatever the walker makes of it. */
  #failure: Failure | undefined;

  constructor(writer: LineWriter, ask: Ask) {
    this.#writer = writer;
    this.#ask = ask;
  }

  /** @param limits empty: those of the job before. @param run undefined: a list of walkers. */
  do(job: string, key: string, limits: string, run?: RunText): void {
    const started = process.hrtime.bigint();
    this.#begin(job, limits, started);
    let guest: Guest | undefined;
    let counts = '0,0';
    let outcome: string;
    try {
      guest = this.isolates.get(key, this.#limits.heapMb);
      this.#isolateBefore = guest.isolate.cpuTime;
      const values = run === undefined ? [] : [run.input, run.who, this.#limits.guest, this.#seed()];
      const result = String(
        (run === undefined ? guest.list : guest.run).applySync(undefined, values, {
          timeout: this.#limits.cpuMs,
        }),
      );
      [counts, outcome] = this.#outcomeOf(result);
    } catch (error) {
      const failure = this.#failure ?? this.#explain(error, guest);
      outcome = `failed\t${JSON.stringify(failure)}`;
      if (guest !== undefined) this.isolates.discard(guest);
    }
    const wallUs = Math.round(Number(process.hrtime.bigint() - started) / 1_000);
    const cost = `${this.#cpuUs(guest)},${wallUs},${guest === undefined ? 0 : heapBytes(guest, wallUs)},${counts}`;
    const tab = outcome.indexOf('\t');
    this.#writer.add(`${outcome.slice(0, tab)}\t${job}\t${cost}${outcome.slice(tab)}`);
  }

  /** Microseconds of the job in the isolate; less when the machine did something else meanwhile. */
  #cpuUs(guest: Guest | undefined): number {
    if (guest === undefined) return 0;
    const threadUs = () => threadCpuUs() - this.#cpuBefore;
    if (guest.isolate.isDisposed) return threadUs();
    const isolateUs = Number(guest.isolate.cpuTime - this.#isolateBefore) / 1_000;
    return Math.round(isolateUs < LONG_RUN ? isolateUs : Math.min(isolateUs, threadUs()));
  }

  #begin(job: string, limits: string, now: bigint): void {
    this.#job = job;
    if (limits !== '') this.#limits = parseLimits(limits);
    if (now - this.#cpuReadAt > READ_CPU_EVERY) {
      this.#cpuReadAt = now;
      this.#cpuBefore = threadCpuUs();
    }
    this.#notifications = 0;
    this.#notificationBytes = 0;
    this.#logLines = 0;
    this.#failure = undefined;
  }

  /** @returns the counts that the library put second, and the rest. */
  #outcomeOf(result: string): [counts: string, outcome: string] {
    if (result.includes('\n')) throw new Error('the library answered with a line break');
    const first = result.indexOf('\t');
    const second = result.indexOf('\t', first + 1);
    const counts = result.slice(first + 1, second);
    if (this.#failure !== undefined) return [counts, `failed\t${JSON.stringify(this.#failure)}`];
    return [counts, result.slice(0, first) + result.slice(second)];
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

  #hostCall(operation: string, text: string): string {
    // Text with a line break would be a message of its own to the hub. The library never makes one.
    if (text.includes('\n')) return this.#fail('error', 'text with a line break');
    switch (operation) {
      case 'nodes':
      case 'links':
      case 'call':
        return this.#ask(`ask\t${this.#job}\t${operation}\t${text}`);
      case 'notify':
      case 'emit':
        return this.#notify(operation, text);
      case 'log':
        return this.#log(text);
      default:
        return this.#fail('error', `no operation ${operation}`);
    }
  }

  #notify(operation: string, text: string): string {
    const { notifications, notificationBytes } = this.#limits;
    this.#notificationBytes += text.length;
    if (++this.#notifications > notifications)
      return this.#fail('limit', `more than ${notifications} notifications`);
    if (this.#notificationBytes > notificationBytes)
      return this.#fail('limit', `notifications of more than ${notificationBytes} characters`);
    this.#writer.add(`${operation}\t${this.#job}\t${text}`);
    this.#writer.flush();
    return '=';
  }

  #log(text: string): string {
    if (++this.#logLines > this.#limits.logLines)
      return this.#fail('limit', `more than ${this.#limits.logLines} lines of log`);
    const tab = text.indexOf('\t') + 1;
    const value: unknown = JSON.parse(text.slice(tab));
    const line = JSON.stringify(String(value).slice(0, LOG_CHARACTERS));
    this.#writer.add(`log\t${this.#job}\t${text.slice(0, tab)}${line}`);
    return '=';
  }

  /** The job fails even when the walker goes on. */
  #fail(code: string, message: string): string {
    this.#failure ??= { code, message };
    return `!${code}:${message}`;
  }

  #seed(): string {
    if (this.#seeds === '') this.#seeds = randomBytes(RANDOM_BYTES).toString('hex');
    const seed = this.#seeds.slice(0, SEED_DIGITS);
    this.#seeds = this.#seeds.slice(SEED_DIGITS);
    return seed;
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function heapBytes(guest: Guest, wallUs: number): number {
  const due = wallUs > LONG_RUN || guest.runs++ % HEAP_EVERY === 0;
  if (due && !guest.isolate.isDisposed) {
    const { used_heap_size: heap, externally_allocated_size: outside } =
      guest.isolate.getHeapStatisticsSync();
    guest.heapBytes = heap + outside;
  }
  return guest.heapBytes;
}
