import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import type { Store } from '../../../core/index.ts';
import { open } from '../redis/open-redis.ts';
import { ownPrefix, withRedis } from '../redis/service.ts';
import { everySecond, lastTick, storedTicks } from './schedule-kit.ts';

const TERM_MS = 1_500;
const SECOND = 1_000;
const NAMES = ['A', 'B', 'C', 'D', 'E'];

/** Processes that are killed. */
const KILLS = 10;
/** Ticks at least, of all walkers. */
const TICKS = 100;

await withRedis(() => {
  test('ticks are run once each while the processes that run them are killed', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wayhub-schedules-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(everySecond(...NAMES))) writeFileSync(join(folder, name), text);
    const prefix = ownPrefix(t);
    writeFileSync(join(folder, 'prefix'), prefix);
    const store = await open(folder);
    t.teardown(() => store.close());
    let holder: ChildProcess | undefined;
    const startHub = () => {
      const hub = fork(new URL('./schedule-hub.ts', import.meta.url), [prefix, `${TERM_MS}`, folder]);
      t.teardown(() => hub.kill('SIGKILL'));
      hub.on('message', (message) => {
        // Whatever else: tap's own.
        if (message === 'held') holder = hub;
      });
    };
    for (let i = 0; i < 3; i++) startHub();
    for (let kills = 0; kills < KILLS; kills++) {
      while (holder === undefined) await wait(5);
      const since = Date.now();
      while ((await lastTick(store, 'A')) < since + SECOND) await wait(5);
      holder.kill('SIGKILL');
      holder = undefined;
      startHub();
    }
    // The sooner another process takes over, the fewer ticks there are by now.
    let ticksOf = await allTicks(store);
    while (ticksOf.flat().length <= TICKS) {
      await wait(SECOND / 4);
      ticksOf = await allTicks(store);
    }
    for (const ticks of ticksOf) {
      const [first = 0] = ticks;
      t.strictSame(
        ticks.map((at) => (at - first) / SECOND),
        ticks.map((_, i) => i),
      );
    }
  });
});

/** By walker. */
function allTicks(store: Store): Promise<readonly number[][]> {
  return Promise.all(NAMES.map((name) => storedTicks(store, name)));
}
