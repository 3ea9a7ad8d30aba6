/** Keeps several hub processes running that share the ports: starts them, replaces those that end, passes the stop on. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import type { Log } from '../log.ts';
import { READY, REPLACED, STOP } from './member.ts';

const CLI = join(import.meta.dirname, '../cli.ts');
/** Until a process that ended is started again, in ms: doubled with each time, shortened at random by up to a half. */
const FIRST_DELAY = 100;
const LAST_DELAY = 30_000;

/** One hub process. */
interface Member {
  readonly number: number;
  readonly child: ChildProcess;
  /** Resolves with whether it listens; false: it ended before. */
  readonly ready: Promise<boolean>;
  readonly ended: Promise<void>;
  /** Unix ms; undefined: it does not listen yet. */
  readySince: number | undefined;
  /** It was told to stop. */
  isLeaving: boolean;
}

export class Supervisor {
  readonly #count: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  readonly #members = new Set<Member>();
  /** Processes that wait to be started again, by number. */
  readonly #waiting = new Map<number, NodeJS.Timeout>();
  /** Starts in a row, by number, that did not serve for long. */
  readonly #shortLives = new Map<number, number>();
  readonly #ended = Promise.withResolvers<number>();
  #exitCode = 0;
  #isStopping = false;
  /** Of a rolling restart: one is under way, and another was asked for meanwhile. */
  #isRolling = false;
  #rollAgain = false;

  /** @param env of the processes; it names the ports. */
  constructor(count: number, env: NodeJS.ProcessEnv, log: Log) {
    this.#count = count;
    this.#env = env;
    this.#log = log;
  }

  /**
   * Starts the processes. One that fails while another one runs is tried again, for ever.
   * @param listening is called when all were started.
   * @returns the exit code, when all have ended after a stop.
   * @throws StartError when one cannot start and no other runs.
   */
  run(listening: () => void): Promise<number> {
    void this.#startAll().then((isListening) => isListening && listening());
    return this.#ended.promise;
  }

  /** Stops all processes in order; a second time at once. */
  stop(signal: NodeJS.Signals): void {
    if (this.#isStopping) {
      for (const { child } of this.#members) child.kill('SIGKILL');
      process.exit(1);
    }
    this.#isStopping = true;
    this.#log.info(`${signal}: stopping`);
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const member of this.#members) leave(member, STOP);
    this.#endWhenEmpty();
  }

  /** Replaces the processes one after the other: the old one stops when the new one listens, so that all the time as many serve. */
  async restart(): Promise<void> {
    if (this.#isRolling) {
      this.#rollAgain = true;
      return;
    }
    this.#isRolling = true;
    do {
      this.#rollAgain = false;
      this.#log.info('SIGHUP: replacing the processes one after the other');
      await this.#roll();
    } while (this.#rollAgain && !this.#isStopping);
    this.#isRolling = false;
  }

  /** @returns whether there is a hub now. */
  async #startAll(): Promise<boolean> {
    // One first: what is wrong with all of them is then said once, and what a first start makes is made once.
    if (!(await this.#launch(1).ready)) return false;
    const others = Array.from({ length: this.#count - 1 }, (_, i) => this.#launch(i + 2).ready);
    await Promise.all(others);
    return true;
  }

  async #roll(): Promise<void> {
    for (let number = 1; number <= this.#count; number++) {
      if (this.#isStopping) return;
      const old = [...this.#members].filter((member) => member.number === number);
      if (!(await this.#launch(number).ready)) {
        this.#log.error(
          { process: number },
          'the new process cannot start: this one and those after it stay as they are',
        );
        return;
      }
      for (const member of old) leave(member, REPLACED);
      await Promise.all(old.map(({ ended }) => ended));
    }
    this.#log.info('all processes are new');
  }

  #launch(number: number): Member {
    clearTimeout(this.#waiting.get(number));
    this.#waiting.delete(number);
    const child = fork(CLI, ['start', '--process', `${number}`], { env: this.#env });
    const ready = Promise.withResolvers<boolean>();
    const ended = Promise.withResolvers<void>();
    const member: Member = {
      number,
      child,
      ready: ready.promise,
      ended: ended.promise,
      readySince: undefined,
      isLeaving: false,
    };
    const gone = (how: string) => {
      if (!this.#members.delete(member)) return;
      ready.resolve(false);
      ended.resolve();
      this.#lost(member, how);
    };
    child.on('message', (message) => {
      if (message !== READY) return;
      member.readySince = Date.now();
      ready.resolve(true);
    });
    child.on('exit', (code, signal) => {
      if (code !== 0 && this.#isStopping) this.#exitCode = 1;
      gone(signal ?? `code ${code}`);
    });
    child.on('error', (error) => gone(error.message));
    this.#members.add(member);
    if (this.#isStopping) leave(member, STOP);
    return member;
  }

  #lost({ number, readySince, isLeaving }: Member, how: string): void {
    if (this.#isStopping) this.#endWhenEmpty();
    if (this.#isStopping || isLeaving) return;
    const isServing = readySince !== undefined;
    this.#log.error(
      { process: number },
      `the process ended${isServing ? '' : ' before it listened'}: ${how}`,
    );
    const hasSubstitute = [...this.#members].some((member) => member.number === number);
    if (hasSubstitute) return;
    if (!isServing && this.#members.size === 0) this.#giveUp(number);
    else this.#startLater(number, isServing && Date.now() - readySince > LAST_DELAY);
  }

  #startLater(number: number, hasServed: boolean): void {
    const before = hasServed ? 0 : (this.#shortLives.get(number) ?? 0);
    this.#shortLives.set(number, before + 1);
    const longest = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** Math.min(before, 10));
    const delay = Math.round(longest * (1 - Math.random() / 2));
    this.#log.info({ process: number }, `it is started again in ${delay} ms`);
    this.#waiting.set(
      number,
      setTimeout(() => this.#launch(number), delay),
    );
  }

  /** Whoever started this one has to see that nothing is served, and may start it again. */
  #giveUp(number: number): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    const text = `process ${number} cannot start, for the reason above, and no other one runs`;
    this.#ended.reject(new StartError(text));
  }

  #endWhenEmpty(): void {
    if (this.#members.size === 0) this.#ended.resolve(this.#exitCode);
  }
}

function leave(member: Member, order: string): void {
  member.isLeaving = true;
  member.child.send(order, () => {}); // one that has just ended hears nothing
}
