/** What becomes of commands that another hub has to deliver. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Outcome } from './messages.ts';

/** How long another hub is waited for, in ms. */
const MOST_WAITED = 3_000;

type State = Exclude<Outcome['state'], 'waiting'>;

export class Outcomes {
  readonly #awaited = new Map<string, (state: State) => void>();

  /** @returns what becomes of a command: `state` is asked for after it was stored; undefined: nothing in time. */
  of(id: string) {
    const heard = Promise.withResolvers<State>();
    this.#awaited.set(id, heard.resolve);
    return {
      state: () => Promise.race([heard.promise, wait(MOST_WAITED, undefined, { ref: false })]),
      end: () => void this.#awaited.delete(id),
    };
  }

  /** @param data of an event `command`. */
  heard({ id, state }: Readonly<Record<string, unknown>>): void {
    if (typeof id === 'string' && (state === 'sent' || state === 'expired')) this.#awaited.get(id)?.(state);
  }
}
