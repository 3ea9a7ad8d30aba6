import { test } from 'tap';
import topics from '../../../plugins/topics/index.ts';
import type { Received } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';
import { MINUTE, openBoard, START, startField } from './field-kit.ts';

const options = {
  clock: 'unix-ms' as const,
  sensors: { temperature: { unit: '°C', scale: 0.1, offset: 0, interval: 60, max: 60 } },
};

test('every event is a topic; readings that cannot be true or are late are told under names of their own', async (t) => {
  const told = new Queue<{ topic: string; event: Received }>();
  const listener = plugin('listener', (hub) => {
    hub.use('topics').subscribe('irrigation.*', (event, topic) => told.push({ topic, event }));
  });
  const hub = await startField(t, options, { plugins: [topics(), listener] });
  const board = await openBoard(t, hub, 'north');
  const tell = async (event: string, data: object) => {
    board.send({ event, data });
    return told.next();
  };
  t.match(await told.next(), { topic: 'irrigation.controller_online', event: { controller: 'north' } });
  t.strictSame(await tell('temperature', { time: START, record: 200 }), {
    topic: 'irrigation.temperature',
    event: {
      time: START,
      record: 200,
      controller: 'north',
      received_at: START,
      at: START,
      value: 20,
      unit: '°C',
      event: 'temperature',
    },
  });
  t.match(await tell('temperature', { time: START, record: 700 }), {
    topic: 'irrigation.implausible',
    event: { event: 'temperature', mark: 'range' },
  });
  t.match(await tell('temperature', { time: START - 2 * MINUTE, record: 200 }), {
    topic: 'irrigation.late',
    event: { event: 'temperature', late: true, at: START - 2 * MINUTE },
  });
  t.match(await tell('Bodenwärme', { depth: 1 }), {
    topic: 'irrigation.other',
    event: { event: 'Bodenwärme', depth: 1 },
  });
  await hub.clock.advance(61_000);
  t.match(await told.next(), { topic: 'irrigation.sensor_stale', event: { sensor: 'temperature' } });
});
