import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { open } from '../redis/open-redis.ts';
import { ownPrefix, withRedis } from '../redis/service.ts';
import { everySecond, lastTick, storedTicks } from './schedule-kit.ts';

const TERM_MS = 1_500;
const SECOND = 1_000;
const NAMES = ['A', 'B', 'C', 'D', 'E'];

/** Processes that are killed. */
const KILLS = 10;

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
      // Without the hooks tap adds to every process a test starts.
      const options = { env: { ...process.env, NODE_OPTIONS: '' }, execArgv: [] };
      const args = [prefix, `${TERM_MS}`, folder];
      const hub = fork(new URL('./schedule-hub.ts', import.meta.url), args, options);
      t.teardown(() => hub.kill('SIGKILL'));
      hub.on('message', () => {
        holder = hub;
      });
    };
    for (let i = 0; i < 3; i++) startHub();
    for (let kills = 0; kills < KILLS; kills++) {
      while (holder === undefined) await wait(20);
      const since = Date.now();
      while ((await lastTick(store, 'A')) < since + SECOND) await wait(20);
      holder.kill('SIGKILL');
      holder = undefined;
      startHub();
    }
    const [begun = 0] = await storedTicks(store, 'A');
    // So many of each that there are more than 100, however quick the kills were.
    while ((await lastTick(store, 'E')) < begun + 21 * SECOND) await wait(20);
    let count = 0;
    for (const name of NAMES) {
      const ticks = await storedTicks(store, name);
      const [first = 0] = ticks;
      count += ticks.length;
      t.strictSame(
        ticks.map((at) => (at - first) / SECOND),
        ticks.map((_, i) => i),
      );
    }
    t.ok(count > 100, `${count} ticks`);
  });
});
