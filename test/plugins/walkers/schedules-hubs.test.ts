import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { walkersWith } from '../../../plugins/walkers/index.ts';
import type { TestHub } from '../../helpers/hub.ts';
import { SharedLeases } from '../../helpers/shared-leases.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { type Life, mortal } from './mortal.ts';
import { everySecond, lastTick, storedTicks, TestClock } from './schedule-kit.ts';
import { PUBLIC_ROOT, person, request, startWalkers } from './wire.ts';

const SECOND = 1_000;

test('100 ticks are each run once for everybody, though the hub that runs them is killed ten times', async (t) => {
  const shared = await sharedStore();
  const store = shared.open();
  const leases = new SharedLeases(300);
  const clock = new TestClock(Date.UTC(2027, 0, 1));
  const hubs: Life[] = [];
  const started: TestHub[] = [];
  for (let i = 0; i < 3; i++) {
    const hub = mortal(store, leases);
    hubs.push(hub);
    started.push(
      await startWalkers(t, everySecond('Tick'), {}, { ...hub.parts, plugin: walkersWith(clock) }),
    );
  }
  const [first] = started;
  if (first === undefined) return t.fail('no hub has started');
  const ann = await person(first);
  await request(first, '/switch/run_Tick', { method: 'PUT', token: ann.token });
  const ranAt = async (at: number) => {
    while ((await lastTick(store, 'Tick')) < at) await wait(2);
  };
  const start = clock.now();
  await ranAt(start);

  const holder = async () => {
    for (;;) {
      const found = hubs.find((hub) => !hub.isDead && hub.leases.has('walkers/schedules'));
      if (found !== undefined) return found;
      await wait(2);
    }
  };
  let dead: Life | undefined;
  for (let second = 1; second <= 100; second++) {
    if (second % 10 !== 0) clock.advance(SECOND);
    else {
      const next = await holder();
      clock.advance(SECOND);
      // Each time a little later in the run.
      for (let turn = 0; turn < second / 2; turn++) await nextTurn();
      next.isDead = true;
      next.leases.clear();
      if (dead !== undefined) dead.isDead = false;
      dead = next;
    }
    // Not so many that they are too late.
    await ranAt(clock.now() - 20 * SECOND);
  }
  await ranAt(clock.now());

  for (const root of [PUBLIC_ROOT, ann.root]) {
    t.strictSame(
      (await storedTicks(store, 'Tick', root)).map((at) => (at - start) / SECOND),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  }
});
