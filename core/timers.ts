/** Repeated tasks of plugins: never beside themselves, contained, ended with the hub. */
import type { Failures } from './failures.ts';
import { isPromise } from './hooks.ts';
import type { HubLease } from './lease.ts';

/** Longest delay of a timer of Node, in ms. */
export const MAX_DELAY = 2 ** 31 - 1;

export interface RepeatedTask {
  readonly plugin: string;
  readonly name: string;
  /** Interval in ms. */
  readonly ms: number;
  /** It runs only while the hub holds this; undefined: on every hub. */
  readonly lease: HubLease | undefined;
  readonly run: (signal: AbortSignal) => void | Promise<void>;
}

export class Timers {
  readonly #failures: Failures;
  readonly #signal: AbortSignal;
  readonly #tasks: RepeatedTask[] = [];
  readonly #running = new Map<RepeatedTask, Promise<void>>();
  #handles: NodeJS.Timeout[] = [];

  constructor(failures: Failures, signal: AbortSignal) {
    this.#failures = failures;
    this.#signal = signal;
  }

  add(task: RepeatedTask): void {
    this.#tasks.push(task);
  }

  start(): void {
    this.#handles = this.#tasks.map((task) => {
      const tick = () => {
        if (this.#running.has(task)) return;
        const pending = this.#run(task);
        if (pending === undefined) return;
        this.#running.set(task, pending);
        pending.then(() => void this.#running.delete(task));
      };
      return setInterval(tick, task.ms).unref();
    });
  }

  stop(): void {
    for (const handle of this.#handles) clearInterval(handle);
    this.#handles = [];
  }

  /** Resolves when no task runs. Tasks do not start again after `stop`. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #run(task: RepeatedTask): undefined | Promise<void> {
    const signal = task.lease === undefined ? this.#signal : task.lease.term?.signal;
    if (signal === undefined) return undefined;
    const failed = (error: unknown) => void this.#failures.report(task.plugin, `timer "${task.name}"`, error);
    try {
      const pending = task.run(signal);
      return isPromise(pending) ? pending.then(() => {}, failed) : undefined;
    } catch (error) {
      failed(error);
      return undefined;
    }
  }
}
