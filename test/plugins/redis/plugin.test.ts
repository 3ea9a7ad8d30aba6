import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'tap';
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import redis from '../../../plugins/redis/index.ts';
import { Options } from '../../../plugins/redis/options.ts';
import { startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { project } from '../../helpers/project.ts';
import {
  enter,
  numbers,
  type RedisHub,
  readiness,
  redisHub,
  takeUntil,
  untilHeard,
  untilPresent,
} from './hubs.ts';
import { clientOf, ownPrefix, ownRedis, REDIS_URL, withRedis } from './service.ts';

await withRedis(() => {
  test('with one line in the configuration, hubs are one: notifications and data', async (t) => {
    const prefix = ownPrefix(t);
    const [here, there] = [await redisHub(t, { prefix }), await redisHub(t, { prefix })];
    const [ann, bob] = [await enter(t, here, 'ann'), await enter(t, there, 'bob')];
    await untilHeard(here, bob, ann);
    const { notify, make, store } = here.parts;
    notify.users(['bob'], make(1));
    notify.clients(there.parts.clients, make(2));
    notify.channels(['all'], make(3));
    // Users, clients and channels travel in channels of Redis that are ordered each by itself.
    const got = [await bob.next(), await bob.next(), await bob.next()];
    t.strictSame(got.map(({ n }) => n).sort(), [1, 2, 3]);
    t.match(await ann.next(), { n: 3 }, 'once, and not again from Redis');
    there.parts.notify.users(['ann'], make(4));
    t.match(await ann.next(), { n: 4 });

    await store.collection('d').put('x', { from: 'here' });
    t.strictSame(await there.parts.store.collection('d').get('x'), { from: 'here' });
    t.strictSame(await readiness(here), { status: 200 });
  });

  test('hubs with another prefix are another installation', async (t) => {
    const [here, apart] = [
      await redisHub(t, { prefix: ownPrefix(t) }),
      await redisHub(t, { prefix: ownPrefix(t) }),
    ];
    const alone = await enter(t, apart, 'bob');
    await here.parts.store.collection('d').put('x', 1);
    here.parts.notify.users(['bob'], here.parts.make(1));
    t.equal(await apart.parts.store.collection('d').get('x'), undefined);
    apart.parts.notify.users(['bob'], apart.parts.make(2));
    t.match(await alone.next(), { n: 2 });
  });

  test('a hub without members of a channel spends nothing on it', async (t) => {
    const prefix = ownPrefix(t);
    const here = await redisHub(t, { prefix });
    const [there, elsewhere] = [await redisHub(t, { prefix }), await redisHub(t, { prefix })];
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
    const before = [await received(there), await received(elsewhere)];
    const { notify, make } = here.parts;
    for (let n = 1; n <= COUNT; n++) notify.channels(['all'], make(n));
    t.equal((await takeUntil(bob, COUNT)).length, COUNT - 1);
    // A text of a plugin follows on the same connections.
    here.parts.line.send('end');
    for (const { parts } of [there, elsewhere]) await parts.heard.next((text) => text === 'end');
    const after = [await received(there), await received(elsewhere)];
    const more = after.map((count, index) => count - (before[index] ?? 0));
    t.strictSame(more, [COUNT + 1, 1]);
  });

  test('without the store of the plugin, each hub keeps its own data', async (t) => {
    const prefix = ownPrefix(t);
    const here = await redisHub(t, { prefix, store: false });
    const there = await redisHub(t, { prefix, store: false });
    await here.parts.store.collection('d').put('x', 1);
    t.equal(await there.parts.store.collection('d').get('x'), undefined);
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
  });

  test('keys are those that the README describes', async (t) => {
    const prefix = ownPrefix(t);
    const hub = await redisHub(t, { prefix });
    const { store } = hub.parts;
    await store.collection('d').put('one', { n: 1 });
    await store.log('l').append('key:1', 'entry');
    const hash = await store.blobs('b').put('bytes');
    const bob = await enter(t, hub, 'bob');
    const client = await clientOf(REDIS_URL);
    t.teardown(() => client.close());
    t.equal(await client.hGet(`${prefix}:1:docs:{numbers/d}`, 'one'), '{"n":1}');
    t.strictSame(await client.zRange(`${prefix}:1:ids:{numbers/d}`, 0, -1), ['one']);
    t.match(await client.xRange(`${prefix}:1:log:numbers/l:key:1`, '-', '+'), [
      { id: '0-1', message: { value: '"entry"' } },
    ]);
    t.equal(await client.hGet(`${prefix}:1:blobs:{numbers/b}`, hash), 'bytes');
    t.strictSame(await client.zRange(`${prefix}:1:hashes:{numbers/b}`, 0, -1), [hash]);
    await untilPresent(hub, 'bob');
    const [living = ''] = await client.zRange(`${prefix}:1:hubs`, 0, -1);
    t.match(living, /^[\da-f]{8}-0$/);
    const present = await client.hGetAll(`${prefix}:1:present:u / bob`);
    t.strictSame(present, { [`${living} ${hub.parts.clients[0]}`]: '["bob","info of bob"]' });
    t.strictSame(
      (await client.sMembers(`${prefix}:1:entered:${living}`)).sort(),
      ['c / all', 'u / bob'].map((group) => `${prefix}:1:present:${group}`),
    );
    const lease = await client.hGet(`${prefix}:1:leases`, 'core/presence');
    t.match(lease, /^\d{13} [\da-f]{8} \d{13}$/);
    t.equal((await client.keys(`${prefix}:*`)).length, 10);
    bob.send({ type: 'NOTHING' });
    await bob.next();
    const topics = await client.pubSubShardChannels(`${prefix}:*`);
    t.strictSame(topics.map(String).sort().slice(1), [
      `${prefix}:1:topic:c / all`,
      `${prefix}:1:topic:l core leases`,
      `${prefix}:1:topic:l numbers numbers`,
      `${prefix}:1:topic:u / bob`,
    ]);
    t.match(String(topics.map(String).sort()[0]), /:1:node:[\da-f]{8}$/);
    bob.socket.close();
    await bob.closed;
    while ((await client.pubSubShardChannels(`${prefix}:*`)).length > 3);
    t.pass('without members, nothing is subscribed but the inbox and the lines');
  });

  test('what a command of the command line tells is heard by the hubs that run', async (t) => {
    const prefix = ownPrefix(t);
    const running = await redisHub(t, { prefix });
    const bob = await enter(t, running, 'bob');
    const made: ReturnType<typeof numbers>[] = [];
    const plugins = [plugin('numbers', (hub) => void made.push(numbers(hub))), redis({ prefix })];
    const config = completeConfig({ plugins }, import.meta.filename);
    // The subscription of bob is in force once somebody else hears of it.
    await untilHeard(await redisHub(t, { prefix }), bob);
    const command = await prepareHub(config, { log: createLog('silent') });
    const [parts] = made;
    parts?.notify.channels(['all'], parts.make(1));
    await command.stop();
    t.match(await bob.next(), { n: 1 });
  });

  test('the README has the options', async (t) => {
    const readme = readFileSync(new URL('../../../plugins/redis/README.md', import.meta.url), 'utf8');
    const options: Record<string, { default: unknown; description: string }> = JSON.parse(
      JSON.stringify(Options.properties),
    );
    const [table = ''] = readme.split('## Notifications');
    const rows = [...table.matchAll(/^\| `(\w+)` \| `?([^|`]*)`? \| (.+) \|$/gm)];
    t.strictSame(
      rows.map(([, name, value = '', text]) => [name, value.trim().replaceAll(',', ''), text]),
      Object.entries(options).map(([name, { default: value, description }]) => [
        name,
        Array.isArray(value) ? JSON.stringify(value) : String(value),
        description[0]?.toLowerCase() + description.slice(1).replace(/\.$/, ''),
      ]),
    );
  });

  test('what others publish on the channels of hubs does no harm', async (t) => {
    const prefix = ownPrefix(t);
    const [here, there] = [await redisHub(t, { prefix }), await redisHub(t, { prefix })];
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
    const client = await clientOf(REDIS_URL);
    t.teardown(() => client.close());
    for (const text of [
      '',
      'short',
      'not a frame',
      '12345678{"endpoint":',
      '12345678null\nx',
      '12345678{}\n',
    ])
      await client.sPublish(`${prefix}:1:topic:c / all`, text);
    await untilHeard(here, bob);
    t.match(there.hub.logged.at(-1), { msg: 'a notification from another hub cannot be read' });
    t.notMatch(JSON.stringify(there.hub.logged), /is lost/, 'it keeps its connection');
    await there.parts.store.collection('d').put('x', 1);
  });

  test('a hub that may not listen does not start', async (t) => {
    const redis = await ownRedis(t);
    const admin = await clientOf(redis.url);
    t.teardown(() => admin.destroy());
    await admin.sendCommand(['ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', 'resetchannels']);
    const url = redis.url.replace('//', '//mute:secret@');
    await t.rejects(redisHub(t, { url }), { name: 'StartError', message: /does not let the hub listen/ });
  });

  test('the log says when Redis would lose what it acknowledged', async (t) => {
    const risky = await ownRedis(t, { appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' });
    const safe = await ownRedis(t);
    const warnings = async (url: string) => {
      const { hub } = await redisHub(t, { url });
      return hub.logged.filter(({ level }) => level === 40).map(({ msg }) => msg);
    };
    t.match(await warnings(risky.url), [/appendonly is off/, /maxmemory-policy to noeviction/]);
    t.strictSame(await warnings(safe.url), []);
  });

  test('`hub check` does not need Redis', async (t) => {
    const plugins = new URL('../../../plugins/redis/index.ts', import.meta.url).href;
    const { run } = project(
      t,
      `import redis from ${JSON.stringify(plugins)};
       export default { plugins: [redis({ url: 'redis://127.0.0.1:1' })] };`,
    );
    const { code, stdout } = await run(['check']);
    t.match(stdout, /is fine; plugins: redis/);
    t.equal(code, 0);
  });

  test('a hub does not start without its Redis, and says why, without the password', async (t) => {
    const url = 'redis://me:hunter2@127.0.0.1:1';
    const error = await startHub(t, { plugins: [redis({ url })] }).catch((one: Error) => one);
    t.match(error, {
      name: 'StartError',
      message: /^plugin "redis" failed in set-up: Redis at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
    });
    t.notMatch(JSON.stringify(error), 'hunter2');
    await t.rejects(startHub(t, { plugins: [redis({ url: 'http://hunter2' })] }), {
      message: /^plugin "redis": options: \/url must match pattern "\^rediss\?:\/\/"$/,
    });
  });

  test('a Redis that is too old is refused', async (t) => {
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        const text = String(data);
        if (text.includes('HELLO')) socket.write('%1\r\n+proto\r\n:3\r\n');
        if (text.includes('SETINFO')) socket.write('+OK\r\n+OK\r\n');
        if (text.includes('PING')) socket.write('+PONG\r\n');
        if (text.includes('INFO\r\n$6')) socket.write('$20\r\nredis_version:6.2.14\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await t.rejects(startHub(t, { plugins: [redis({ url: `redis://127.0.0.1:${port}` })] }), {
      message: /Redis must be version 7 or newer, or Valkey, found version 6\.2\.14/,
    });
  });
});

/** Notifications in the test of what hubs spend. */
const COUNT = 1_000;

/** What came to topics of the hub, by its counter. */
async function received({ hub }: RedisHub): Promise<number> {
  const text = await (await fetch(`${hub.origin}/metrics`)).text();
  return Number(/^hub_frames_received_total\{by="topic"\} (\d+)$/m.exec(text)?.[1]);
}
