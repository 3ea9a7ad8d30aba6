/**
 * The ordered inbox of a connection: one message after the other, except for handlers declared concurrent. A handler that
 * returns no promise costs no promise here.
 */
import { isPromise } from './hooks.ts';

/** One message to handle: calls its handler, deals with reply and errors, and never throws or rejects. */
export type Job = () => undefined | Promise<void>;

interface Waiting {
  readonly job: Job;
  readonly concurrent: boolean;
}

export class Mailbox {
  #queue: Waiting[] | undefined;
  #busy = false;
  /** Concurrent jobs that have not ended. */
  #running = 0;
  #idle: (() => void) | undefined;

  /** Whether a message can be handled at once. */
  get isFree(): boolean {
    return !this.#busy;
  }

  /** Messages that wait for or are in a handler. */
  get size(): number {
    return (this.#queue?.length ?? 0) + this.#running + (this.#busy ? 1 : 0);
  }

  push(job: Job, concurrent: boolean): void {
    if (!this.#busy) this.#start(job, concurrent);
    else if (this.#queue === undefined) this.#queue = [{ job, concurrent }];
    else this.#queue.push({ job, concurrent });
  }

  /** For a handler that was called directly, the mailbox being free, and turned out to take longer. */
  occupy(pending: Promise<void>, concurrent: boolean): void {
    if (concurrent) this.#runBeside(pending);
    else {
      this.#busy = true;
      pending.then(() => {
        this.#busy = false;
        this.#next();
      });
    }
  }

  /** Drops what waits. What runs goes on. */
  clear(): void {
    this.#queue = undefined;
  }

  /** Resolves when nothing runs or waits. */
  whenIdle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  #start(job: Job, concurrent: boolean): void {
    const pending = job();
    if (isPromise(pending)) this.occupy(pending, concurrent);
  }

  #runBeside(pending: Promise<void>): void {
    this.#running++;
    pending.then(() => {
      this.#running--;
      this.#tellIdle();
    });
  }

  #next(): void {
    while (!this.#busy) {
      const waiting = this.#queue?.shift();
      if (waiting === undefined) break;
      this.#start(waiting.job, waiting.concurrent);
    }
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle === undefined || this.size > 0) return;
    this.#idle();
    this.#idle = undefined;
  }
}
