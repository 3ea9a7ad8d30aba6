/** Hubs that share a store: nobody can tell on which of them a controller is connected. */
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import topics from '../../../plugins/topics/index.ts';
import type { Client, Received } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import {
  type Cluster,
  type Dashboard,
  get,
  history,
  MINUTE,
  openBoard,
  openDashboard,
  START,
  startCluster,
  type TestField,
} from './field-kit.ts';

const sensors = { temperature: { unit: '°C', scale: 0.1, offset: 0, interval: 60, max: 60 } };
const reading = (time: number, record = time) => ({ event: 'temperature', data: { time, record } });
const start = (more: object = {}) => ({
  event: 'start_irrigation',
  data: { controller: 'north', zones: ['zone1'], seconds: 600, ...more },
});
const stop = { event: 'stop_irrigation', data: { controller: 'north', zones: ['zone1'] } };

/** A dashboard on each hub. */
function openDashboards(t: Parameters<typeof openBoard>[0], { hubs }: Cluster): Promise<Dashboard[]> {
  return Promise.all(hubs.map((hub, i) => openDashboard(t, hub, `user${i}`)));
}

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

/** Lets seconds pass until a message comes. */
async function passUntil({ clock }: Cluster, client: Client, type: string): Promise<Received> {
  const found = client.next(type);
  for (;;) {
    const message = await Promise.race([found, wait(20)]);
    if (message !== undefined) return message;
    await clock.advance(1_000);
  }
}

/** The states of commands that a dashboard was told of. */
const statesOf = (client: Client) =>
  client.waiting.splice(0).flatMap(({ event, data }) => (event === 'command' ? [data.state] : []));

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

test('of two connections of a controller the newer one gets the commands, whatever hubs they are on', async (t) => {
  const cluster = await startCluster(t);
  const [a, b, c] = cluster.hubs;
  const ann = await openDashboard(t, c, 'ann');
  const old = await openBoard(t, a, 'north');
  await ann.next('controller_online');
  ann.send(start());
  t.match(await old.next(), { event: 'start_irrigation' });
  const young = await openBoard(t, b, 'north');
  young.send({ event: 'hello', data: {} });
  await ann.next('hello');
  ann.send(start({ zones: ['zone2'] }));
  t.match(await young.next(), { event: 'start_irrigation', data: { zones: ['zone2'] } });
  t.equal(old.waiting.length, 0);
  young.socket.close();
  await young.closed;
  ann.send(start({ zones: ['zone3'], expires: 3_600 }));
  t.match(
    await passUntil(cluster, old, 'start_irrigation'),
    { data: { zones: ['zone3'] } },
    'the older one is still there',
  );
  t.strictSame(
    statesOf(ann).filter((state) => state === 'expired'),
    [],
  );
});

test('a command given on any hub is delivered once, and all are told what becomes of it', async (t) => {
  const cluster = await startCluster(t);
  const [a, b, c] = cluster.hubs;
  const [ann, ben, cem] = (await openDashboards(t, cluster)) as [Dashboard, Dashboard, Dashboard];
  const board = await openBoard(t, b, 'north');
  board.send({ event: 'rain', data: { time: 5_000 } });
  for (const dashboard of [ann, ben, cem]) await dashboard.next('rain');
  ann.send(start());
  const order = await board.next();
  t.match(order, { event: 'start_irrigation', data: { zones: ['zone1'], seconds: 600, expires: 35_000 } });
  t.strictSame((await ann.next('accepted')).data, { id: order.data.id, state: 'sent' });
  for (const dashboard of [ben, cem])
    t.match(await dashboard.next('command'), { data: { id: order.data.id, by: 'user0', state: 'sent' } });
  cem.send(stop);
  t.match(await board.next(), { event: 'stop_irrigation' });
  t.equal((await cem.next('accepted')).data.state, 'sent');

  board.socket.close();
  await board.closed;
  for (const one of [ann, ben, cem]) one.waiting.splice(0);
  ann.send(start({ zones: ['a'] }));
  await ben.next('command');
  cem.send(start({ zones: ['b'], expires: 3_600 }));
  await ben.next('command');
  ben.send(start({ zones: ['zone1'], expires: 3_600 }));
  await ben.next('command');
  ann.send(stop);
  t.match(await ben.next('command'), { data: { zones: ['zone1'], state: 'cancelled' } });
  t.match(await ben.next('command'), { data: { command: 'stop_irrigation', state: 'waiting' } });
  await cluster.clock.advance(31_000);
  for (const dashboard of [ann, ben, cem]) {
    const told: unknown[] = [];
    do told.push((await dashboard.next('command')).data);
    while (told.filter((data) => (data as Received).state === 'expired').length < 2);
    t.pass('what nobody could deliver in time is over');
  }
  const back = await openBoard(t, c, 'north');
  t.match(await back.next(), { event: 'start_irrigation', data: { zones: ['b'] } });
  t.match(await back.next(), { event: 'stop_irrigation' }, 'which was never confirmed');
  back.send({ event: 'end', data: {} });
  await ann.next('end');
  t.strictSame(back.waiting, []);
  const { json } = await history(a, 'north', 'command', { from: START, to: START + 60 * MINUTE });
  t.equal(json.rows.filter(({ data }: Received) => data.state === 'expired').length, 2, 'each once');
});

