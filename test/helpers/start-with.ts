/** Hubs with a plugin that a test makes on the spot. */
import type { Test } from 'tap';
import type { Hub } from '../../core/index.ts';
import { startHub, type TestHub, type TestOptions } from './hub.ts';
import { plugin } from './plugin.ts';

/** Starts a hub with one plugin. @returns the hub, and as `parts` what the set-up returned. */
export async function startWith<T>(
  t: Test,
  setup: (hub: Hub) => T,
  options: TestOptions = {},
): Promise<{ readonly hub: TestHub; readonly parts: T }> {
  const made: T[] = [];
  const plugins = [plugin('made-by-a-test', (hub) => void made.push(setup(hub)))];
  const hub = await startHub(t, { ...options, plugins });
  const [parts] = made;
  if (parts === undefined) throw new Error('the set-up must return something');
  return { hub, parts };
}

/** What the log has of errors: a test that expects none compares it with []. */
export function loggedErrors(hub: TestHub): unknown[] {
  return hub.logged.filter(({ level }) => Number(level) >= 50);
}
