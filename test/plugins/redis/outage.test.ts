/** What happens while Redis is away, and after. */
import { test } from 'tap';
import { enter, readiness, redisHub, takeUntil, untilHeard, untilPresent, untilReady } from './hubs.ts';
import { ownRedis, wayTo, withRedis } from './service.ts';

await withRedis(() => {
  test('Redis is killed and comes back: local traffic goes on, data is there, hubs hear each other again', async (t) => {
    const redis = await ownRedis(t);
    const options = { url: redis.url, waitMs: 0 };
    const [here, there] = [await redisHub(t, options), await redisHub(t, options)];
    const [ann, bob] = [await enter(t, here, 'ann'), await enter(t, there, 'bob')];
    await untilHeard(here, bob, ann);
    const dan = await enter(t, there, 'dan');
    await untilPresent(here, 'ann', 'bob', 'dan');
    const documents = here.parts.store.collection<number>('d');
    await documents.put('x', 1);

    await redis.kill();
    const { obstacles } = await untilReady(here, 503);
    t.match(obstacles, { redis: /^Redis does not answer since \d{4}-/ });
    await untilReady(there, 503);
    here.parts.notify.channels(['all'], here.parts.make(1));
    t.match(await ann.next(), { n: 1 }, 'local members');
    const calls: (() => Promise<unknown>)[] = [
      () => documents.put('x', 2),
      () => documents.get('x'),
      () => documents.update('x', (n = 0) => n + 1),
      () => documents.ids(),
      () => here.parts.store.log('l').append('k', 1),
      () => here.parts.store.blobs('b').put('bytes'),
    ];
    for (const call of calls) {
      await t.rejects(call(), { code: 'store_unavailable', statusCode: 503, message: 'Redis is away' });
    }
    const cleo = await enter(t, there, 'cleo');
    dan.socket.close();
    t.strictSame(await here.parts.present(), ['ann'], 'those of the own hub');

    await redis.start();
    for (const hub of [here, there]) t.strictSame(await untilReady(hub, 200), { status: 200 });
    t.equal(await there.parts.store.collection('d').get('x'), 1);
    await documents.put('x', 3);
    here.parts.notify.users(['cleo'], here.parts.make(2));
    here.parts.notify.channels(['all'], here.parts.make(3));
    // 1 waited for Redis: it arrives if the other hub has its subscriptions back before it is sent, and is lost if not.
    const late = (numbers: number[]) => numbers.filter((n) => n !== 1);
    t.strictSame(late(await takeUntil(cleo, 3)), [2], 'who came while Redis was away');
    t.strictSame(late(await takeUntil(bob, 3)), []);
    await untilPresent(here, 'ann', 'bob', 'cleo');
    await untilPresent(there, 'ann', 'bob', 'cleo');
    const lost = here.hub.logged.filter(({ msg }) => String(msg).includes('is lost'));
    t.strictSame(
      lost.map(({ connection }) => connection).sort(),
      ['broker', 'store'],
      'once for each connection',
    );
  });

  test('a call of the store waits for Redis for as long as it may, and as many as may', async (t) => {
    const redis = await ownRedis(t);
    const hub = await redisHub(t, { url: redis.url, waitMs: 600_000, waiting: 3 });
    const hasty = await redisHub(t, { url: redis.url, waitMs: 20 });
    await redis.kill();
    for (const one of [hub, hasty]) await untilReady(one, 503);
    await t.rejects(hasty.parts.store.collection('d').get('x'), {
      code: 'store_unavailable',
      message: 'Redis is away for longer than 20 ms',
    });
    const documents = hub.parts.store.collection<number>('d');
    const calls = [documents.put('x', 1), documents.update('x', (n = 0) => n + 1), documents.put('y', 1)];
    await t.rejects(documents.get('z'), { message: 'Redis is away, and 3 calls wait for it already' });
    await redis.start();
    t.strictSame(await Promise.all(calls), [undefined, 2, undefined], 'in their order');
    t.equal(await documents.get('x'), 2);
  });

  test('a Redis that is there but silent is away, and all goes on when it goes on', async (t) => {
    const redis = await ownRedis(t);
    const options = { url: redis.url, silenceMs: 250, waitMs: 0 };
    const [here, there] = [await redisHub(t, options), await redisHub(t, options)];
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
    redis.pause();
    const documents = here.parts.store.collection('d');
    await t.rejects(documents.put('x', 1), {
      code: 'store_unavailable',
      message: /whether it did .* is not known/,
    });
    await untilReady(there, 503);
    redis.resume();
    for (const hub of [here, there]) await untilReady(hub, 200);
    await documents.put('x', 2);
    t.equal(await there.parts.store.collection('d').get('x'), 2);
    here.parts.notify.channels(['all'], here.parts.make(1));
    t.strictSame(await takeUntil(bob, 1), []);
    t.strictSame(await readiness(here), { status: 200 });
  });

  test('notifications wait for a connection that broke, and then leave in order', async (t) => {
    const redis = await ownRedis(t);
    const way = await wayTo(t, redis.url);
    const [here, there] = [await redisHub(t, { url: way.url }), await redisHub(t, { url: redis.url })];
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
    way.cut();
    await untilReady(here, 503);
    for (let n = 1; n <= 100; n++) here.parts.notify.channels(['all'], here.parts.make(n));
    await way.restore();
    t.strictSame(
      await takeUntil(bob, 100),
      Array.from({ length: 99 }, (_, i) => i + 1),
    );
  });

  test('a hub that was cut off, and those that its dropped notifications do not reach, are told that they missed something', async (t) => {
    const redis = await ownRedis(t);
    const way = await wayTo(t, redis.url);
    const here = await redisHub(t, { url: way.url, queueBytes: 1_000 });
    const there = await redisHub(t, { url: redis.url });
    await there.parts.line.follow('x');
    here.parts.line.send('before', 'x');
    t.equal(await there.parts.heard.next(), 'before');
    way.cut();
    await untilReady(here, 503);
    for (let n = 1; n <= 100; n++) here.parts.line.send(String(n), 'x');
    const followed = here.parts.line.follow('y');
    await way.restore();
    t.equal(await here.parts.heard.next(), 'missed');
    await followed;
    there.parts.line.send('found', 'y');
    t.equal(await here.parts.heard.next(), 'found');

    here.parts.line.send('after', 'x');
    const heard: string[] = [];
    while (!heard.includes('after') || !heard.includes('missed')) heard.push(await there.parts.heard.next());
    const numbers = heard.map(Number).filter((n) => n > 0);
    t.equal(numbers.at(-1), 100);
    t.equal(numbers.length, 101 - (numbers[0] ?? 0), 'the newest, in order');
    t.ok(numbers.length < 100, 'the oldest were dropped');
  });

  test('a hub stops while Redis is away', async (t) => {
    const redis = await ownRedis(t);
    const hub = await redisHub(t, { url: redis.url, silenceMs: 100, waitMs: 60_000 });
    await redis.kill();
    await untilReady(hub, 503);
    const waiting = hub.parts.store.collection('d').put('x', 1);
    await Promise.all([t.rejects(waiting, { code: 'store_unavailable' }), hub.hub.stop()]);
  });
});
