import { test } from 'tap';
import { systemClock } from '../../../plugins/irrigation/clock.ts';
import { irrigationOn } from '../../../plugins/irrigation/index.ts';
import { SimulatedBoard } from '../../../plugins/irrigation/simulate/board.ts';
import { simulate } from '../../../plugins/irrigation/simulate/field.ts';
import { Soil } from '../../../plugins/irrigation/simulate/soil.ts';
import { Sky } from '../../../plugins/irrigation/simulate/weather.ts';
import { startHub } from '../../helpers/hub.ts';
import { HOUR, MINUTE, openDashboard } from './field-kit.ts';

test('a simulated field reports over real WebSockets, and obeys', async (t) => {
  const hub = await startHub(t, { plugins: [irrigationOn(systemClock)()] });
  const dashboard = await openDashboard(t, hub);
  const end = new AbortController();
  const said: string[] = [];
  const field = simulate({
    url: `ws://127.0.0.1:${hub.port}/`,
    controllers: 4,
    speed: 3_000,
    seed: 2,
    tokenOf: (controller) => hub.identity.sign('simulated', { controller }),
    say: (line) => said.push(line),
    signal: end.signal,
  });
  t.teardown(() => end.abort());
  const seen = new Set<string>();
  while (seen.size < 16) {
    const { event, data } = await dashboard.next();
    if (['temperature', 'humidity', 'soil_moisture', 'rain'].includes(event)) {
      t.ok(Number.isInteger(data.record));
      seen.add(`${data.controller} ${event}`);
    }
  }
  dashboard.send({
    event: 'start_irrigation',
    data: { controller: 'field-02', zones: ['zone2'], seconds: 3_000 },
  });
  t.match(await dashboard.next('irrigation_started'), { data: { controller: 'field-02', zones: ['zone2'] } });
  t.match(await dashboard.next('irrigation_stopped'), { data: { controller: 'field-02', zones: ['zone2'] } });
  end.abort();
  await field;
  t.ok(said.some((line) => line.startsWith('field-02 is told {"event":"start_irrigation"')));
});

test('the weather is plausible: warm afternoons, cool nights, rain now and then, the same for the same seed', async (t) => {
  const days = (seed: number) => {
    const sky = new Sky(seed);
    return Array.from({ length: 60 * 24 }, (_, hour) => ({ hour: hour % 24, ...sky.at(hour * HOUR, HOUR) }));
  };
  const season = days(1);
  t.equal(JSON.stringify(days(1)), JSON.stringify(season));
  t.not(JSON.stringify(days(2)), JSON.stringify(season));
  const mean = (at: number) => {
    const some = season.filter(({ hour }) => hour === at);
    return some.reduce((sum, { temperature }) => sum + temperature, 0) / some.length;
  };
  t.ok(mean(15) > mean(4) + 8, 'days are warmer than nights');
  t.ok(season.every(({ temperature }) => temperature > -15 && temperature < 50));
  t.ok(
    season.every(
      ({ humidity, sun, rain }) => humidity >= 15 && humidity <= 100 && sun >= 0 && sun <= 1 && rain >= 0,
    ),
  );
  const wet = season.filter(({ rain }) => rain > 0).length;
  t.ok(wet > 20 && wet < 300, `it rains in ${wet} of ${season.length} hours`);
});

test('soil dries in the sun, and is filled by rain and irrigation, between its limits', async (t) => {
  const noon = { temperature: 28, humidity: 40, rain: 0, sun: 1 };
  const soil = new Soil(30);
  for (let hour = 0; hour < 10; hour++) soil.step(noon, false, 1);
  const dry = soil.moisture;
  t.ok(dry < 28 && dry > 15, `${dry} % after a hot day`);
  soil.step(noon, true, 1);
  t.ok(soil.moisture > dry + 2, 'an hour of irrigation');
  for (let hour = 0; hour < 100; hour++) soil.step({ ...noon, rain: 9, sun: 0 }, true, 1);
  t.ok(soil.moisture <= 55);
  for (let day = 0; day < 1_000; day++) soil.step(noon, false, 24);
  t.ok(soil.moisture >= 2);
});

test('a board loses its connection, keeps what it cannot tell and delivers it later; its sensors get stuck and noisy', async (t) => {
  const weather = { temperature: 20, humidity: 50, rain: 0, sun: 0.5 };
  const run = (seed: number) => {
    let connected = true;
    let dropouts = 0;
    let now = 0;
    const sent: { event: string; data: { time: number; record: number } }[] = [];
    const board = new SimulatedBoard({
      id: 'b',
      seed,
      uptime: () => now,
      send: (message) => {
        if (connected) sent.push(JSON.parse(message));
        return connected;
      },
      disconnect: () => {
        connected = false;
        dropouts++;
      },
    });
    for (; now < 10 * 24 * HOUR; now += MINUTE) {
      if (!connected && board.mayConnect(now)) {
        connected = true;
        board.connected();
      }
      board.step(now, MINUTE, weather);
    }
    return { dropouts, soil: sent.filter(({ event }) => event === 'soil_moisture') };
  };
  const [sound, stuck, noisy] = [run(1), run(3), run(5)];
  t.ok(sound.dropouts > 2 && sound.dropouts < 20, `${sound.dropouts} dropouts in ten days`);
  t.ok(sound.soil.length > 10 * 24 * 60 - 5 * 60, 'and what was measured meanwhile came later');
  const longest = (records: readonly { data: { record: number } }[]) =>
    Math.max(
      ...records.map((_, i) =>
        records.slice(i).findIndex(({ data }) => data.record !== records[i]?.data.record),
      ),
    );
  t.ok(longest(stuck.soil.slice(0, 3_000)) > 20, 'the same reading for a long time');
  const jumps = noisy.soil.filter(
    ({ data }, i) => Math.abs(data.record - (noisy.soil[i - 1]?.data.record ?? data.record)) > 100,
  );
  t.ok(jumps.length > 50, 'readings that cannot be true');
});
