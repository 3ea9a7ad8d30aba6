/** The time in which a load is measured. */
import { setTimeout as wait } from 'node:timers/promises';
import { type Shares, watch } from '../machine.ts';
import type { Client } from './client.ts';
import type { Target, Timing } from './job.ts';

interface Measured {
  /** How much the counter grew. */
  readonly amount: number;
  readonly seconds: number;
  readonly shares: Shares;
}

/**
 * Lets a running load warm up, then measures it.
 * @param counter grows with the work done.
 * @param failure what went wrong with the load meanwhile.
 * @throws Error when something did, or when the counter stands still.
 */
export async function measure(
  target: Target,
  timing: Timing,
  counter: () => number,
  failure: () => Error | undefined,
): Promise<Measured> {
  await wait(timing.warmup * 1000);
  const before = counter();
  const start = performance.now();
  const shares = watch(target.serverPid);
  await wait(timing.seconds * 1000);
  const amount = counter() - before;
  const seconds = (performance.now() - start) / 1000;
  const used = shares();
  const failed = failure();
  if (failed) throw failed;
  if (amount === 0) throw new Error(`nothing came back in ${timing.seconds} s`);
  return { amount, seconds, shares: used };
}

/** Of the first connection that did not survive the load, or got something else than it should. */
export function failureOf(clients: readonly Client[]): Error | undefined {
  return clients.find((client) => client.failure !== undefined)?.failure;
}

export function closeAll(clients: readonly Client[]): void {
  for (const client of clients) client.close();
}
