/** One child process: the jobs it was given, its pipes, its clock and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Catalogue } from '../grants/offers.ts';
import { ownEnvironment } from '../processes.ts';
import { Given } from './given.ts';
import type { Job } from './job.ts';
import { Lines } from './lines.ts';
import { type Cost, formatLimits, HUB_FD, parseCost } from './protocol.ts';
import type { FailureCode } from './run.ts';
import type { Version } from './version.ts';

const MAIN = fileURLToPath(new URL('../child/main.ts', import.meta.url));
const FLAGS = ['--no-node-snapshot', '--max-old-space-size=256', '--disable-warning=ExperimentalWarning'];
/**
 * A third of the hub's weight for the scheduler: where they share a core, other messages hardly wait for walkers. With less, walkers
 * would run out of time wherever something else keeps the machine busy.
 */
const NICE = 5;
/** Milliseconds between two looks at a busy child. */
const LOOK = 50;
/** Milliseconds for a child to start. */
const START_MS = 20_000;
/** Characters kept of what a child says last on its standard error. */
const LAST_WORDS = 4_096;
/** Bytes that a process has before any walker uses memory, and what isolated-vm may overshoot: generous. */
const PROCESS_BYTES = 256 * 1024 * 1024;
const OVERSHOOT = 3;
const PAGE = 4_096;

export interface ChildEvents {
  /** A job has ended, so there is room. @param wallUs how long it ran; 0: unknown. */
  ended(job: Job, wallUs: number): void;
  /** It was cut short by no doing of its own, or perhaps by none, and is the pool's again. */
  repeat(job: Job): void;
  /** The process is gone. Jobs that it had are the pool's again, those first that were given first. */
  gone(child: Child, unfinished: readonly Job[]): void;
  /** What it wrote to standard error. */
  said(text: string): void;
}

export class Child {
  readonly startedAt = performance.now();
  /** Jobs ended. */
  finished = 0;
  readonly #process: ChildProcess;
  readonly #input: Writable;
  readonly #events: ChildEvents;
  readonly #catalogue: Catalogue;
  readonly #jobs = new Given();
  readonly #loaded = new Set<number>();
  /** Of the job given last. */
  #limits = '';
  #ready = false;
  #finishing = false;
  #closed = false;
  #outgoing = '';
  readonly #lines = new Lines();
  #words = '';
  /** `performance.now()` when the oldest job is taken to have begun: it is the one that runs. */
  #since = 0;
  #clock: NodeJS.Timeout | undefined;
  /** Why the hub killed it. */
  #killed: { readonly code: FailureCode; readonly message: string } | undefined;

