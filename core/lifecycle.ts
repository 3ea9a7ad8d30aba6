/** Runs plugins' tasks within a time, and contains what goes wrong. */
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, StartError } from './errors.ts';
import type { Failures } from './failures.ts';
import type { Log } from './log.ts';
import type { LifecycleTask } from './plugin-host.ts';
import { MAX_DELAY } from './timers.ts';

/** @returns whether `work` ended within `ms`, which may be Infinity; its own failure counts as an end. */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const abort = new AbortController();
  const late = wait(Math.min(Math.max(0, ms), MAX_DELAY), false, { signal: abort.signal }).catch(() => false);
  const done = work.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([done, late]);
  abort.abort();
  return inTime;
}

/** Sets one plugin up. @throws StartError naming it, when it throws or takes longer than `ms`. */
export async function setUp(plugin: string, ms: number, setup: () => void | Promise<void>): Promise<void> {
  const work = (async () => setup())();
  if (!(await within(ms, work))) throw new StartError(`plugin "${plugin}": set-up took longer than ${ms} ms`);
  try {
    await work;
  } catch (error) {
    if (error instanceof StartError && error.message.includes(`plugin "${plugin}"`)) throw error;
    throw new StartError(`plugin "${plugin}" failed in set-up: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Runs tasks one after the other; a failing or late one does not keep the next from running.
 * @param deadline Unix ms for all of them; a task gets its share of the time that is left.
 */
export async function runTasks(
  tasks: readonly LifecycleTask[],
  moment: string,
  deadline: number,
  failures: Failures,
): Promise<void> {
  for (const [index, { plugin, run }] of tasks.entries()) {
    const share = (deadline - Date.now()) / (tasks.length - index);
    const work = (async () => run())().catch((error: unknown) => void failures.report(plugin, moment, error));
    if (!(await within(share, work)))
      failures.report(plugin, moment, new Error(`did not end before the hub's deadline`));
  }
}

/** Ends a part of the hub; one that fails, or is not done at the deadline, does not keep the others from it. */
export async function endPart(
  what: string,
  deadline: number,
  log: Log,
  close: () => PromiseLike<unknown> | undefined,
): Promise<void> {
  const work = (async () => close())().catch((error: unknown) => {
    log.error({ err: error }, `${what} failed to close`);
  });
  if (!(await within(deadline - Date.now(), work))) log.warn(`${what} did not close in time`);
}
