/** Hubs that share a store: nobody can tell on which of them a controller is connected. */
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import topics from '../../../plugins/topics/index.ts';
import type { Client, Received } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import {
  type Dashboard,
  get,
  history,
  MINUTE,
  openBoard,
  openDashboard,
  openDashboards,
  START,
  startCluster,
  type TestField,
} from './field-kit.ts';

const sensors = { temperature: { unit: '°C', scale: 0.1, offset: 0, interval: 60, max: 60 } };
const reading = (time: number, record = time) => ({ event: 'temperature', data: { time, record } });
/** Records of temperatures, as they come, up to one of them. */
async function recordsUntil(client: Client, last: number): Promise<number[]> {
  const seen: number[] = [];
  do seen.push((await client.next('temperature')).data.record);
  while (seen.at(-1) !== last);
  return seen;
}

const storedRecords = async (hub: TestField, event = 'temperature') => {
  const { json } = await history(hub, 'north', event, {
    from: START,
    to: START + 500 * MINUTE,
    limit: 10_000,
  });
  return json.rows.map(({ data }: Received) => data.record);
};

test('readings taken by any hub reach the dashboards of all, once and in order, and all know the latest', async (t) => {
  const cluster = await startCluster(t, { sensors });
  const dashboards = await openDashboards(t, cluster);
  const [a, b, c] = cluster.hubs;
  const first = await openBoard(t, a, 'north');
  for (let n = 1; n <= 50; n++) first.send(reading(n));
  for (const dashboard of dashboards) {
    t.match(await dashboard.next(), { event: 'controller_online', data: { controller: 'north' } });
    t.strictSame(
      await recordsUntil(dashboard, 50),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  }
  first.socket.close();
  await first.closed;
  const second = await openBoard(t, b, 'north');
  for (let n = 51; n <= 100; n++) second.send(reading(n));
  for (const dashboard of dashboards) {
    t.strictSame(
      await recordsUntil(dashboard, 100),
      Array.from({ length: 50 }, (_, i) => i + 51),
    );
    t.strictSame(dashboard.waiting, [], 'it was online all the time');
  }
  for (const hub of [a, b, c]) {
    const { latest } = await openDashboard(t, hub, 'late');
    t.match(latest, {
      controllers: [{ controller: 'north', online: true }],
      readings: [{ record: 100, value: 10 }],
    });
    const { json } = await get(hub, '/irrigation/controllers');
    t.match(json.controllers, [{ controller: 'north', online: true, readings: [{ record: 100 }] }]);
    t.equal((await storedRecords(hub)).length, 100);
    const hours = await history(hub, 'north', 'temperature', { from: START, every: '1h' });
    t.match(hours.json.intervals, [{ count: 100, min: 0.1, max: 10 }], 'rollups have the rows of all hubs');
  }
});

test('a hub that was cut off shows what it missed, once', async (t) => {
  const cluster = await startCluster(t, { sensors });
  const dashboards = await openDashboards(t, cluster);
  const [a, , c] = cluster.hubs;
  const [seen] = dashboards as [Dashboard];
  const board = await openBoard(t, a, 'north');
  board.send(reading(1));
  for (const dashboard of dashboards) await recordsUntil(dashboard, 1);
  cluster.brokers[2].cut();
  for (let n = 2; n <= 20; n++) {
    board.send(reading(n));
    await recordsUntil(seen, n);
  }
  t.match((await openDashboard(t, c, 'behind')).latest.readings, [{ record: 1 }]);
  cluster.brokers[2].restore();
  const last = dashboards[2] as Dashboard;
  t.strictSame(
    await recordsUntil(last, 20),
    Array.from({ length: 19 }, (_, i) => i + 2),
  );
  board.send(reading(21));
  t.strictSame(await recordsUntil(last, 21), [21]);
  t.match((await openDashboard(t, c, 'again')).latest.readings, [{ record: 21 }]);
});

test('whatever hubs a controller reports to and are cut off: all show the same, once and in the order of the log', async (t) => {
  const cluster = await startCluster(t, { sensors });
  const dashboards = await openDashboards(t, cluster);
  const boards = await Promise.all(cluster.hubs.map((hub) => openBoard(t, hub, 'north')));
  let n = 1;
  boards[0]?.send(reading(n));
  for (const dashboard of dashboards) await recordsUntil(dashboard, n);
  const index = fc.integer({ min: 0, max: 2 });
  const step = fc.record({ do: fc.constantFrom('send', 'send', 'send', 'cut', 'restore'), at: index });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const before = n;
      for (const { do: what, at } of steps) {
        if (what === 'send') boards[at]?.send(reading(++n));
        else cluster.brokers[at]?.[what]();
        await cluster.network.settled();
      }
      for (const broker of cluster.brokers) broker.restore();
      // All have arrived at the store before the last one is sent.
      while ((await storedRecords(cluster.hubs[0])).length < n) await wait(5);
      boards[0]?.send(reading(++n));
      const all = await Promise.all(dashboards.map((dashboard) => recordsUntil(dashboard, n)));
      const stored = (await storedRecords(cluster.hubs[0])).slice(before);
      for (const seen of all) if (seen.join() !== stored.join()) throw new Error(`${seen} for ${stored}`);
    }),
    { numRuns: 25 },
  );
  t.pass('25 histories');
});

