import { once } from 'node:events';
import { test } from 'tap';
import { type Client, connect, type Received } from '../../helpers/hub.ts';
import {
  DAY,
  get,
  HOUR,
  history,
  MINUTE,
  openBoard,
  openDashboard,
  START,
  startField,
  startProcess,
  type TestField,
  testClock,
} from './field-kit.ts';

const sensors = {
  temperature: { unit: '°C', scale: 0.1, offset: -10, interval: 90, min: -40, max: 60, maxPerMinute: 2 },
};
const options = { sensors, clock: 'unix-ms' as const, offlineSeconds: 86_400 };

/** One reading a minute, as its time goes by. */
async function report(
  hub: TestField,
  board: Client,
  dashboard: Client,
  records: readonly number[],
): Promise<void> {
  for (const record of records) {
    board.send({ event: 'temperature', data: { time: hub.clock.now(), record } });
    await dashboard.next('temperature');
    await hub.clock.advance(MINUTE);
  }
}

async function startReporting(t: Parameters<typeof openBoard>[0], data?: string) {
  const hub = await startField(t, options, data === undefined ? {} : { data });
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  return { hub, dashboard, board };
}

test('history is minimum, mean, maximum and count over intervals', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await report(hub, board, dashboard, [300, 302, 310, 304, 299]);
  const from = new Date(START).toISOString();
  const { json } = await history(hub, 'north', 'temperature', { from, every: '2m' });
  t.strictSame(json, {
    controller: 'north',
    event: 'temperature',
    unit: '°C',
    every: '2m',
    intervals: [
      { from: START, min: 20, mean: 20.1, max: 20.2, count: 2, marked: 0 },
      { from: START + 2 * MINUTE, min: 20.4, mean: 20.7, max: 21, count: 2, marked: 0 },
      { from: START + 4 * MINUTE, min: 19.9, mean: 19.9, max: 19.9, count: 1, marked: 0 },
    ],
  });
  const { json: day } = await history(hub, 'north', 'temperature', { every: '1d' });
  t.match(day.intervals, [{ from: START, count: 5, mean: 20.3 }], 'of the last day, unless it is said');
  const { text, headers } = await history(hub, 'north', 'temperature', {
    from: START,
    every: '1h',
    format: 'csv',
  });
  t.equal(text, 'from,min,mean,max,count,marked\r\n2026-06-01T00:00:00.000Z,19.9,20.3,21,5,0\r\n');
  t.match(headers.get('content-type'), 'text/csv');
});

test('all readings of a minute are in its interval, whatever comes between them', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await hub.clock.advance(2 * MINUTE);
  const told = [
    [0, 300],
    [20, 304],
    [60, 306],
    [40, 302],
    [80, 5_000],
    [50, 299],
  ] as const;
  for (const [second, record] of told) {
    board.send({ event: 'temperature', data: { time: START + second * 1_000, record } });
  }
  for (const _ of told) await dashboard.next('temperature');
  const minutes = [
    { from: START, min: 19.9, mean: 20.125, max: 20.4, count: 4, marked: 0 },
    { from: START + MINUTE, min: 20.6, mean: 20.6, max: 20.6, count: 1, marked: 1 },
  ];
  const { json } = await history(hub, 'north', 'temperature', { from: START, every: '1m' });
  t.strictSame(json.intervals, minutes);
  board.send({ event: 'temperature', data: { time: START + 59_000, record: 301 } });
  await dashboard.next('temperature');
  const { json: later } = await history(hub, 'north', 'temperature', { from: START, every: '2m' });
  t.strictSame(later.intervals, [{ from: START, min: 19.9, mean: 20.2, max: 20.6, count: 6, marked: 1 }]);
});

test('impossible readings are marked, kept, and in no mean', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  const marks: unknown[] = [];
  for (const record of [300, 310, 5_000, 900, 311, 1e300, 320]) {
    board.send({ event: 'temperature', data: { time: hub.clock.now(), record } });
    marks.push((await dashboard.next('temperature')).data.mark);
    await hub.clock.advance(MINUTE);
  }
  t.strictSame(marks, [undefined, undefined, 'range', 'range', undefined, 'range', undefined]);
  board.send({ event: 'temperature', data: { time: hub.clock.now(), record: 400 } });
  t.equal((await dashboard.next('temperature')).data.mark, 'rate', 'from 22 to 30 °C in a minute');
  await hub.clock.advance(4 * MINUTE);
  board.send({ event: 'temperature', data: { time: hub.clock.now(), record: 400 } });
  t.equal((await dashboard.next('temperature')).data.mark, undefined, 'in five minutes it may');
  const { json } = await history(hub, 'north', 'temperature', { from: START, every: '1h' });
  t.match(json.intervals, [{ min: 20, max: 30, count: 5, marked: 4 }]);
  const { json: raw } = await history(hub, 'north', 'temperature', { from: START });
  t.strictSame(
    raw.rows.map(({ mark }: Received) => mark),
    [...marks, 'rate', undefined],
  );
});

