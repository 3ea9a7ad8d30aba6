/** Topics on hubs with Redis, of which any may die. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Test, test } from 'tap';
import redis from '../../../plugins/redis/index.ts';
import type { Client, Received } from '../../helpers/hub.ts';
import { untilReady } from '../redis/hubs.ts';
import { ownPrefix, ownRedis, REDIS_URL, wayTo, withRedis } from '../redis/service.ts';
import { counting } from './counting.ts';
import { follow, type Setup, startTopics, subscribe, type TopicsHub, TREE } from './wire.ts';

const secret = 'the same on all hubs of the cluster';

function start(
  t: Test,
  redisOptions: Parameters<typeof redis>[0],
  options: Setup['options'] = {},
): Promise<TopicsHub> {
  return startTopics(t, { options, identity: { secret }, more: [counting, redis(redisOptions)] });
}

async function startProcess(t: Test, prefix: string, redisUrl = REDIS_URL) {
  const child = fork(new URL('./hub-process.ts', import.meta.url), [prefix, secret, redisUrl]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  return { child, port: Number(port) };
}

/** @returns the status; undefined: the hub died. */
async function post(
  port: number,
  token: string,
  topic: string,
  event: object,
  key?: string,
): Promise<number | undefined> {
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    ...(key && { 'idempotency-key': key }),
  };
  const body = JSON.stringify(event);
  const url = `http://127.0.0.1:${port}/topics/${topic}`;
  return fetch(url, { method: 'POST', headers, body }).then(
    ({ status }) => status,
    () => undefined,
  );
}

/** Events as they come, until the one with this number. */
async function until(client: Client, n: number): Promise<Received[]> {
  const seen: Received[] = [];
  do seen.push(await client.next());
  while (seen.at(-1).event?.n !== n);
  return seen;
}

const publishing = (hub: TopicsHub) => hub.identity.sign('service', { scope: 'topics:publish' });