test('a controller that comes to another hub and tells its backlog again is stored once', async (t) => {
  for (const clock of ['ms', 'unix-ms'] as const) {
    const cluster = await startCluster(t, { sensors, clock });
    const [a, b] = cluster.hubs;
    const zero = clock === 'ms' ? 5_000 : START - 20 * MINUTE;
    const backlog = Array.from({ length: 20 }, (_, i) => reading(zero + i * MINUTE, i));
    const [seen] = (await openDashboards(t, cluster)) as [Dashboard];
    const first = await openBoard(t, a, 'north');
    first.send({ event: 'irrigation_started', data: { time: zero, zones: ['hand'] } });
    for (const one of backlog.slice(0, 12)) first.send(one);
    await recordsUntil(seen, 11);
    // It never knew what had arrived.
    first.socket.terminate();
    await first.closed;
    const second = await openBoard(t, b, 'north');
    second.send({ event: 'irrigation_started', data: { time: zero, zones: ['hand'] } });
    for (const one of backlog) second.send(one);
    t.strictSame(await recordsUntil(seen, 19), [12, 13, 14, 15, 16, 17, 18, 19]);
    for (const hub of cluster.hubs) {
      t.strictSame(
        await storedRecords(hub),
        backlog.map((_, i) => i),
        clock,
      );
      t.equal((await storedRecords(hub, 'irrigation_started')).length, 1);
    }
    t.equal(second.waiting.length, 0, 'no error');
  }
});

test('a controller whose clock began anew tells nothing again, even if it looks so', async (t) => {
  const cluster = await startCluster(t, { sensors, clock: 's' });
  const [a, b] = cluster.hubs;
  const [seen] = (await openDashboards(t, cluster)) as [Dashboard];
  let board = await openBoard(t, a, 'north');
  const live = async () => {
    for (let time = 60; time <= 600; time += 60) {
      board.send({ event: 'rain', data: { time, record: 0 } });
      board.send({ event: 'alive', data: {} });
      await seen.next('alive');
      await cluster.clock.advance(MINUTE);
    }
  };
  await live();
  board.socket.close();
  board = await openBoard(t, b, 'north');
  await live();
  t.equal(
    (await storedRecords(b, 'rain')).length,
    19,
    'of twenty all but the first, which could have been told again',
  );
});

test('a controller whose clock stands still tells nothing again', async (t) => {
  for (const clock of ['ms', 'unix-ms'] as const) {
    const cluster = await startCluster(t, { sensors, clock });
    const [seen] = (await openDashboards(t, cluster)) as [Dashboard];
    for (const hub of cluster.hubs) {
      const board = await openBoard(t, hub, 'north');
      for (let n = 0; n < 5; n++) board.send({ event: 'rain', data: { time: 0, record: 0 } });
      for (let n = 0; n < 5; n++) await seen.next('rain');
      board.socket.close();
      await board.closed;
    }
    t.equal((await storedRecords(cluster.hubs[0], 'rain')).length, 15, clock);
  }
});

test('a silent controller and a stale reading are told once, and only if no hub has heard anything', async (t) => {
  const cluster = await startCluster(t, { sensors, offlineSeconds: 300 });
  const dashboards = await openDashboards(t, cluster);
  const [, b, c] = cluster.hubs;
  const board = await openBoard(t, b, 'north');
  board.send(reading(1));
  for (const dashboard of dashboards) await dashboard.next('temperature');
  // The hub that looks after the field hears nothing of this.
  cluster.brokers[0].cut();
  const missed = [120_000, 240_000, 360_000];
  for (const time of missed) {
    await cluster.clock.advance(59_000);
    board.send(reading(time));
    await (dashboards[1] as Dashboard).next('temperature');
  }
  await cluster.clock.advance(59_000);
  cluster.brokers[0].restore();
  for (const dashboard of [dashboards[0], dashboards[2]])
    t.strictSame(await recordsUntil(dashboard as Dashboard, 360_000), missed);
  await cluster.clock.advance(6 * MINUTE);
  for (const dashboard of dashboards) {
    const told = [await dashboard.next(), await dashboard.next()];
    t.strictSame(
      told.map(({ event }) => event),
      ['sensor_stale', 'controller_offline'],
    );
    t.strictSame(dashboard.waiting, []);
  }
  for (const hub of cluster.hubs)
    t.match((await openDashboard(t, hub, 'late')).latest, {
      controllers: [{ online: false }],
      readings: [{ stale: true }],
    });
  const elsewhere = await openBoard(t, c, 'north');
  elsewhere.send(reading(900_000));
  for (const dashboard of dashboards) {
    t.match(await dashboard.next(), { event: 'controller_online' });
    t.match(await dashboard.next(), { event: 'temperature' });
  }
  await cluster.clock.advance(2 * MINUTE);
  for (const dashboard of dashboards) {
    t.match(await dashboard.next(), { event: 'sensor_stale' }, 'again, for it was well meanwhile');
    t.strictSame(dashboard.waiting, []);
  }
});

test('a rule is triggered once by an event, whatever hub took it', async (t) => {
  const triggered: unknown[] = [];
  const rule = () =>
    plugin('rule', (hub) => {
      hub.use('topics').subscribe('irrigation.*', (event, topic) => {
        triggered.push([topic, (event as Received).record]);
      });
    });
  const cluster = await startCluster(t, { sensors }, () => [topics(), rule()]);
  const [a, b, c] = cluster.hubs;
  const dashboard = await openDashboard(t, c);
  for (const [n, hub] of [a, b].entries()) {
    const board = await openBoard(t, hub, 'north');
    board.send(reading(n + 1));
    await recordsUntil(dashboard, n + 1);
    board.socket.close();
    await board.closed;
  }
  await cluster.clock.advance(2 * MINUTE);
  await dashboard.next('sensor_stale');
  while (triggered.length < 4) await wait(5);
  await cluster.network.settled();
  t.strictSame(triggered, [
    ['irrigation.controller_online', undefined],
    ['irrigation.temperature', 1],
    ['irrigation.temperature', 2],
    ['irrigation.sensor_stale', undefined],
  ]);
});
