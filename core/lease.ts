/** A lease: something one hub of the cluster does at a time. */
import type { Failures } from './failures.ts';

/** The time in which a hub holds a lease. */
export interface LeaseTerm {
  /** Higher than that of every term before, on whichever hub: a store that remembers the highest can refuse a hub that is late. */
  readonly fence: number;
  /** Aborted when the term ends: the lease is lost, or the hub stops. */
  readonly signal: AbortSignal;
}

export type HeldTask = (term: LeaseTerm) => void | Promise<void>;

/** Something one hub of the cluster does at a time. A hub that is alone holds all its leases. */
export interface Lease {
  /**
   * The fence of the present term; undefined: this hub does not hold the lease. It looks at the clock: a hub that was paused
   * does not hold it any more.
   */
  readonly fence: number | undefined;
  /**
   * Runs `task` at the beginning of each term. What it begins must end with `signal`: another hub may hold the lease a second
   * later. An error is contained. It is not run anew before it has ended.
   * @throws StartError after set-up.
   */
  onHeld(task: HeldTask): void;
}

interface Registered {
  readonly run: HeldTask;
  /** The end of its last run. */
  end: Promise<void>;
}

interface PresentTerm extends LeaseTerm {
  readonly ending: AbortController;
  /** As `performance.now` has it. */
  until: number;
}

export class HubLease implements Lease {
  readonly plugin: string;
  /** Within the plugin. */
  readonly name: string;
  readonly #failures: Failures;
  readonly #assertOpen: () => void;
  readonly #tasks: Registered[] = [];
  #term: PresentTerm | undefined;
  /** Fence of the last term that ended. */
  #lastFence: number | undefined;

  constructor(plugin: string, name: string, failures: Failures, assertOpen: () => void) {
    this.plugin = plugin;
    this.name = name;
    this.#failures = failures;
    this.#assertOpen = assertOpen;
  }

  /** undefined: this hub does not hold it. */
  get term(): LeaseTerm | undefined {
    return this.#term !== undefined && performance.now() < this.#term.until ? this.#term : undefined;
  }

  get fence(): number | undefined {
    return this.term?.fence;
  }

  onHeld(run: HeldTask): void {
    this.#assertOpen();
    this.#tasks.push({ run, end: Promise.resolve() });
  }

  /** @param fence as `LeaseTable.claim` returned it. */
  answered(fence: number | undefined, until: number): void {
    if (this.#term !== undefined && this.#term.fence === fence) {
      this.#term.until = until;
      return;
    }
    this.end();
    // The answer of a term that ended while it was on its way begins no other one.
    if (fence === undefined || fence === this.#lastFence || performance.now() >= until) return;
    const ending = new AbortController();
    const term = { fence, signal: ending.signal, ending, until };
    this.#term = term;
    for (const task of this.#tasks) task.end = task.end.then(() => this.#run(task, term));
  }

  end(): void {
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    this.#lastFence = term.fence;
    term.ending.abort();
  }

  /** Ends a term whose time is over. */
  endIfOver(): void {
    if (this.term === undefined) this.end();
  }

  /** Resolves when no task runs. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#tasks.map(({ end }) => end));
  }

  async #run({ run }: Registered, term: LeaseTerm): Promise<void> {
    if (term.signal.aborted) return;
    try {
      await run(term);
    } catch (error) {
      this.#failures.report(this.plugin, `lease "${this.name}"`, error);
    }
  }
}