test('a valve that was open long enough is closed once, whatever hub the controller is on', async (t) => {
  const cluster = await startCluster(t, { offlineSeconds: 86_400 });
  const [a, b, c] = cluster.hubs;
  const ann = await openDashboard(t, c, 'ann');
  const board = await openBoard(t, b, 'north');
  const confirm = async (from: Client, zone: string) => {
    const time = cluster.clock.now() - START;
    from.send({ event: 'irrigation_stopped', data: { time, zones: [zone] } });
    await ann.next('irrigation_stopped');
  };
  await ann.next('controller_online');
  ann.send(start());
  await board.next('start_irrigation');
  await ann.next('accepted');
  await cluster.clock.advance(599_000);
  t.strictSame(board.waiting, []);
  t.match(await passUntil(cluster, board, 'stop_irrigation'), { data: { zones: ['zone1'] } });
  t.match(await ann.next('command'), { data: { command: 'stop_irrigation', by: 'hub', state: 'sent' } });
  await cluster.clock.advance(9_000);
  await confirm(board, 'zone1');
  await cluster.clock.advance(60 * MINUTE);
  t.strictSame(board.waiting, [], 'one stop');

  // The hub that looks after the field stops, and then the one the controller is connected to.
  ann.send(start({ zones: ['zone2'] }));
  await board.next('start_irrigation');
  await cluster.clock.advance(599_000);
  await a.stop();
  t.match(await passUntil(cluster, board, 'stop_irrigation'), { data: { zones: ['zone2'] } });
  await confirm(board, 'zone2');
  ann.send(start({ zones: ['zone3'] }));
  await board.next('start_irrigation');
  await b.stop();
  await cluster.clock.advance(30 * MINUTE);
  const back = await openBoard(t, c, 'north');
  t.match(await back.next(), { event: 'stop_irrigation', data: { zones: ['zone3'] } });
  await confirm(back, 'zone3');
  await cluster.clock.advance(60 * MINUTE);
  t.strictSame(back.waiting, []);
  const { json } = await history(c, 'north', 'command', { from: START });
  t.strictSame(
    json.rows.filter(({ data }: Received) => data.by === 'hub').map(({ data }: Received) => data.zones),
    [['zone1'], ['zone2'], ['zone3']],
  );
});

test('a hub that does not hear the others closes the valves of its controllers itself', async (t) => {
  const cluster = await startCluster(t, { offlineSeconds: 86_400 });
  const [, b] = cluster.hubs;
  const ann = await openDashboard(t, b, 'ann');
  const board = await openBoard(t, b, 'north');
  ann.send(start());
  await board.next('start_irrigation');
  await ann.next('accepted');
  cluster.brokers[1].cut();
  await cluster.clock.advance(620_000);
  t.match(await board.next(), { event: 'stop_irrigation', data: { zones: ['zone1'] } });
  cluster.brokers[1].restore();
  board.send({ event: 'irrigation_stopped', data: { time: 1, zones: ['zone1'] } });
  await ann.next('irrigation_stopped');
  await cluster.clock.advance(60 * MINUTE);
  t.strictSame(board.waiting, [], 'once');
});

test('what a hub had stored when it died, and told nobody, is done by another one', async (t) => {
  const cluster = await startCluster(t, { sensors, offlineSeconds: 86_400 });
  const [a, b, c] = cluster.hubs;
  const ann = await openDashboard(t, c, 'ann');
  const [north, south] = [await openBoard(t, b, 'north'), await openBoard(t, a, 'south')];
  for (let i = 0; i < 2; i++) await ann.next('controller_online');
  ann.send(start());
  await north.next('start_irrigation');
  await ann.next('accepted');
  // The one that looks after the field is not heard any more.
  cluster.brokers[0].cut();
  south.send(reading(1));
  while ((await history(a, 'south', 'temperature', { from: START })).json.rows?.length !== 1) await wait(5);
  await cluster.clock.advance(602_000);
  t.strictSame(north.waiting, []);
  await a.stop();
  t.match(await north.next(), { event: 'stop_irrigation', data: { zones: ['zone1'] } });
  t.match(await ann.next('temperature'), { data: { controller: 'south', record: 1 } });
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
