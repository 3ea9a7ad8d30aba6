import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { open } from '../redis/open-redis.ts';
import { ownPrefix, withRedis } from '../redis/service.ts';
import { everySecond, lastTick, storedTicks } from './schedule-kit.ts';

const TERM_MS = 1_500;
const SECOND = 1_000;
const NAMES = ['A', 'B', 'C', 'D'];

/** A hub in a process of its own. */
function startHub(t: Test, prefix: string, folder: string): ChildProcess {
  const hub = fork(new URL('./schedule-hub.ts', import.meta.url), [prefix, `${TERM_MS}`, folder]);
  t.teardown(() => hub.kill('SIGKILL'));
  return hub;
}

await withRedis(() => {
  test('ticks are run once each while the processes that run them are killed', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wayhub-schedules-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(everySecond(...NAMES))) writeFileSync(join(folder, name), text);
    const prefix = ownPrefix(t);
    writeFileSync(join(folder, 'prefix'), prefix);
    const store = await open(folder);
    t.teardown(() => store.close());
    const hubs = [1, 2, 3].map(() => startHub(t, prefix, folder));
    for (let round = 0; round < 3; round++) {
      const held = hubs.map(async (hub) => {
        await once(hub, 'message');
        return hub;
      });
      const holder = await Promise.race(held);
      const since = Date.now();
      while ((await lastTick(store, 'A')) < since + SECOND) await wait(5);
      holder.kill('SIGKILL');
      hubs.splice(hubs.indexOf(holder), 1);
    }
    for (const name of NAMES) {
      const ticks = await storedTicks(store, name);
      const [first = 0] = ticks;
      t.ok(ticks.length > 3, `${ticks.length} ticks of ${name}`);
      t.strictSame(
        ticks.map((at) => (at - first) / SECOND),
        ticks.map((_, i) => i),
      );
    }
  });
});