  constructor(events: ChildEvents, catalogue: Catalogue) {
    this.#events = events;
    this.#catalogue = catalogue;
    // The last one tells the child by its end that the hub is gone.
    const stdio = ['pipe', 'pipe', 'pipe', 'pipe'] as const;
    this.#process = spawn(process.execPath, [...FLAGS, MAIN], {
      stdio: [...stdio],
      env: ownEnvironment(),
    });
    if (this.#process.pid !== undefined) lowerPriority(this.#process.pid);
    const { stdin, stdout, stderr } = this.#process;
    if (stdin === null || stdout === null || stderr === null) throw new Error('a child without pipes');
    this.#input = stdin;
    // Nobody writes into it; but an error that nobody listens to would end the hub.
    this.#process.stdio[HUB_FD]?.on('error', () => this.#process.kill('SIGKILL'));
    stdin.on('error', () => this.#process.kill('SIGKILL'));
    stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-LAST_WORDS);
      events.said(text);
    });
    this.#process.once('error', () => this.#close());
    this.#process.once('close', (_code, signal) => this.#close(signal));
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** Whether it may be given one more: beside others only a quick one. */
  hasRoomFor(quick: boolean): boolean {
    return this.#jobs.hasRoomFor(quick);
  }

  give(job: Job): void {
    if (this.#jobs.size === 0) this.#startClock();
    const limits = formatLimits(job.limits);
    const line = job.begin(limits === this.#limits ? '' : limits);
    this.#limits = limits;
    this.#jobs.add(job);
    const { version } = job;
    if (!this.#loaded.has(version.key)) {
      this.#loaded.add(version.key);
      const { modules } = version.bundle;
      this.#send(`load\t${version.key}\t${JSON.stringify({ modules, catalogue: this.#catalogue })}`);
    }
    this.#send(line);
  }

  unload(version: Version): void {
    if (this.#loaded.delete(version.key)) this.#send(`unload\t${version.key}`);
  }

  kill(code: FailureCode, message: string): void {
    this.#killed ??= { code, message };
    this.#process.kill('SIGKILL');
  }

  /** Lets it end when it has done what it was given. */
  finish(): void {
    this.#finishing = true;
    if (this.#jobs.size > 0) return;
    this.#flush();
    this.#input.end();
  }

  /** Lines of one turn of the event loop leave together. */
  #send(line: string): void {
    if (this.#outgoing === '') {
      setImmediate(() => this.#flush());
    }
    this.#outgoing += `${line}\n`;
  }

  #flush(): void {
    if (this.#outgoing === '') return;
    const lines = this.#outgoing;
    this.#outgoing = '';
    this.#input.write(lines);
  }

  #receive(chunk: Buffer): void {
    const { oldest } = this.#jobs;
    for (const line of this.#lines.take(chunk)) this.#obey(line);
    if (this.#jobs.oldest !== oldest) this.#since = performance.now();
    if (this.#lines.areTooLong) this.kill('crash', 'its process sent a line that is too long');
  }

  #obey(line: string): void {
    if (this.#killed !== undefined) return;
    if (line === 'ready') {
      this.#ready = true;
      this.#since = performance.now();
      return;
    }
    try {
      const parts = line.split('\t');
      const job = this.#jobs.find(Number(parts[1]));
      if (job === undefined) throw new Error('it named no job it has');
      this.#obeyFor(job, parts);
    } catch {
      this.kill('crash', 'its process sent what is no message');
    }
  }

  #obeyFor(job: Job, parts: readonly string[]): void {
    const [kind = '', , third = '', fourth = ''] = parts;
    switch (kind) {
      case 'ask':
        job.answer(third, fourth).then((answer) => {
          if (this.#jobs.find(job.id) === job) this.#send(`answer\t${job.id}\t${answer}`);
        });
        return;
      case 'notify':
      case 'emit':
      case 'log':
        job.tell(kind, parts);
        return;
      case 'done': {
        const cost = parseCost(third);
        job.done(cost, fourth, parts[4], parts[5]);
        this.#ended(job, cost);
        return;
      }
      case 'failed': {
        const failure = JSON.parse(fourth);
        if (failure.stalled === true && job.mayRepeatTimeout(true)) {
          this.#repeat(job);
          return;
        }
        const cost = parseCost(third);
        job.failed(failure, cost);
        this.#ended(job, cost);
        return;
      }
      case 'again':
        job.again();
        this.#repeat(job);
        return;
      default:
        throw new Error(`no message ${kind}`);
    }
  }

  #repeat(job: Job): void {
    this.#jobs.drop(job);
    this.#events.repeat(job);
  }

  #ended(job: Job, { wallUs }: Cost): void {
    this.finished++;
    this.#jobs.drop(job);
    if (this.#finishing) this.finish();
    this.#events.ended(job, wallUs);
  }

  #startClock(): void {
    this.#since = performance.now();
    this.#clock ??= setInterval(() => this.#look(), LOOK);
  }

  /** Ends a job that runs for too long or takes too much memory, and with it the process. */
  #look(): void {
    const running = this.#jobs.oldest;
    if (running === undefined) {
      clearInterval(this.#clock);
      this.#clock = undefined;
      return;
    }
    const elapsed = performance.now() - this.#since;
    if (elapsed < LOOK) return;
    const { limits } = running;
    if (!this.#ready) {
      if (elapsed > START_MS) this.kill('crash', `its process did not start in ${START_MS} ms`);
    } else if (elapsed > limits.wallMs) {
      this.kill('timeout', `took longer than ${limits.wallMs} ms`);
    } else if (this.#memory() > PROCESS_BYTES + OVERSHOOT * limits.heapMb * 1024 * 1024) {
      this.kill('memory', `used more than ${limits.heapMb} MB of memory`);
    }
  }

  /** Bytes of the process in memory; 0 where the system does not tell. */
  #memory(): number {
    try {
      return Number(readFileSync(`/proc/${this.#process.pid}/statm`, 'latin1').split(' ')[1]) * PAGE;
    } catch {
      return 0;
    }
  }

  #close(signal?: NodeJS.Signals | null): void {
    // A process that could not be started may tell so twice.
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#clock);
    const first = this.#jobs.oldest;
    const isStopped = this.#killed?.code === 'stopped';
    if (this.#ready && !isStopped && first !== undefined && this.#jobs.size === 1) {
      this.#jobs.drop(first);
      const { code, message } = this.#killed ?? this.#causeOfDeath(first, signal);
      first.end(code, message);
      this.#events.ended(first, 0);
    }
    // Results of short jobs leave together, so any of several may have been running.
    const unfinished = this.#jobs.takeAll();
    for (const job of unfinished) job.suspect = this.#ready;
    this.#events.gone(this, unfinished);
  }

  /** V8 aborts when it runs out of memory, or when somebody asks for an object that is too large. */
  #causeOfDeath(guilty: Job, signal?: NodeJS.Signals | null): { code: FailureCode; message: string } {
    if (/heap|memory|invalid size|allocation/i.test(this.#words))
      return { code: 'memory', message: `used more than ${guilty.limits.heapMb} MB of memory` };
    return { code: 'crash', message: `its process ended${signal ? ` by ${signal}` : ''}` };
  }
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // Where that is not allowed, walkers have the hub's priority.
  }
}
