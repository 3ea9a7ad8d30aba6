/** Time, as far as people's silence goes. Tests bring their own. */
import type { Hub } from '../../core/index.ts';

export interface Clock {
  /** ms, never going back. */
  now(): number;
  /** Calls `tick` again and again. */
  every(ms: number, tick: () => void): void;
}

export function systemClock(hub: Hub): Clock {
  return { now: () => performance.now(), every: (ms, tick) => hub.every('silence', ms, tick) };
}
