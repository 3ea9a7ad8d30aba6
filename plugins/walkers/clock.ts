/** Time, as schedules have it: tests bring a clock of their own. */
import { setTimeout as wait } from 'node:timers/promises';

export interface Clock {
  /** Unix ms. */
  now(): number;
  /** Resolves at that time, or when the signal is aborted. */
  until(at: number, signal: AbortSignal): Promise<void>;
}

/** Between looks at the clock of the machine, which may be set, in ms. */
const LONGEST = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  async until(at, signal) {
    for (let left = at - Date.now(); left > 0 && !signal.aborted; left = at - Date.now())
      await wait(Math.min(left, LONGEST), undefined, { signal, ref: false }).catch(() => {});
  },
};