test('raw rows come in pages, in the order of arrival, as JSON and as CSV', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await report(hub, board, dashboard, [300, 301, 302]);
  for (let i = 3; i < 10; i++)
    board.send({ event: 'temperature', data: { time: hub.clock.now(), record: 300 + i } });
  for (let i = 3; i < 10; i++) await dashboard.next('temperature');
  const records: number[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    const query = { from: START, limit: 4, ...(after !== undefined && { after }) };
    const { json } = await history(hub, 'north', 'temperature', query);
    records.push(...json.rows.map(({ data }: Received) => data.record));
    after = json.next;
    pages++;
  } while (after !== undefined);
  t.strictSame(records, [300, 301, 302, 303, 304, 305, 306, 307, 308, 309]);
  t.equal(pages, 3);
  const range = { from: START + MINUTE, to: START + 2 * MINUTE };
  const { json } = await history(hub, 'north', 'temperature', range);
  t.strictSame(json.rows, [
    { received_at: range.from, at: range.from, value: 20.1, data: { time: range.from, record: 301 } },
  ]);
  const { text, headers } = await history(hub, 'north', 'temperature', {
    from: START,
    limit: 1,
    format: 'csv',
  });
  t.strictSame(text.split('\r\n'), [
    'received_at,at,time,record,value,mark,data',
    `2026-06-01T00:00:00.000Z,2026-06-01T00:00:00.000Z,${START},300,20,,`,
    '',
  ]);
  t.equal(headers.get('x-next'), '1.0');

  board.send({ event: 'note', data: { time: 1, text: '=1+1, "quoted"' } });
  await dashboard.next('note');
  const note = await history(hub, 'north', 'note', { from: START, format: 'csv' });
  t.match(note.text, ',1,,,,"{""text"":""=1+1, \\""quoted\\""""}"');
});

test('what is asked for wrongly is refused with a reason', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await report(hub, board, dashboard, [300]);
  for (const [query, status, message] of [
    [{ every: '30s' }, 400, /every: expected whole minutes/],
    [{ every: '90s' }, 400, /every: expected whole minutes/],
    [{ every: '1y' }, 400, /every: expected whole minutes/],
    [{ every: '1m', from: START - 30 * DAY }, 400, /more than 10000 intervals/],
    [{ every: '90m', from: START - 600 * DAY }, 400, /expected whole hours or days/],
    [{ from: 'yesterday' }, 400, /from: expected Unix milliseconds/],
    [{ from: START + DAY }, 400, /from: expected a time before/],
    [{ limit: 0 }, 400, /limit/],
    [{ after: 'x' }, 400, /after/],
  ] as const) {
    const answer = await history(hub, 'north', 'temperature', query);
    t.equal(answer.status, status, JSON.stringify(query));
    t.match(answer.json.error.message, message);
  }
  t.equal((await history(hub, 'north', 'rain')).status, 404);
  t.equal((await history(hub, 'nobody', 'rain')).status, 404);
  t.equal((await get(hub, '/irrigation/telemetry', { controller: 'north' })).status, 400);
});

