import { test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { TopicBus } from '../../../plugins/topics/bus.ts';

function bus(most = 10) {
  const logged: Record<string, unknown>[] = [];
  const log = createLog('info', { write: (line) => void logged.push(JSON.parse(line)) });
  return { topics: new TopicBus(most, log), logged };
}

test('listeners of a topic are told, in order, until they end', (t) => {
  const { topics } = bus();
  const told: unknown[] = [];
  const end = topics.on('a', (data, topic) => told.push(['first', topic, data]));
  topics.on('a', (data) => told.push(['second', data]));
  topics.emit('a', 1);
  topics.emit('b', 2);
  end();
  end();
  topics.emit('a', 3);
  t.strictSame(told, [
    ['first', 'a', 1],
    ['second', 1],
    ['second', 3],
  ]);
  t.end();
});

test('a listener that throws keeps no other from being told, and is logged', (t) => {
  const { topics, logged } = bus();
  let told = 0;
  topics.on('a', () => {
    throw new Error('no');
  });
  topics.on('a', () => told++);
  topics.emit('a', null);
  t.equal(told, 1);
  t.match(logged, [{ topic: 'a', err: { message: 'no' } }]);
  t.end();
});

test('there are only so many listeners', (t) => {
  const { topics } = bus(2);
  const listen = () => topics.on('a', () => {});
  const end = listen();
  listen();
  t.throws(listen, { code: 'too_many_listeners' });
  end();
  listen();
  t.end();
});
