import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test, test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { ClusterLink } from '../../../plugins/redis/cluster.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { redisLeases } from '../../../plugins/redis/leases.ts';
import { RedisPresence } from '../../../plugins/redis/presence.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import { brokerContract } from '../../contract/broker.ts';
import { leaseContract } from '../../contract/leases.ts';
import { presenceContract } from '../../contract/presence.ts';
import { storeContract } from '../../contract/store.ts';
import { hubsOn } from './cluster.ts';
import { enter, redisHub, untilHeard, untilReady } from './hubs.ts';
import { newPrefix, withRedis } from './service.ts';
import { ownCluster } from './sets.ts';

await withRedis(async () => {
  const [first, ...others] = await ownCluster(t);

  brokerContract('hubs on Redis Cluster', (t) => {
    return hubsOn(t, [first.url, ...others.map(({ url }) => url)], newPrefix());
  });

  storeContract('Redis Cluster', {
    open: async () => {
      const link = new ClusterLink({ url: first.url, silenceMs: 5_000 }, createLog('silent'));
      await link.open();
      return redisStore(link, new Keys(newPrefix()), { waitMs: 2_000, waiting: 10_000 });
    },
  });

  const openLink = async (t: Test) => {
    const link = new ClusterLink({ url: first.url, silenceMs: 5_000 }, createLog('silent'));
    await link.open();
    t.teardown(() => link.close());
    return link;
  };

  presenceContract('presence in Redis Cluster', async (t) => {
    const keys = new Keys(newPrefix());
    return async () => new RedisPresence(await openLink(t), keys, 2_000, createLog('silent'));
  });

  leaseContract('leases in Redis Cluster', async (t, termMs) => {
    const keys = new Keys(newPrefix());
    return [redisLeases(await openLink(t), keys, termMs), redisLeases(await openLink(t), keys, termMs)];
  });

  test('a master is killed and comes back: the hub says so, nothing that was acknowledged is lost', async (t) => {
    const options = { url: first.url, cluster: true, waitMs: 0 };
    const [here, there] = [await redisHub(t, options), await redisHub(t, options)];
    const bob = await enter(t, there, 'bob');
    await untilHeard(here, bob);
    const documents = Array.from({ length: 30 }, (_, i) => here.parts.store.collection<number>(`d${i}`));
    await Promise.all(documents.map((one, i) => one.put('x', i)));

    for (const redis of others) await redis.kill();
    for (const hub of [here, there])
      t.match(await untilReady(hub, 503), { obstacles: { redis: /does not answer/ } });
    const outcomes = await Promise.allSettled(documents.map((one) => one.put('y', 1)));
    const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    for (const reason of reasons) t.match(reason, { code: 'store_unavailable' });
    t.equal(
      reasons.length,
      30,
      'while a part is away, no call of the store waits for one that may never end',
    );

    for (const redis of others) await redis.start();
    for (const hub of [here, there]) await untilReady(hub, 200);
    const found = await Promise.all(documents.map((one) => one.get('x')));
    t.strictSame(
      found,
      documents.map((_, i) => i),
    );
    await untilHeard(here, bob);
  });

  test('a link ends while masters say nothing, and what they were asked fails', async (t) => {
    const link = new ClusterLink({ url: first.url, silenceMs: 300 }, createLog('silent'));
    await link.open();
    for (const redis of others) redis.pause();
    const calls = Array.from({ length: 30 }, (_, i) => link.send(`${i}`, ['GET', `${i}`]));
    await nextTurn();
    const [outcomes] = await Promise.all([Promise.allSettled(calls), link.close()]);
    for (const redis of others) redis.resume();
    t.strictSame(new Set(outcomes.map(({ status }) => status)), new Set(['fulfilled', 'rejected']));
  });
});
