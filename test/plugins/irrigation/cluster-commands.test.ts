/** Hubs that share a store: commands, and the valves they open, whatever hub a controller is connected to. */
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import type { Client, Received } from '../../helpers/hub.ts';
import {
  type Cluster,
  type Dashboard,
  history,
  MINUTE,
  openBoard,
  openDashboard,
  openDashboards,
  START,
  startCluster,
} from './field-kit.ts';

const start = (more: object = {}) => ({
  event: 'start_irrigation',
  data: { controller: 'north', zones: ['zone1'], seconds: 600, ...more },
});
const stop = { event: 'stop_irrigation', data: { controller: 'north', zones: ['zone1'] } };

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
  const cluster = await startCluster(t, { offlineSeconds: 86_400 });
  const [a, b, c] = cluster.hubs;
  const ann = await openDashboard(t, c, 'ann');
  const [north, south] = [await openBoard(t, b, 'north'), await openBoard(t, a, 'south')];
  for (let i = 0; i < 2; i++) await ann.next('controller_online');
  ann.send(start());
  await north.next('start_irrigation');
  await ann.next('accepted');
  // The one that looks after the field is not heard any more.
  cluster.brokers[0].cut();
  south.send({ event: 'temperature', data: { time: 1, record: 1 } });
  while ((await history(a, 'south', 'temperature', { from: START })).json.rows?.length !== 1) await wait(5);
  await cluster.clock.advance(602_000);
  t.strictSame(north.waiting, []);
  await a.stop();
  t.match(await north.next(), { event: 'stop_irrigation', data: { zones: ['zone1'] } });
  t.match(await ann.next('temperature'), { data: { controller: 'south', record: 1 } });
});
