import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'tap';
import { ControllerTime } from '../../../plugins/irrigation/controller-time.ts';
import type { Received } from '../../helpers/hub.ts';
import { connectRaw, frame, OPCODES } from '../../helpers/raw-client.ts';
import { DAY, HOUR, history, openBoard, openDashboard, START, startField } from './field-kit.ts';

test('garbage is answered, and what comes between it is taken', async (t) => {
  const hub = await startField(t);
  const dashboard = await openDashboard(t, hub);
  const token = await hub.identity.sign('board', { controller: 'north' });
  const board = await connectRaw(t, hub, '/', { authorization: `Bearer ${token}` });
  const garbage = [
    randomBytes(1_000),
    Buffer.from([0xff, 0xfe, 0x00]),
    Buffer.alloc(0),
    Buffer.from('{"event":'),
    Buffer.from('[]'),
    Buffer.from('{"event":7,"data":{}}'),
    Buffer.from('{"event":"temperature","data":{"time":1e999,"record":1}}'),
    Buffer.from('{"event":"temperature","data":{"time":1,"record":"1"}}'),
    Buffer.from('{"event":"temperature","data":[1,2]}'),
    Buffer.from('{"event":"temperature","data":null}'),
    Buffer.from('{"event":"a b","data":{}}'),
    Buffer.from('{"event":"a/b","data":{}}'),
    Buffer.from(`{"event":"${'x'.repeat(65)}","data":{}}`),
    Buffer.from('{"event":"x","data":{"__proto__":{"polluted":true}}}'),
    Buffer.from('{"event":"irrigation_started","data":{"time":1,"zones":"zone1"}}'),
    Buffer.from(`{"event":"x","data":{"deep":${'['.repeat(300)}${']'.repeat(300)}}}`),
    Buffer.alloc(5_000, ' '),
  ];
  for (const [i, bytes] of garbage.entries()) {
    board.socket.write(frame(OPCODES.binary, bytes));
    board.socket.write(frame(OPCODES.binary, `{"event":"alive","data":{"i":${i}}}`));
  }
  for (const i of garbage.keys()) t.equal((await dashboard.next('alive')).data.i, i);
  t.equal(board.texts.length, garbage.length, 'one error for each');
  t.ok(board.texts.every((text) => JSON.parse(text).event === 'error'));
  t.equal(hub.logged.filter(({ level }) => Number(level) >= 50).length, 0);
});

test('impossible clocks disorder nothing, and put nothing into the future or out of reach', async (t) => {
  const hub = await startField(t, { clock: 'unix-ms' });
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  await hub.clock.advance(HOUR);
  const now = hub.clock.now();
  const times = [
    -1,
    0,
    1e308,
    -1e308,
    now + 10 * DAY,
    now - 8 * DAY,
    0.5,
    now - DAY,
    now,
    Number.MAX_SAFE_INTEGER,
  ];
  const placed: unknown[] = [];
  for (const time of times) {
    board.send({ event: 'temperature', data: { time, record: 1 } });
    const { data } = await dashboard.next('temperature');
    t.equal(data.received_at, now);
    placed.push(data.at - now);
  }
  t.strictSame(placed, [0, 0, 0, 0, 0, 0, 0, -DAY, 0, 0]);
  const { json } = await history(hub, 'north', 'temperature', { from: START });
  t.strictSame(
    json.rows.map(({ data }: Received) => data.time),
    times,
    'rows are in the order of arrival',
  );
});

test('a clock of any kind is placed between the backlog and now', async (t) => {
  const number = fc.oneof(fc.double(), fc.integer(), fc.integer({ min: 0, max: 1e7 }));
  const unit = fc.constantFrom('ms' as const, 's' as const, 'unix-ms' as const, 'unix-s' as const);
  const step = fc.record({ time: number, passed: fc.nat({ max: DAY }), reconnect: fc.boolean() });
  const property = fc.property(unit, fc.array(step, { maxLength: 50 }), (unit, steps) => {
    const clock = new ControllerTime(unit, 7 * DAY);
    let now = START;
    for (const { time, passed, reconnect } of steps) {
      now += passed;
      if (reconnect) clock.connected();
      const at = clock.place(time, now);
      if (!(at <= now && at >= now - 7 * DAY - 1))
        throw new Error(`${time} at ${now} was placed ${at - now}`);
    }
  });
  fc.assert(property, { numRuns: 500 });
  t.pass();
});

test('a clock with an epoch of its own is learned, through delays, backlogs and restarts', async (t) => {
  const clock = new ControllerTime('s', 7 * DAY);
  clock.connected();
  t.equal(clock.place(100, START), START, 'the first is taken to be live');
  t.equal(
    clock.place(160, START + 60_500),
    START + 60_012,
    'half a second late: it cannot have drifted more than that',
  );
  clock.connected();
  const hour = START + HOUR;
  t.equal(clock.place(3_700, hour), hour, 'an hour later');
  t.ok(Math.abs(clock.place(1_900, hour + 1) - (START + HOUR / 2)) < 1_000, 'a reading of half an hour ago');
  clock.connected();
  t.equal(clock.place(5, hour + 90_000), hour + 90_000, 'it was restarted');
  t.equal(clock.place(6, hour + 91_000), hour + 91_000);
});

test('a flood is cut off in the end, and does not reach the others', async (t) => {
  const hub = await startField(t, { readingsPerSecond: 1, burst: 500 });
  const dashboard = await openDashboard(t, hub);
  const [flood, calm] = [await openBoard(t, hub, 'flood'), await openBoard(t, hub, 'calm')];
  for (let i = 0; i < 500; i++) flood.send({ event: 'temperature', data: { time: i, record: i } });
  for (let i = 0; i < 500; i++) await dashboard.next('temperature');
  t.equal(flood.waiting.length, 0, 'a backlog is no flood');
  for (let i = 0; i < 1_200; i++) flood.send({ event: 'temperature', data: { time: i, record: i } });
  t.match(await flood.next(), { event: 'error', data: { code: 'rate_limited' } });
  t.match(await flood.closed, { code: 4500 });
  calm.send({ event: 'rain', data: {} });
  t.match(await dashboard.next('rain'), { data: { controller: 'calm' } });
});

test('names of events and controllers are counted, and what waits to be stored is bounded', async (t) => {
  const hub = await startField(t, { eventsPerController: 4, knownControllers: 2, queue: 10 });
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  for (const event of ['a', 'b', 'c', 'd', 'e']) board.send({ event, data: {} });
  t.match(await board.next(), { event: 'error', data: { code: 'too_many_events', ref: 'e' } });
  await openBoard(t, hub, 'south');
  const third = await openBoard(t, hub, 'east');
  t.match(await third.closed, { code: 4503, reason: /2 controllers are known/ });
  await dashboard.next('d');
  dashboard.send({ event: 'start_irrigation', data: { controller: 'north', zones: ['a'], seconds: 5 } });
  t.match(
    await dashboard.next('command'),
    { data: { state: 'sent' } },
    'the events of the hub are not counted',
  );
  await board.next('start_irrigation');
  board.socket.pause();
  for (let i = 0; i < 100; i++) board.send({ event: 'a', data: { i } });
  board.socket.resume();
  t.match(await board.next(), { event: 'error', data: { code: 'overloaded' } });
});
