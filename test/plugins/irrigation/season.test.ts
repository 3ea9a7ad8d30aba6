import { test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { namespaced } from '../../../core/namespaced-store.ts';
import { openSqliteStore } from '../../../core/store/sqlite.ts';
import { History } from '../../../plugins/irrigation/history.ts';
import { Rollups } from '../../../plugins/irrigation/rollups.ts';
import type { Received } from '../../helpers/hub.ts';
import { DAY, HOUR, history, MINUTE, START, startField, testClock } from './field-kit.ts';

/** A tenth of a season: the whole one is in the benchmark. */
const DAYS = 18;
const SENSORS = Array.from({ length: 10 }, (_, i) => `sensor${i}`);

/** What a field left behind that sent one reading a minute. */
async function fill(folder: string): Promise<void> {
  const whole = openSqliteStore({ folder });
  const store = namespaced(whole, 'irrigation');
  const log = new History(store);
  const rollups = new Rollups(store, log, createLog('silent'));
  await store.collection('controllers').put('north', { online: true, since: START });
  for (const sensor of SENSORS) await store.collection('series').put(`north/${sensor}`, {});
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const times = Array.from({ length: 60 }, (_, minute) => START + hour * HOUR + minute * MINUTE);
    const rows = times.map((at, minute) => {
      return { received: at, at, mark: undefined, data: { time: at, record: (hour % 24) * 60 + minute } };
    });
    const texts = rows.map(({ data }) => JSON.stringify(data));
    await Promise.all(
      SENSORS.map(async (sensor) => {
        rollups.add(`north/${sensor}`, await log.append(`north/${sensor}`, rows, texts), rows);
      }),
    );
  }
  await rollups.flush();
  await whole.close();
}

test('a long history is there by the minute, hour and day, and in pages from anywhere in it', async (t) => {
  const data = t.testdir();
  await fill(data);
  const hub = await startField(t, {}, { data }, testClock(START + DAYS * DAY));
  const ask = async (every: string) => {
    const range = { from: START, to: START + DAYS * DAY, every };
    return (await history(hub, 'north', 'sensor3', range)).json.intervals;
  };
  const whole = Array.from({ length: DAYS }, (_, day) => {
    return { from: START + day * DAY, min: 0, mean: 719.5, max: 1_439, count: 1_440, marked: 0 };
  });
  t.strictSame(await ask('1d'), whole);
  const hours = await ask('1h');
  t.equal(hours.length, DAYS * 24);
  t.strictSame(hours[30], { from: START + 30 * HOUR, min: 360, mean: 389.5, max: 419, count: 60, marked: 0 });
  t.equal((await ask('3h')).length, DAYS * 8);
  t.equal((await ask('15m')).length, DAYS * 96);

  const from = START + 12 * DAY + 7 * HOUR + 30 * MINUTE;
  const { json } = await history(hub, 'north', 'sensor9', { from, to: START + DAYS * DAY, limit: 100 });
  const arrived = json.rows.map(({ received_at }: Received) => received_at);
  t.strictSame(
    arrived,
    Array.from({ length: 100 }, (_, i) => from + i * MINUTE),
  );
  const next = await history(hub, 'north', 'sensor9', {
    from,
    to: START + DAYS * DAY,
    limit: 1,
    after: json.next,
  });
  t.equal(next.json.rows[0].at, from + 100 * MINUTE);
});
