import { test } from 'tap';
import { brokerContract } from '../../contract/broker.ts';
import { hubsOn } from './cluster.ts';
import { ownPrefix, REDIS_URL, withRedis } from './service.ts';

await withRedis(() => {
  brokerContract('hubs on Redis', (t) => hubsOn(t, [REDIS_URL], ownPrefix(t)));

  test('topics that look alike to Redis are told apart, and none reaches into an inbox', async (t) => {
    const cluster = await hubsOn(t, [REDIS_URL], ownPrefix(t));
    const [a, b] = [cluster.join(), cluster.join()];
    t.teardown(() => Promise.all([a.close(), b.close()]));
    const got: [string, string][] = [];
    await a.start('aaaaaaaa', { topic: () => {}, inbox: () => {}, entry: () => {}, restored: () => {} });
    await b.start('bbbbbbbb', {
      topic: (topic, frame) => void got.push([topic, frame]),
      inbox: (frame) => void got.push(['inbox', frame]),
      entry: () => {},
      restored: () => {},
    });
    const odd = ['\ud800', '\udfff', '\ufffd', '"\\ud800"', '', 'node:bbbbbbbb', '{x}', 'a\r\nb\0'];
    for (const topic of odd) b.subscribe(topic);
    await cluster.settled();
    for (const topic of odd) a.publish(topic, `to ${JSON.stringify(topic)}`);
    await cluster.settled();
    t.strictSame(
      got,
      odd.map((topic) => [topic, `to ${JSON.stringify(topic)}`]),
    );
  });
});
