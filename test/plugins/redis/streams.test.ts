/** Streams of hubs, while Redis goes and comes. */
import { type Test, test } from 'tap';
import { createLog } from '../../../core/log.ts';
import redis from '../../../plugins/redis/index.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { RedisStreams } from '../../../plugins/redis/streams.ts';
import { startHub } from '../../helpers/hub.ts';
import { KEEP, news, settle } from '../../helpers/news.ts';
import { plugin } from '../../helpers/plugin.ts';
import { untilReady } from './hubs.ts';
import { newPrefix, ownRedis, wayTo, withRedis } from './service.ts';

async function join(t: Test, options: NonNullable<Parameters<typeof redis>[0]>) {
  const made: ReturnType<typeof news>[] = [];
  const hub = await startHub(t, {
    plugins: [plugin('news', (own) => void made.push(news(own))), redis(options)],
  });
  const [parts] = made;
  if (parts === undefined) throw new Error('not set up');
  return { hub, ...parts };
}

await withRedis(() => {
  test('a hub that lost its connection goes on by itself; afterwards all have all, once', async (t) => {
    const own = await ownRedis(t);
    const way = await wayTo(t, own.url);
    const [a, b] = [await join(t, { url: own.url }), await join(t, { url: way.url })];
    await a.stream.append('before', 0);
    await settle([b]);
    way.cut();
    await untilReady(b, 503);
    await a.stream.append('elsewhere', 1);
    await b.stream.append('cut off', 2);
    t.strictSame(b.got, ['1 before', 'unplaced cut off (own 2)']);
    await way.restore();
    await untilReady(b, 200);
    await settle([b, a]);
    await b.stream.append('after', 3);
    await settle([a, b]);
    t.strictSame(a.got, ['1 before (own 0)', '2 elsewhere (own 1)', '3 cut off', '4 after']);
    t.strictSame(b.got.slice(2), ['2 elsewhere', '4 after (own 3)']);
  });

  test('what a silent Redis was asked for before it was given up is done once', async (t) => {
    const own = await ownRedis(t);
    const options = { url: own.url, silenceMs: 250 };
    const [a, b] = [await join(t, options), await join(t, options)];
    own.pause();
    // Redis finds both in its sockets when it goes on: the old connections' commands, and the repeated ones.
    await Promise.all([a.stream.append('from a', 1), b.stream.append('from b', 2)]);
    t.strictSame([a.got, b.got], [['unplaced from a (own 1)'], ['unplaced from b (own 2)']]);
    own.resume();
    for (const hub of [a, b]) await untilReady(hub, 200);
    await settle([a, b]);
    const { position } = a.stream;
    t.equal(position.offset, 2);
    t.match([a.got.slice(1), b.got.slice(1)], [[/from b$/], [/from a$/]]);
    t.notMatch([...a.got, ...b.got].join(), 'missed');
  });

  test('with Redis started anew an epoch begins, and what waited is in it', async (t) => {
    const own = await ownRedis(t, { appendonly: 'no' });
    const [a, b] = [await join(t, { url: own.url }), await join(t, { url: own.url })];
    await a.stream.append('before', 0);
    await settle([a, b]);
    const { position } = b.stream;
    await own.kill();
    for (const hub of [a, b]) await untilReady(hub, 503);
    await a.stream.append('without', 1);
    await own.start();
    for (const hub of [a, b]) await untilReady(hub, 200);
    await settle([a, b, a]);
    await b.stream.append('after', 2);
    await settle([a, b]);
    t.strictSame(a.got.slice(1), ['unplaced without (own 1)', 'missed, goes on after 0', '2 after']);
    t.strictSame(b.got.slice(1), ['missed, goes on after 0', '1 without', '2 after (own 2)']);
    for (const { stream } of [a, b]) {
      t.not(stream.position.epoch, position.epoch);
      t.notOk(stream.covers(position));
    }
  });

  test('an entry that comes to a Redis started anew before anybody has read begins the epoch', async (t) => {
    const own = await ownRedis(t);
    const link = new StandaloneLink({ url: own.url, silenceMs: 5_000 }, createLog('silent'));
    const streams = new RedisStreams(link, new Keys(newPrefix()));
    await link.open();
    t.teardown(() => link.close());
    const append = (number: number) =>
      streams.append('s x', `${number}`, {
        node: 'a',
        number,
        keep: KEEP,
        follows: true,
        isAfterLoss: false,
      });
    const { position: begin } = await streams.history('s x', { epoch: '', offset: 0 });
    for (const number of [1, 2]) t.equal(await append(number), true);
    await own.kill();
    const back = new Promise<void>((resolve) => link.onReady(resolve));
    await own.start();
    await back;
    await t.rejects(append(4), 'its order is kept');
    t.equal(await append(2), false, 'what was appended is known');
    for (const number of [3, 4]) t.equal(await append(number), true);
    const { position, frames } = await streams.history('s x', begin);
    t.not(position.epoch, begin.epoch);
    t.strictSame([position.offset, frames], [2, ['3', '4']]);
  });

  test('also a Redis that has all it had begins an epoch: it may have lost what came last', async (t) => {
    const own = await ownRedis(t);
    const a = await join(t, { url: own.url });
    await a.stream.append('before', 0);
    const { epoch } = a.stream.position;
    await own.kill();
    await untilReady(a, 503);
    await own.start();
    await untilReady(a, 200);
    await settle([a]);
    t.strictSame(a.got.slice(1), ['missed, goes on after 0']);
    t.not(a.stream.position.epoch, epoch);
    await a.stream.append('after', 1);
    const b = await join(t, { url: own.url });
    t.strictSame(b.got, ['1 after'], 'a hub that starts does not begin another');
    t.strictSame(b.stream.position, a.stream.position);
  });
});
