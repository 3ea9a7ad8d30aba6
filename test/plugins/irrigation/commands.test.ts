import { once } from 'node:events';
import { test } from 'tap';
import { type Client, connect } from '../../helpers/hub.ts';
import { MINUTE, openBoard, openDashboard, START, startField, startProcess, testClock } from './field-kit.ts';

const start = (more: object = {}) => ({
  event: 'start_irrigation',
  data: { controller: 'north', zones: ['zone1', 'zone2'], seconds: 600, ...more },
});
const stop = (more: object = {}) => ({
  event: 'stop_irrigation',
  data: { controller: 'north', zones: ['zone1', 'zone2'], ...more },
});
/** The next thing a dashboard is told of a command. */
const state = async (client: Client) => (await client.next('command')).data.state;

test('a command reaches the controller at once, and everybody who watches is told', async (t) => {
  const hub = await startField(t);
  const [ann, ben] = [await openDashboard(t, hub), await openDashboard(t, hub, 'ben')];
  const board = await openBoard(t, hub, 'north');
  board.send({ event: 'rain', data: { time: 5_000 } });
  await ann.next('rain');
  ann.send(start());
  const order = await board.next();
  t.match(order, {
    event: 'start_irrigation',
    data: { zones: ['zone1', 'zone2'], seconds: 600, expires: 35_000 },
  });
  const { data: accepted } = await ann.next('accepted');
  t.strictSame(accepted, { id: order.data.id, state: 'sent' });
  t.match(await ben.next('command'), {
    data: {
      controller: 'north',
      id: order.data.id,
      command: 'start_irrigation',
      by: 'ann',
      state: 'sent',
      seconds: 600,
    },
  });
  ann.send(stop());
  t.match(await board.next(), { event: 'stop_irrigation', data: { zones: ['zone1', 'zone2'] } });
});

test('the hub ends an irrigation at its time, and insists until the controller says that it stopped', async (t) => {
  const hub = await startField(t, { offlineSeconds: 86_400 });
  const ann = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  ann.send(start());
  await board.next('start_irrigation');
  t.equal(await state(ann), 'sent');
  await hub.clock.advance(599_000);
  t.equal(board.waiting.length, 0);
  await hub.clock.advance(1_000);
  t.match(await board.next(), { event: 'stop_irrigation', data: { zones: ['zone1', 'zone2'] } });
  t.match(await ann.next('command'), { data: { command: 'stop_irrigation', by: 'hub', state: 'sent' } });
  board.send({ event: 'irrigation_stopped', data: { time: 1, zones: ['zone2'] } });
  await ann.next('irrigation_stopped');
  await hub.clock.advance(11_000);
  t.match(
    await board.next(),
    { event: 'stop_irrigation', data: { zones: ['zone1'] } },
    'the other one is still open',
  );
  await hub.clock.advance(21_000);
  await board.next('stop_irrigation');
  board.send({ event: 'irrigation_stopped', data: { time: 2, zones: ['zone1'] } });
  await ann.next('irrigation_stopped');
  await hub.clock.advance(60 * MINUTE);
  t.equal(board.waiting.length, 0, 'all is closed');
});

test('what a controller began by itself is ended after the longest time, too', async (t) => {
  const hub = await startField(t, { maximumSeconds: 1_200, offlineSeconds: 86_400 });
  const ann = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  board.send({ event: 'irrigation_started', data: { time: 1_000, zones: ['hand'] } });
  await ann.next('irrigation_started');
  await hub.clock.advance(19 * MINUTE);
  t.equal(board.waiting.length, 0);
  await hub.clock.advance(MINUTE);
  t.match(await board.next(), { event: 'stop_irrigation', data: { zones: ['hand'] } });
});

