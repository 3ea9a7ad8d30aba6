/** The leases of a hub: asked for together, again and again, and given back when it stops. */
import type { Failures } from './failures.ts';
import { HubLease } from './lease.ts';
import type { LeaseTable } from './leases/port.ts';
import { within } from './lifecycle.ts';
import type { Line, Lines } from './lines.ts';
import type { Log } from './log.ts';

/** How often a term is asked for while it lasts. */
const CLAIMS_PER_TERM = 3;
/** The part of a term that the hub makes use of: in the rest, what runs has to end before another hub may hold the lease. */
const USED_PART = 5 / 6;

export class Leases {
  readonly #table: LeaseTable;
  readonly #node: string;
  readonly #lines: Lines;
  readonly #failures: Failures;
  readonly #log: Log;
  readonly #leases = new Map<string, HubLease>();
  /** Tells the other hubs that leases were given back; undefined: nobody asked for a lease. */
  #line: Line | undefined;
  #interval: NodeJS.Timeout | undefined;
  /** Until terms that are not renewed are over. */
  #expiry: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isStopped = false;
  #isClaiming = false;
  /** Leases were given back while the hub asked for some. */
  #claimAgain = false;
  /** The last claim failed. */
  #isCutOff = false;

  constructor(table: LeaseTable, node: string, lines: Lines, failures: Failures, log: Log) {
    this.#table = table;
    this.#node = node;
    this.#lines = lines;
    this.#failures = failures;
    this.#log = log;
  }

  /** The same name is the same lease. @param assertOpen throws once set-up is over. */
  open(plugin: string, name: string, assertOpen: () => void): HubLease {
    const claim = () => void this.#claim();
    this.#line ??= this.#lines.open({ plugin: 'core', name: 'leases' }, { receive: claim, missed: claim });
    const key = `${plugin}/${name}`;
    const lease = this.#leases.get(key) ?? new HubLease(plugin, name, this.#failures, assertOpen);
    this.#leases.set(key, lease);
    return lease;
  }

  /** Asks for the leases from now on. Resolves when they were asked for once. */
  async start(): Promise<void> {
    if (this.#leases.size === 0) return;
    this.#isStarted = true;
    const { termMs } = this.#table;
    if (Number.isFinite(termMs)) {
      this.#interval = setInterval(() => void this.#claim(), termMs / CLAIMS_PER_TERM).unref();
    }
    await this.#claim();
  }

  /**
   * Ends all terms, and gives the leases back when what ran in them has ended; what has not at the deadline keeps them from
   * other hubs until their time is over.
   * @param deadline Unix ms.
   * @param work what else runs under a lease.
   */
  async stop(deadline: number, work: Promise<void>): Promise<void> {
    if (!this.#isStarted || this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#interval);
    clearTimeout(this.#expiry);
    const leases = [...this.#leases.values()];
    for (const lease of leases) lease.end();
    const idle = Promise.all([work, ...leases.map((lease) => lease.whenIdle())]);
    if (!(await within(deadline - Date.now(), idle))) return;
    try {
      await this.#table.release(this.#node, [...this.#leases.keys()]);
    } catch (error) {
      this.#log.warn(
        { err: error },
        'leases could not be given back: other hubs take them when they run out',
      );
      return;
    }
    this.#line?.send('given back');
  }

  async #claim(): Promise<void> {
    if (!this.#isStarted || this.#isStopped) return;
    if (this.#isClaiming) {
      this.#claimAgain = true;
      return;
    }
    this.#isClaiming = true;
    do {
      this.#claimAgain = false;
      await this.#claimOnce();
    } while (this.#claimAgain && !this.#isStopped);
    this.#isClaiming = false;
  }

  async #claimOnce(): Promise<void> {
    this.#endOver();
    const until = performance.now() + this.#table.termMs * USED_PART;
    const claims = [...this.#leases].map(([name, { fence }]) => ({ name, fence }));
    let fences: readonly (number | undefined)[];
    try {
      fences = await this.#table.claim(this.#node, claims);
    } catch (error) {
      if (!this.#isCutOff) this.#log.warn({ err: error }, 'leases cannot be renewed; trying again');
      this.#isCutOff = true;
      return;
    }
    this.#isCutOff = false;
    if (this.#isStopped) return;
    for (const [index, lease] of [...this.#leases.values()].entries()) lease.answered(fences[index], until);
    if (Number.isFinite(until)) this.#endAt(until);
  }

  #endAt(until: number): void {
    clearTimeout(this.#expiry);
    const end = () => {
      // Timers may ring a little early.
      if (performance.now() < until) this.#endAt(until);
      else this.#endOver();
    };
    this.#expiry = setTimeout(end, Math.max(1, Math.ceil(until - performance.now()))).unref();
  }

  #endOver(): void {
    for (const lease of this.#leases.values()) lease.endIfOver();
  }
}
