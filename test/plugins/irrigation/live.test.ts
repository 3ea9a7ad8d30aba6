import { test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import { MINUTE, openBoard, openDashboard, START, startField } from './field-kit.ts';

const sensors = {
  temperature: { unit: '°C', scale: 0.1, offset: -5, interval: 60, min: -40, max: 60 },
  soil_moisture: { unit: '%', scale: 0.5, offset: 0, interval: 120 },
};

test('a reading reaches the dashboards with its value, its unit and the time the hub received it', async (t) => {
  const hub = await startField(t, { sensors });
  const dashboard = await openDashboard(t, hub);
  t.strictSame(dashboard.latest, { controllers: [], readings: [] }, 'nothing is known yet');
  const board = await openBoard(t, hub, 'north');
  t.match(await dashboard.next(), { event: 'controller_online', data: { controller: 'north' } });
  board.send({ event: 'temperature', data: { time: 8273663, record: 223 } });
  t.strictSame(await dashboard.next(), {
    event: 'temperature',
    data: {
      time: 8273663,
      record: 223,
      controller: 'north',
      received_at: START,
      at: START,
      value: 17.3,
      unit: '°C',
    },
  });
});

test('every event of the protocol, and any other, is passed on as it is', async (t) => {
  const hub = await startField(t);
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  await dashboard.next('controller_online');
  const events = [
    { event: 'humidity', data: { time: 1, record: 40 } },
    { event: 'soil_moisture', data: { time: 2, record: 0.5 } },
    { event: 'irrigation_started', data: { time: 3, zones: ['zone1', 'zone2'] } },
    { event: 'irrigation_stopped', data: { time: 4, zones: ['zone1', 'zone2'] } },
    { event: 'sensor_disconnected', data: { time: 5, sensor: 'humidity and sensor' } },
    { event: 'leaf_wetness', data: { time: 6, record: 7, depth: { cm: [1, 2] } } },
    { event: 'Bodenwärme.2', data: { anything: 'goes', text: 'ä"\\ \u0000' } },
  ];
  for (const event of events) board.send(event);
  for (const { event, data } of events) {
    const told = await dashboard.next();
    t.equal(told.event, event);
    t.match(told.data, data);
    t.match(told.data, { controller: 'north', received_at: START });
  }
});

test('on connecting, a dashboard gets the latest value of each sensor with its age, and whether it is stale', async (t) => {
  const hub = await startField(t, { sensors });
  const first = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  board.send({ event: 'temperature', data: { time: 1_000, record: 200 } });
  board.send({ event: 'temperature', data: { time: 2_000, record: 210 } });
  board.send({ event: 'soil_moisture', data: { time: 2_000, record: 60 } });
  await first.next('soil_moisture');
  await hub.clock.advance(61_000);
  t.match(await first.next(), {
    event: 'sensor_stale',
    data: { controller: 'north', sensor: 'temperature', last: 210 },
  });
  t.equal(first.waiting.length, 0, 'the other one may be older');

  const { latest } = await openDashboard(t, hub, 'ben');
  t.strictSame(
    latest.readings.map(({ event, value, age, stale }: Record<string, unknown>) => [
      event,
      value,
      age,
      stale,
    ]),
    [
      ['temperature', 16, 61_000, true],
      ['soil_moisture', 30, 61_000, false],
    ],
  );
  t.match(latest.controllers, [{ controller: 'north', online: true, last_heard: START }]);

  board.send({ event: 'temperature', data: { time: 63_000, record: 205 } });
  t.match(await first.next(), { event: 'temperature', data: { value: 15.5, at: START + 61_000 } });
  t.equal((await openDashboard(t, hub, 'cem')).latest.readings[0].stale, false);
});

test('a silent controller is reported once, and so is its return', async (t) => {
  const hub = await startField(t, { offlineSeconds: 300 });
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  board.send({ event: 'rain', data: { time: 1 } });
  await dashboard.next('rain');
  await hub.clock.advance(5 * MINUTE);
  t.equal(dashboard.waiting.length, 0, 'that long it may be silent');
  await hub.clock.advance(2_000);
  t.match(await dashboard.next(), {
    event: 'controller_offline',
    data: { controller: 'north', last_heard: START },
  });
  await hub.clock.advance(60 * MINUTE);
  board.send({ event: 'rain', data: { time: 2 } });
  t.match(await dashboard.next(), { event: 'controller_online', data: { controller: 'north' } });
  t.equal((await dashboard.next()).event, 'rain');
  t.match((await openDashboard(t, hub, 'ben')).latest.controllers, [{ controller: 'north', online: true }]);
});

test('a dashboard narrows down what it gets, to events and to controllers', async (t) => {
  const hub = await startField(t);
  const [all, some] = [await openDashboard(t, hub), await openDashboard(t, hub, 'ben')];
  const boards = { north: await openBoard(t, hub, 'north'), south: await openBoard(t, hub, 'south') };
  const tell = async () => {
    for (const board of Object.values(boards)) {
      for (const event of ['temperature', 'humidity']) board.send({ event, data: { time: 1, record: 1 } });
    }
    // Those of a connection come in order; the two connections may overtake each other.
    for (let i = 0; i < 4; i++) await all.next();
  };
  const got = () =>
    some.waiting
      .splice(0)
      .map(({ event, data }) => `${data.controller} ${event}`)
      .sort();
  await all.next('controller_online');
  await all.next('controller_online');
  await tell();
  some.send({ event: 'watch', data: { events: ['temperature'] } });
  const { data: latest } = await some.next('latest');
  t.strictSame(
    latest.readings.map(({ event }: { event: string }) => event),
    ['temperature', 'temperature'],
  );
  const seen: unknown[] = [];
  for (const watch of [
    { events: ['temperature'] },
    { controllers: ['south'] },
    { events: ['humidity', 'rain'], controllers: ['north', 'east'] },
    { events: [] },
    {},
  ]) {
    some.send({ event: 'watch', data: watch });
    await some.next('latest');
    await tell();
    some.send({ event: 'watch', data: {} });
    const before = [];
    for (;;) {
      const message = await some.next();
      if (message.event === 'latest') break;
      before.push(`${message.data.controller} ${message.event}`);
    }
    seen.push(before.sort());
  }
  t.strictSame(seen, [
    ['north temperature', 'south temperature'],
    ['south humidity', 'south temperature'],
    ['north humidity'],
    [],
    ['north humidity', 'north temperature', 'south humidity', 'south temperature'],
  ]);
  t.strictSame(got(), []);
  const wide = Array.from({ length: 200 }, (_, i) => `c${i}`);
  some.send({ event: 'watch', data: { controllers: wide, events: wide.slice(0, 6) } });
  t.match(await some.next(), { event: 'error', data: { code: 'watch_too_wide', ref: 'watch' } });
  some.send({ event: 'watch', data: { events: 'temperature' } });
  t.match(await some.next(), {
    event: 'error',
    data: { code: 'invalid_message', message: /\/events must be array/ },
  });
});

test('other paths leave `/` to others', async (t) => {
  const hub = await startField(t, { controllersPath: '/boards', dashboardsPath: '/watch/:id' });
  const watching = await hub.identity.sign('ann', { controllers: ['*'] });
  const dashboard = await connect(t, hub, `/watch/ann?token=${watching}`, { typeField: 'event' });
  await dashboard.next('latest');
  const speaking = await hub.identity.sign('board', { controller: 'north' });
  const board = await connect(t, hub, `/boards?token=${speaking}`);
  board.send({ event: 'temperature', data: { time: 1, record: 2 } });
  t.match(await dashboard.next('temperature'), { data: { controller: 'north', record: 2 } });
  for (const path of ['/', '/clients/ann'])
    await t.rejects(connect(t, hub, `${path}?token=${watching}`), /404/);
});
