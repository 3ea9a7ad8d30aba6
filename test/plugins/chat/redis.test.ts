/** Rooms over hubs on Redis, any of which may die, and Redis, too. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import tap, { type Test, test } from 'tap';
import redis from '../../../plugins/redis/index.ts';
import type { Received, TestHub } from '../../helpers/hub.ts';
import { untilReady } from '../redis/hubs.ts';
import { ownPrefix, ownRedis, withRedis } from '../redis/service.ts';
import { type ChatClient, connectChat, logIn, startChat, tokenOf } from './wire.ts';

const secret = 'the same on all hubs of the cluster';

function start(t: Test, options: Parameters<typeof redis>[0]): Promise<TestHub> {
  const limits = { messagesPerSecond: 1_000_000, burst: 1_000_000 };
  return startChat(t, { history: 10_000 }, { limits, identity: { secret }, plugins: [redis(options)] });
}

/** What came to a client, as long as a test goes on. */
function record(client: ChatClient): Received[] {
  const got: Received[] = [];
  const take = async () => {
    for (;;) got.push(await client.next());
  };
  take().catch(() => {}); // it was closed
  return got;
}

const posts = (messages: readonly Received[]) =>
  messages.filter((message) => message['@type'] === undefined).map(({ Message }) => Message);

async function history(client: ChatClient): Promise<string[]> {
  await client.join();
  return posts(await client.all());
}

await withRedis(() => {
  // At the same time: most of it is waiting.
  tap.jobs = 2;

  test('a hub is killed in a storm of posts: what somebody saw is there once, and its people are gone', async (t) => {
    const prefix = ownPrefix(t);
    const here = await start(t, { prefix });
    const child = fork(new URL('./hub-process.ts', import.meta.url), [t.testdir(), secret, prefix]);
    t.teardown(() => child.kill('SIGKILL'));
    const [port] = await once(child, 'message');
    const there = { port: Number(port) };

    const watcher = await logIn(t, here, 'watcher');
    const { Uuid } = await watcher.join();
    const posters: ChatClient[] = [await logIn(t, here, 'steady')];
    for (const login of ['ann', 'bob']) {
      const client = await connectChat(t, there);
      client.send({ '@type': 'subscribe', jwt: await tokenOf(here, login) });
      posters.push(client);
    }
    for (const client of posters) await client.join();
    const seen = [watcher, ...posters].map(record);
    const [bySteady, byAnn] = [seen[1] ?? [], seen[2] ?? []];
    for (let n = 0; posts(byAnn).length < 300; n++) {
      for (const [i, client] of posters.entries()) client.post(Uuid, `${i} ${n}`);
      await wait(1);
    }
    child.kill('SIGKILL');
    await posters[1]?.closed;
    posters[0]?.post(Uuid, 'last');
    while (!posts(bySteady).includes('last')) await wait(20);
    const left = (messages: readonly Received[]) =>
      messages.findLast((message) => message['@type'] === 'ROOM_UPDATE')?.Room.Users;
    while (left(seen[0] ?? [])?.join() !== 'watcher,steady') await wait(20);

    const stored = await history(await logIn(t, here, 'late'));
    t.equal(new Set(stored).size, stored.length, 'nothing twice');
    for (const messages of seen.slice(0, 2)) {
      while (posts(messages).length < stored.length) await wait(20);
      t.strictSame(posts(messages), stored, 'who stayed saw the same, in the same order');
    }
    for (const messages of seen.slice(2))
      t.strictSame(
        posts(messages),
        stored.slice(0, posts(messages).length),
        'who was cut off, the beginning of it',
      );
  });

  test('Redis is killed in a storm of posts: what somebody saw is there once, and all see all', async (t) => {
    const own = await ownRedis(t);
    const hubs = [await start(t, { url: own.url }), await start(t, { url: own.url })] as const;
    const clients = [await logIn(t, hubs[0], 'ann'), await logIn(t, hubs[1], 'bob')] as const;
    const { Uuid } = await clients[0].join();
    await clients[1].join();
    const seen = clients.map(record);
    let n = 0;
    const storm = async (until: () => boolean) => {
      for (; !until(); n++) {
        for (const [i, client] of clients.entries()) client.post(Uuid, `${i} ${n}`);
        await wait(2);
      }
    };
    await storm(() => posts(seen[0] ?? []).length > 100);
    await Promise.all([storm(() => n > 200), own.kill()]);
    for (const hub of hubs) await untilReady({ hub }, 503);
    await own.start();
    for (const hub of hubs) await untilReady({ hub }, 200);
    const [before, from] = [posts(seen[0] ?? []).length, n];
    await storm(() => posts(seen[0] ?? []).length > before + 100);
    t.ok(n > from);

    const stored = await history(await logIn(t, hubs[0], 'late'));
    t.equal(new Set(stored).size, stored.length, 'nothing twice');
    for (const messages of seen) {
      while (posts(messages).length < stored.length) await wait(20);
      t.strictSame(posts(messages).slice(0, stored.length), stored);
    }
  });
});
