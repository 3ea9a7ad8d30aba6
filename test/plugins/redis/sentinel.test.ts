/** What is promised of Redis holds where sentinels name it, and writes wait for a replica. */
import { setTimeout as wait } from 'node:timers/promises';
import t, { test } from 'tap';
import { createLog } from '../../../core/log.ts';
import redis from '../../../plugins/redis/index.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { SentinelLink } from '../../../plugins/redis/sentinel.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import { brokerContract } from '../../contract/broker.ts';
import { storeContract } from '../../contract/store.ts';
import { startHub } from '../../helpers/hub.ts';
import { hubsOn } from './cluster.ts';
import { redisHub, untilReady } from './hubs.ts';
import { clientOf, newPrefix, ownRedis, withRedis } from './service.ts';
import { ownSentinels } from './sets.ts';

/** Nothing is taken for dead here. */
const NEVER_MS = 600_000;

await withRedis(async () => {
  const { sentinels, url, servers } = await ownSentinels(t, { servers: 2, sentinels: 1 }, NEVER_MS);
  const [master, replica] = servers;
  if (master === undefined || replica === undefined) throw new Error('no servers');
  const direct = master.url.replace('//', '//:of-servers@');
  const options = { url, sentinels, master: 'mymaster', silenceMs: 5_000, replicas: 1 };
  const open = async () => {
    const link = new SentinelLink(options, createLog('silent'));
    await link.open();
    return link;
  };
  brokerContract('hubs on Redis with sentinels', (t) => {
    return hubsOn(t, [direct], newPrefix(), (log) => new SentinelLink(options, log));
  });

  storeContract('Redis with sentinels and a replica', {
    open: async () => {
      return redisStore(await open(), new Keys(newPrefix()), { waitMs: 2_000, waiting: 10_000, replicas: 1 });
    },
  });

  test('a write that the replica does not have fails, and so does what relies on it; when it has it, all goes on', async (t) => {
    const hub = await redisHub(t, { ...options, prefix: newPrefix(), silenceMs: 400 });
    const documents = hub.parts.store.collection<number>('d');
    await documents.put('x', 1);
    replica.pause();
    const refused = { code: 'store_unavailable', statusCode: 503, message: /^only 0 of 1 replicas had/ };
    const calls: (() => Promise<unknown>)[] = [
      () => documents.put('x', 2),
      () => documents.update('x', () => 3),
      () => documents.update('x', (present) => present),
      () => documents.delete('y'),
      () => hub.parts.store.log('l').append('k', 1),
      () => hub.parts.store.log('l').delete('k', 1),
      () => hub.parts.store.log('l').trim('k', 1),
      () => hub.parts.store.blobs('b').put('bytes'),
    ];
    for (const call of calls) await t.rejects(call(), refused);
    t.equal(await documents.get('x'), 3, 'what is there is read');
    replica.resume();
    const isPut = () =>
      documents.put('x', 4).then(
        () => true,
        () => false,
      );
    while (!(await isPut()));
    t.equal(await documents.get('x'), 4);
  });

  test('writes at the same time wait for the replica together', async (t) => {
    const store = redisStore(await open(), new Keys(newPrefix()), { waitMs: 0, waiting: 0, replicas: 1 });
    t.teardown(() => store.close());
    const client = await clientOf(direct);
    t.teardown(() => client.close());
    const waits = async () => Number(/cmdstat_wait:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]);
    const before = await waits();
    const documents = store.collection<number>('d');
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => documents.put(`${i}`, i)));
    const asked = (await waits()) - before;
    t.ok(asked >= 1 && asked < 100, `${asked} questions`);
  });

  test('the log says which of replicas and option is too few', async (t) => {
    const warnings = async (replicas: number) => {
      const { hub } = await redisHub(t, { ...options, prefix: newPrefix(), replicas });
      return hub.logged.filter(({ level }) => level === 40).map(({ msg }) => msg);
    };
    t.match(await warnings(0), [/writes do not wait for them/]);
    t.match(await warnings(2), [/1 of 2 are there/]);
    t.strictSame(await warnings(1), []);
  });

  test('a hub that finds no master does not start, and says why, without passwords', async (t) => {
    const start = (more: Partial<typeof options> & { cluster?: boolean }) =>
      startHub(t, { plugins: [redis({ ...options, ...more })] }).catch((error: Error) => error);
    const nowhere = 'redis://:hunter2@127.0.0.1:1';
    const found = await Promise.all([
      start({ sentinels: [nowhere] }),
      start({ master: 'other' }),
      start({ sentinels: sentinels.map((one) => one.replace('of-sentinels', 'hunter2')) }),
      start({ url: 'redis://:hunter2@nowhere' }),
      start({ cluster: true }),
    ]);
    t.match(found, [
      {
        name: 'StartError',
        message: /Redis at 127\.0\.0\.1:1 cannot .*no sentinel names a master: .*ECONNREFUSED/,
      },
      { name: 'StartError', message: /it knows no master "other"/ },
      { name: 'StartError', message: /no sentinel names a master: .*WRONGPASS/ },
      { name: 'StartError', message: /WRONGPASS/ },
      { name: 'StartError', message: /either sentinels or cluster/ },
    ]);
    for (const error of found) t.notMatch(JSON.stringify(error) + String(error), /hunter2|of-s/);
    await startHub(t, { plugins: [redis({ ...options, sentinels: [nowhere, ...sentinels, nowhere] })] });
    t.pass('one that answers is enough');
  });

  test('a hub that still reaches the old master follows the sentinels to another one', async (t) => {
    const other = await ownRedis(t, { requirepass: 'of-servers' });
    const prefix = newPrefix();
    const hub = await redisHub(t, { ...options, prefix, silenceMs: 500, replicas: 0 });
    const sentinel = await clientOf(sentinels[0] ?? '');
    t.teardown(() => sentinel.close());
    const { port } = new URL(other.url);
    await sentinel.sendCommand(['SENTINEL', 'REMOVE', 'mymaster']);
    await sentinel.sendCommand(['SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', port, '1']);
    await hub.parts.heard.next((text) => text === 'missed');
    const client = await clientOf(other.url.replace('//', '//:of-servers@'));
    t.teardown(() => client.close());
    // The store follows by a connection of its own: until then it writes to the old one, or cannot.
    while ((await client.exists(`${prefix}:1:docs:{numbers/d}`)) === 0)
      await Promise.allSettled([hub.parts.store.collection('d').put('x', 1), wait(20)]);
    t.match(await untilReady(hub, 200), { status: 200 });
  });
});