test('no irrigation is longer than the limit, and none is without zones or end', async (t) => {
  const hub = await startField(t, { maximumSeconds: 900 });
  const ann = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  for (const [wrong, code] of [
    [start({ seconds: 901 }), 'too_long'],
    [start({ seconds: 0 }), 'invalid_message'],
    [start({ seconds: undefined }), 'invalid_message'],
    [start({ zones: [] }), 'invalid_message'],
    [start({ controller: 'unheard-of' }), 'unknown_controller'],
    [stop({ expires: -1 }), 'invalid_message'],
  ] as const) {
    ann.send(wrong);
    t.equal((await ann.next('error')).data.code, code);
  }
  t.equal(board.waiting.length, 0);
});

test('a command waits for its controller as long as it holds, and is never delivered late', async (t) => {
  const hub = await startField(t, { commandSeconds: 30 });
  const ann = await openDashboard(t, hub);
  const gone = await openBoard(t, hub, 'north');
  gone.socket.close();
  await gone.closed;
  ann.send(start({ zones: ['a'] }));
  ann.send(start({ zones: ['b'], expires: 120 }));
  t.strictSame([await state(ann), await state(ann)], ['waiting', 'waiting']);
  await hub.clock.advance(30_000);
  t.match(await ann.next('command'), { data: { zones: ['a'], state: 'expired' } });
  await hub.clock.advance(60_000);
  const board = await openBoard(t, hub, 'north');
  t.match(await board.next(), { event: 'start_irrigation', data: { zones: ['b'], seconds: 600 } });
  t.equal(await state(ann), 'sent');
  await hub.clock.advance(599_000);
  t.equal(board.waiting.length, 0, 'its time counts from when it was delivered');
  await hub.clock.advance(1_000);
  t.match(await board.next(), { event: 'stop_irrigation', data: { zones: ['b'] } });
});

test('a stop takes back the start that waits before it', async (t) => {
  const hub = await startField(t, { commandsWaiting: 2 });
  const ann = await openDashboard(t, hub);
  const gone = await openBoard(t, hub, 'north');
  gone.socket.close();
  await gone.closed;
  ann.send(start());
  ann.send(stop({ zones: ['zone2'] }));
  t.strictSame([await state(ann), await state(ann), await state(ann)], ['waiting', 'cancelled', 'waiting']);
  ann.send(stop());
  ann.send(stop());
  t.match((await ann.next('error')).data, { code: 'too_many_commands' });
  const board = await openBoard(t, hub, 'north');
  t.equal((await board.next()).event, 'stop_irrigation');
  t.equal((await board.next()).event, 'stop_irrigation');
  t.equal(board.waiting.length, 0);
});

test('kill -9 leaves no valve open and delivers nothing late', async (t) => {
  const data = t.testdir();
  const { child, tokens, ...process } = await startProcess(t, data);
  const ann = await connect(t, process, `/clients/ann?token=${tokens.dashboard}`, { typeField: 'event' });
  const board = await connect(t, process, `/?token=${tokens.board}`, { typeField: 'event' });
  await ann.next('controller_online');
  ann.send(start());
  await board.next('start_irrigation');
  board.socket.close();
  await board.closed;
  ann.send(start({ zones: ['late'] }));
  ann.send(start({ zones: ['patient'], expires: 3_600 }));
  await ann.next('accepted');
  await ann.next('accepted');
  t.equal((await ann.next('accepted')).data.state, 'waiting');
  child.kill('SIGKILL');
  await once(child, 'exit');

  const clock = testClock(START + 11 * MINUTE);
  const single = 'it is started on what a process left in its folder';
  const hub = await startField(t, {}, { data, single }, clock);
  const again = await openDashboard(t, hub);
  await clock.advance(1_000);
  t.match(await again.next('command'), { data: { zones: ['late'], state: 'expired' } });
  const returned = await openBoard(t, hub, 'north');
  t.match(await returned.next(), { event: 'start_irrigation', data: { zones: ['patient'] } });
  t.match(await returned.next(), { event: 'stop_irrigation', data: { zones: ['zone1', 'zone2'] } });
  await clock.advance(10 * MINUTE);
  const stopped = new Set<string>();
  while (!stopped.has('patient'))
    for (const zone of (await returned.next('stop_irrigation')).data.zones) stopped.add(zone);
  t.pass('the one that was delivered after the restart is ended, too');
});