test('a backlog of a day arrives in a burst: nothing is lost, late or not, and history keeps its order', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await report(hub, board, dashboard, [300]);
  board.socket.close();
  await board.closed;
  await hub.clock.advance(DAY);
  const again = await openBoard(t, hub, 'north');
  const now = hub.clock.now();
  // What it measures now comes first, then what it could not tell for a day: eight sensors, a reading a minute.
  again.send({ event: 'temperature', data: { time: now, record: 310 } });
  const others = ['humidity', 'soil_moisture', 'wind', 'rain', 'light', 'pressure', 'leaf'];
  for (let time = START + MINUTE; time < now; time += MINUTE) {
    again.send({ event: 'temperature', data: { time, record: 300 } });
    for (const event of others) again.send({ event, data: { time, record: 1 } });
  }
  again.send({ event: 'end', data: {} });
  await dashboard.next('end');
  t.equal(again.waiting.length, 0, 'no error');
  t.equal(again.socket.readyState, 1, 'and no disconnect');
  t.equal(hub.logged.filter(({ level, plugin }) => Number(level) >= 40 && plugin !== 'redis').length, 0);

  const { json } = await history(hub, 'north', 'temperature', { from: START, every: '1h' });
  t.equal(json.intervals.length, 25);
  t.ok(
    json.intervals.slice(0, 24).every(({ count }: Received) => count === 60),
    'each reading in its own hour',
  );
  t.match(json.intervals[24], { from: START + DAY, count: 1 + 1, max: 21 });
  const { json: raw } = await history(hub, 'north', 'temperature', { from: now, limit: 10_000 });
  t.equal(raw.rows.length, 1 + 1440);
  const arrived = raw.rows.map(({ received_at }: Received) => received_at);
  t.strictSame(
    arrived,
    arrived.toSorted((a: number, b: number) => a - b),
    'rows are in the order of arrival',
  );
  t.strictSame(
    raw.rows.slice(0, 2).map(({ at }: Received) => at),
    [now, START + MINUTE],
  );
  const { latest } = await openDashboard(t, hub, 'ben');
  t.match(
    latest.readings.find(({ event }: Received) => event === 'temperature'),
    { record: 310, age: 0, stale: false },
    'the latest reading is the one that was made last',
  );
});

test('after a restart all is there', async (t) => {
  const data = t.testdir();
  const { hub, dashboard, board } = await startReporting(t, data);
  const records = Array.from({ length: 90 }, (_, i) => 300 + (i % 7));
  await report(hub, board, dashboard, records);
  const { json: before } = await history(hub, 'north', 'temperature', { from: START, every: '1h' });
  await hub.stop();

  const second = await startField(t, options, { data }, testClock(START + 2 * HOUR));
  const { json: after } = await history(second, 'north', 'temperature', { from: START, every: '1h' });
  t.strictSame(after, before);
  const { latest } = await openDashboard(t, second);
  t.match(latest.readings, [{ record: 305, stale: true, age: 31 * MINUTE }]);
});

test('a hub that was killed has every reading it passed on, and makes up for its rollups', async (t) => {
  const data = t.testdir();
  const { child, tokens, ...process } = await startProcess(t, data);
  const ann = await connect(t, process, `/clients/ann?token=${tokens.dashboard}`, { typeField: 'event' });
  const board = await connect(t, process, `/?token=${tokens.board}`, { typeField: 'event' });
  let [time, passedOn] = [0, 0];
  ann.socket.on('message', (text) => {
    if (String(text).startsWith('{"event":"temperature"')) passedOn++;
  });
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const storm = setInterval(() => {
    for (let i = 0; i < 200; i++) board.send({ event: 'temperature', data: { time: time++, record: i } });
    if (passedOn > 2_000) resolve();
  }, 1);
  await enough;
  child.kill('SIGKILL');
  await once(child, 'exit');
  clearInterval(storm);
  await ann.closed;

  const single = 'it is started on what a process left in its folder';
  const hub = await startField(t, {}, { data, single }, testClock(START + HOUR));
  const { json } = await history(hub, 'north', 'temperature', { from: START, every: '1h' });
  const [{ count }] = json.intervals;
  t.ok(count >= passedOn, `${passedOn} were passed on, ${count} are in the rollups`);
  const { json: raw } = await history(hub, 'north', 'temperature', { from: START, limit: 10_000 });
  t.equal(Math.min(count, 10_000), raw.rows.length, 'as many as there are rows');
});

test('what is older than it is to be kept is forgotten, rows before their rollups', async (t) => {
  const { hub, dashboard, board } = await startReporting(t);
  await report(hub, board, dashboard, [300, 301, 302]);
  await hub.clock.advance(399 * DAY);
  await report(hub, board, dashboard, [310]);
  const all = { from: START, to: START + 500 * DAY };
  const count = async (query: Record<string, string>) => {
    const { json } = await history(hub, 'north', 'temperature', { ...all, ...query });
    return (json.rows ?? json.intervals).length;
  };
  t.strictSame([await count({}), await count({ every: '1d' })], [4, 2]);
  await hub.clock.advance(2 * DAY);
  t.strictSame([await count({}), await count({ every: '1d' })], [1, 2]);
  t.equal(
    (await history(hub, 'north', 'temperature', { from: START, to: START + HOUR, every: '1m' })).json
      .intervals.length,
    0,
  );
});
