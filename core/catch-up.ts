/** Has plugins read the store again where their lines may have missed something. */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Failures } from './failures.ts';

/** From a failure to the next attempt, in ms. */
const RETRY_MS = 1_000;

/** Called once for all requests of a turn of the event loop, never beside itself, and again after it failed. */
export class CatchUp {
  readonly #plugin: string;
  readonly #line: string;
  readonly #missed: () => void | Promise<void>;
  readonly #failures: Failures;
  readonly #signal: AbortSignal;
  /** From the request to the end of what it called for. */
  #isBusy = false;
  /** Requested since the call under way began. */
  #isDueAgain = false;

  /** @param signal aborts when the hub stops: nothing is read any more. */
  constructor(
    owner: { readonly plugin: string; readonly name: string },
    missed: () => void | Promise<void>,
    failures: Failures,
    signal: AbortSignal,
  ) {
    this.#plugin = owner.plugin;
    this.#line = owner.name;
    this.#missed = missed;
    this.#failures = failures;
    this.#signal = signal;
  }

  request(): void {
    this.#isDueAgain = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#isDueAgain) {
      await nextTurn();
      if (this.#signal.aborted) return;
      this.#isDueAgain = false;
      try {
        await this.#missed();
      } catch (error) {
        this.#failures.report(this.#plugin, `missed of line "${this.#line}"`, error);
        this.#isDueAgain = true;
        await wait(RETRY_MS, undefined, { ref: false });
      }
    }
    this.#isBusy = false;
  }
}