await withRedis(() => {
  test('a hub is killed while events come: its clients go on at another, and miss nothing', async (t) => {
    const prefix = ownPrefix(t);
    const [here, there] = [await start(t, { prefix }), await startProcess(t, prefix)];
    const token = await publishing(here);
    const { client: steady } = await follow(t, here);
    const { client, place } = await follow(t, there);
    const acknowledged: number[] = [];
    const publish = async (port: number, from: number, to: number) => {
      for (let n = from; n < to; n++)
        if ((await post(port, token, 'count.x', { n })) === 200) acknowledged.push(n);
    };
    const publishers = [publish(here.port, 0, 200), publish(there.port, 1_000, 1_200)];
    const seen = await until(client, 1_050);
    there.child.kill('SIGKILL');
    await client.closed;
    seen.push(...client.waiting);
    await Promise.all(publishers);
    t.ok(acknowledged.length < 400, 'it was killed before it was done');

    const last = seen.at(-1);
    const back = await follow(t, here, { ...place, offset: last.offset });
    t.equal(back.recovered, true);
    here.topics.publish('count.x', { n: -1 });
    seen.push(...(await until(back.client, -1)));
    t.strictSame(seen, await until(steady, -1), 'it saw what one saw that stayed');
    const numbers = seen.map(({ event }) => event.n);
    t.equal(new Set(numbers).size, numbers.length, 'nothing twice');
    for (const n of acknowledged) t.ok(numbers.includes(n), `${n} was acknowledged`);
  });

  test('a hub that lost Redis acknowledges nothing; when it is killed, what is sent again to another is there once', async (t) => {
    const prefix = ownPrefix(t);
    const way = await wayTo(t, REDIS_URL);
    const [here, there] = [await start(t, { prefix }), await startProcess(t, prefix, way.url)];
    const token = await publishing(here);
    const [{ client }, lost] = [await follow(t, here), await follow(t, there)];
    way.cut();
    for (const n of [1, 2]) t.equal(await post(there.port, token, 'count.x', { n }, `key ${n}`), 503);
    there.child.kill('SIGKILL');
    await lost.client.closed;
    t.strictSame(lost.client.waiting, [], 'nobody was told');
    for (const n of [1, 2]) t.equal(await post(here.port, token, 'count.x', { n }, `key ${n}`), 200);
    here.topics.publish('count.x', { n: 3 });
    t.strictSame(
      (await until(client, 3)).map(({ event }) => event.n),
      [1, 2, 3],
    );
  });

  test('a hub that finds Redis again acknowledges what waited, which all clients get then', async (t) => {
    const prefix = ownPrefix(t);
    const way = await wayTo(t, REDIS_URL);
    const [a, b] = [await start(t, { prefix }), await start(t, { prefix, url: way.url, waitMs: 60_000 })];
    const token = await publishing(b);
    const clients = [(await follow(t, a)).client, (await follow(t, b)).client];
    way.cut();
    await untilReady({ hub: b }, 503);
    const answer = post(b.port, token, 'count.x', { n: 1 });
    await way.restore();
    t.equal(await answer, 200);
    for (const client of clients) t.match(await client.next(), { event: { n: 1 }, offset: 1 });
  });

  test('what a hub collected that is killed is sent by another', async (t) => {
    const prefix = ownPrefix(t);
    const [here, there] = [await start(t, { prefix }), await startProcess(t, prefix)];
    const client = await subscribe(t, here, 'ann', { workspaces: ['ws'] });
    const { client: watcher } = await follow(t, here);
    const token = await publishing(here);
    const Target = { Uuid: 'u', Path: 'ws/u' };
    await post(there.port, token, TREE, { Type: 'CREATE', Target });
    await post(there.port, token, 'count.x', { n: 1 });
    there.child.kill('SIGKILL');
    await until(watcher, 1);
    here.topics.publish(TREE, { Type: 'UPDATE_META', Target: { ...Target, MetaStore: { a: '1' } } });
    here.topics.publish('count.x', { n: 2 });
    await until(watcher, 2);
    t.strictSame(client.waiting, []);
    here.clock.advance(5_000);
    t.match(await client.next(), { Type: 'CREATE', Target: { MetaStore: { a: '1' } } });
  });

  test('who missed more than is kept is told so, on every hub', async (t) => {
    const prefix = ownPrefix(t);
    const hubs = [await start(t, { prefix }, { history: 5 }), await start(t, { prefix }, { history: 5 })];
    const [a, b] = hubs as [TopicsHub, TopicsHub];
    const [{ place }, { client }] = [await follow(t, a), await follow(t, b)];
    for (let n = 1; n <= 10; n++) a.topics.publish('count.x', { n });
    await until(client, 10);
    for (const hub of [...hubs, await start(t, { prefix }, { history: 5 })]) {
      t.equal((await follow(t, hub, { ...place, offset: 4 })).recovered, false);
      const back = await follow(t, hub, { ...place, offset: 5 });
      t.equal(back.recovered, true);
      t.strictSame(
        (await until(back.client, 10)).map(({ offset, event }) => [offset, event.n]),
        [6, 7, 8, 9, 10].map((n) => [n, n]),
      );
    }
  });

  test('a hub loses Redis and finds it again: all clients get all, once', async (t) => {
    const own = await ownRedis(t);
    const way = await wayTo(t, own.url);
    const [a, b] = [await start(t, { url: own.url }), await start(t, { url: way.url })];
    const [atA, atB] = [await follow(t, a), await follow(t, b)];
    a.topics.publish('count.x', { n: 1 });
    for (const { client } of [atA, atB]) await until(client, 1);
    way.cut();
    await untilReady({ hub: b }, 503);
    a.topics.publish('count.x', { n: 2 });
    b.topics.publish('count.x', { n: 3 });
    t.match(await atB.client.next(), { event: { n: 3 } });
    t.equal((await follow(t, b, { ...atB.place, offset: 2 })).recovered, false);
    await way.restore();
    t.match(await atB.client.next(), { event: { n: 2 }, offset: 2 });
    t.match(await atA.client.next(), { event: { n: 2 }, offset: 2 });
    t.match(await atA.client.next(), { event: { n: 3 }, offset: 3 });
    const moved = await follow(t, a, { ...atB.place, offset: 1 });
    t.equal(moved.recovered, true);
    t.strictSame(
      (await until(moved.client, 3)).map(({ event }) => event.n),
      [2, 3],
    );
  });

  test('Redis is started anew: all clients are told that something may be missing, and go on', async (t) => {
    const own = await ownRedis(t);
    const [a, b] = [await start(t, { url: own.url }), await start(t, { url: own.url })];
    const clients = [await follow(t, a), await follow(t, b)] as const;
    a.topics.publish('count.x', { n: 1 });
    for (const { client } of clients) await until(client, 1);
    await own.kill();
    for (const hub of [a, b]) await untilReady({ hub }, 503);
    b.topics.publish('count.x', { n: 2 });
    t.match(
      await clients[1].client.next(),
      { event: { n: 2 } },
      'the own clients of a hub have its events at once',
    );
    await own.start();
    const [{ place }] = clients;
    for (const { client } of clients) {
      const missed = await client.next();
      t.match(missed, { type: 'missed', offset: 0 });
      t.not(missed.epoch, place.epoch);
    }
    t.match(await clients[0].client.next(), { event: { n: 2 }, offset: 1 }, 'the others afterwards');
    a.topics.publish('count.x', { n: 3 });
    for (const { client } of clients) t.match(await client.next(), { event: { n: 3 }, offset: 2 });
    for (const hub of [a, b]) t.equal((await follow(t, hub, { ...place, offset: 1 })).recovered, false);
  });
});
