import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import redis from '../../../plugins/redis/index.ts';
import { brokerContract } from '../../contract/broker.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { news, settle } from '../../helpers/news.ts';
import { plugin } from '../../helpers/plugin.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { hubsOn } from './cluster.ts';
import { clientOf, ownPrefix, REDIS_URL, withRedis } from './service.ts';

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

  test('what no hub published is logged once and ignored', async (t) => {
    const prefix = ownPrefix(t);
    const streams: ReturnType<typeof news>[] = [];
    const tells = plugin('news', (hub) => void streams.push(news(hub)));
    const hubs: TestHub[] = [];
    for (let i = 0; i < 2; i++) hubs.push(await startHub(t, { plugins: [tells, redis({ prefix })] }));
    const client = await clientOf(REDIS_URL);
    t.teardown(() => client.close());
    const channels = await client.pubSubShardChannels(`${prefix}:*`);
    t.ok(channels.length >= 3, 'the stream, and an inbox of each hub');
    const odd = [
      '',
      'x',
      '7 bytes',
      '#',
      '#1',
      '#shall be an entry',
      '8 bytes!',
      'more than eight bytes',
      '{"a":1}\n\n\n',
    ];
    let count = 0;
    for (const channel of channels) for (const text of odd) count += await client.sPublish(channel, text);
    for (const { stream } of streams) await stream.append('after', 1);
    await settle(streams);
    while (hubs.flatMap(loggedErrors).length < count) await wait(20);
    const seen = hubs.flatMap(loggedErrors);
    t.equal(seen.length, count);
    for (const entry of seen) t.match(entry, { channel: String, msg: /from another hub cannot be read/ });
    for (const { got } of streams) t.match(got, [/^1 after/, /^2 after/]);
  });
});
