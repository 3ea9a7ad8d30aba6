/** What one run calls of what plugins offer: allowed, counted, and not done twice when the run is repeated. */
import { randomUUID } from 'node:crypto';
import { HubError, type Log } from '../../../core/index.ts';
import { limitExceeded } from '../graph/errors.ts';
import { CallRefused, type FunctionCall } from '../runtime/run.ts';
import type { CallFacts, Offer, Perform } from './offer.ts';
import type { Offers } from './offers.ts';

interface CallLimits {
  readonly calls: number;
  readonly callBytes: number;
}

/** Functions in place of those offered, by grant; those not named there may not be called. */
export type ReplacedFunctions = Readonly<
  Record<string, Readonly<Record<string, Perform<unknown, unknown>>> | undefined>
>;

interface CallParts {
  readonly offers: Offers;
  /** Grants that the walker's specs ask for. */
  readonly allowed: readonly string[];
  readonly facts: CallFacts;
  readonly limits: CallLimits;
  readonly log: Log;
  readonly replaced?: ReplacedFunctions | undefined;
}

/** A call that was made, and what came of it. */
interface Made {
  readonly key: string;
  readonly result: Promise<unknown>;
  /** Characters of argument and result. */
  size: number;
}

export class Calls {
  readonly #parts: CallParts;
  /** In order. Kept for an attempt that repeats the run: it gets the same results for the same calls. */
  #made: Made[] = [];
  /** Calls of the present attempt. */
  #count = 0;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** The run begins again. */
  restart(): void {
    this.#count = 0;
  }

  /** @throws CallRefused what the walker is told; HubError `limit_exceeded`. */
  async call(call: FunctionCall): Promise<unknown> {
    const { calls, callBytes } = this.#parts.limits;
    const key = JSON.stringify(call);
    const at = this.#count++;
    if (at >= calls) throw limitExceeded(`more than ${calls} calls of functions`);
    let made = this.#made[at];
    if (made?.key !== key) {
      const size = key.length + this.#sizeBefore(at);
      if (size > callBytes) throw limitExceeded(`calls of more than ${callBytes} characters`);
      made = { key, result: this.#perform(call), size: key.length };
      // Whoever waits for it gets the error; in an attempt that was cut short nobody does.
      made.result.catch(() => undefined);
      this.#made = [...this.#made.slice(0, at), made];
    }
    const result = await made.result;
    made.size = key.length + JSON.stringify(result).length;
    if (this.#sizeBefore(at + 1) > callBytes)
      throw limitExceeded(`calls of more than ${callBytes} characters`);
    return result;
  }

  #sizeBefore(at: number): number {
    return this.#made.slice(0, at).reduce((sum, { size }) => sum + size, 0);
  }

  async #perform({ grant, name, given }: FunctionCall): Promise<unknown> {
    const { facts, log } = this.#parts;
    const where = `${grant}.${name}()`;
    try {
      const { offer, instead } = this.#find(grant, name);
      return await offer.perform(given, facts, instead);
    } catch (error) {
      if (error instanceof HubError || error instanceof CallRefused)
        throw new CallRefused(
          `${where}: ${error.message}`,
          error.code === 'forbidden' ? 'forbidden' : 'refused',
        );
      const traceId = randomUUID();
      log.error({ err: error, walker: facts.walker, traceId }, `${where}, called by a walker, failed`);
      throw new CallRefused(`${where} failed, trace id ${traceId}`);
    }
  }

  #find(
    grant: string,
    name: string,
  ): { readonly offer: Offer; readonly instead?: Perform<unknown, unknown> } {
    const { offers, allowed, replaced } = this.#parts;
    if (!allowed.includes(grant)) throw new CallRefused(`specs.grants of the walker does not name ${grant}`);
    const offer = offers.grants.get(grant)?.get(name);
    if (offer === undefined) throw new CallRefused('there is no such function');
    if (replaced === undefined) return { offer };
    const instead = replaced[grant]?.[name];
    if (instead === undefined) throw new CallRefused('it is not replaced in this rehearsal');
    return { offer, instead };
  }
}
