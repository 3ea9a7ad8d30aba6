/** The hub's time, and what is done as it passes: one object, so that tests can be its master. */
import type { Hub } from '../../core/index.ts';

export interface Clock {
  /** Unix ms. */
  now(): number;
  /** As `hub.every`. */
  every(hub: Hub, name: string, ms: number, task: () => Promise<void>): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  every: (hub, name, ms, task) => hub.every(name, ms, task),
};
