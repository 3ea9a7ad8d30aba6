/** What happens when a master dies, or says nothing any more, and a replica takes its place. */
import { setTimeout as wait } from 'node:timers/promises';
import t, { type Test, test } from 'tap';
import { HubError } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { RedisBroker } from '../../../plugins/redis/broker.ts';
import { ClusterLink } from '../../../plugins/redis/cluster.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { enter, type RedisHub, redisHub, takeUntil, untilHeard, untilPresent, untilReady } from './hubs.ts';
import { clientOf, newPrefix, type OwnRedis, withRedis } from './service.ts';
import { ownCluster, ownSentinels } from './sets.ts';

/** Collections that lie on all masters of a cluster. */
const COLLECTIONS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

const isUnavailable = (error: unknown) => error instanceof HubError && error.code === 'store_unavailable';

/** Writes documents to all collections for as long as it goes on. @returns what was acknowledged, once it is told to end. */
async function writeUntil(t: Test, { parts }: RedisHub, over: Promise<unknown>, started: () => void) {
  const acknowledged: [collection: string, id: string, value: number][] = [];
  let isOver = false;
  const write = async (name: string) => {
    const documents = parts.store.collection<number>(name);
    for (let n = 0; !isOver; n++) {
      try {
        await documents.put(`${n}`, n);
        acknowledged.push([name, `${n}`, n]);
        if (acknowledged.length === 100) started();
        await wait(2);
      } catch (error) {
        if (!isUnavailable(error)) t.error(error);
        await wait(20);
      }
    }
  };
  const writing = COLLECTIONS.map(write);
  await over;
  isOver = true;
  await Promise.all(writing);
  return acknowledged;
}

/** Ends or stops a master. @returns what brings it back; undefined: there is always one, and the hubs need not notice. */
type Fail = () => Promise<(() => void | Promise<void>) | undefined>;

async function failsOver(t: Test, options: Parameters<typeof redisHub>[1], fail: Fail): Promise<void> {
  const prefix = newPrefix();
  const join = () => redisHub(t, { ...options, prefix, replicas: 1, silenceMs: 1_500, waitMs: 10_000 });
  const [here, there] = [await join(), await join()];
  const [ann, bob] = [await enter(t, here, 'ann'), await enter(t, there, 'bob')];
  await untilHeard(here, bob, ann);
  await there.parts.line.follow('x');
  const over = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const writing = writeUntil(t, here, over.promise, started.resolve);
  await started.promise;

  const comeBack = await fail();
  if (comeBack !== undefined) {
    for (const hub of [here, there])
      t.match(await untilReady(hub, 503), { obstacles: { redis: /^Redis does not answer since/ } });
    here.parts.notify.channels(['all'], here.parts.make(1));
    t.strictSame(await takeUntil(ann, 1), [], 'local traffic goes on');
    for (const hub of [here, there]) await untilReady(hub, 200);
  }
  over.resolve();
  const acknowledged = await writing;
  const found = await Promise.all(
    acknowledged.map(async ([name, id]) => [name, id, await read(there, name, id)]),
  );
  t.strictSame(found, acknowledged, 'what was acknowledged is there');
  if (comeBack !== undefined)
    for (const { parts } of [here, there]) await parts.heard.next((text) => text === 'missed');
  await untilHeard(here, bob, ann);
  here.parts.line.send('after', 'x');
  await there.parts.heard.next((text) => text === 'after');
  await untilPresent(there, 'ann', 'bob');
  await comeBack?.();
  await Promise.all(COLLECTIONS.map((name) => untilWritten(here, name)));
}

/** A stream for each of the collections. */
async function streamsOn(t: Test, url: string) {
  const log = createLog('silent');
  const link = new ClusterLink({ url, silenceMs: 5_000 }, log);
  const broker = new RedisBroker(link, new Keys(newPrefix()), { queueBytes: 0, waitMs: 0 }, log);
  await link.open();
  t.teardown(() => broker.close());
  return COLLECTIONS.map((name) => {
    const topic = `s ${name}`;
    const keep = { entries: 10, bytes: 1_000, seconds: 60 };
    const append = async (number: number) => {
      const options = { node: 'aaaaaaaa', number, keep, follows: number > 1, isAfterLoss: false };
      const isDone = () =>
        broker.append(topic, `${number}`, options).then(
          () => true,
          () => false,
        );
      while (!(await isDone())) await wait(20);
    };
    return { append, history: () => broker.history(topic, { epoch: '', offset: 0 }) };
  });
}

/** Asks again when Redis goes away meanwhile. */
async function read({ parts }: RedisHub, name: string, id: string): Promise<unknown> {
  for (;;) {
    try {
      return await parts.store.collection(name).get(id);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }
}

/** Where a master has no replica any more, writes fail until the old master is one. */
async function untilWritten({ parts }: RedisHub, name: string): Promise<void> {
  const documents = parts.store.collection<string>(name);
  const isWritten = () =>
    documents.put('after', 'all').then(
      () => true,
      () => false,
    );
  while (!(await isWritten())) await wait(20);
}

async function replicaOf(cluster: readonly OwnRedis[], master: OwnRedis): Promise<OwnRedis> {
  for (const one of cluster) {
    const client = await clientOf(one.url);
    const info = await client.info('replication');
    await client.close();
    if (info.includes(`master_port:${new URL(master.url).port}`)) return one;
  }
  throw new Error('it has no replica');
}

await withRedis(async () => {
  const [cluster, watched] = await Promise.all([
    ownCluster(t, true),
    ownSentinels(t, { servers: 4, sentinels: 3 }),
  ]);
  const [first, second, third] = cluster;
  if (second === undefined || third === undefined) throw new Error('no masters');
  const { sentinels, url, master } = watched;

  test('a master is killed, with sentinels and in a cluster', async (t) => {
    await Promise.all([
      failsOver(t, { sentinels, url }, async () => {
        const present = await master();
        await present.kill();
        return present.start;
      }),
      // Its address is the one the hubs were given.
      failsOver(t, { cluster: true, url: first.url }, async () => {
        await first.kill();
        return first.start;
      }),
    ]);
  });

  test('a replica of a cluster takes the place of its master in order', async (t) => {
    const streams = await streamsOn(t, first.url);
    const ask = () => Promise.all(streams.map(({ history }) => history()));
    await Promise.all(streams.map(({ append }) => append(1)));
    const before = await ask();
    await failsOver(t, { cluster: true, url: first.url }, async () => {
      const replica = await clientOf((await replicaOf(cluster, third)).url);
      await replica.sendCommand(['CLUSTER', 'FAILOVER']);
      while (!/^role:master/m.test(await replica.info('replication'))) await wait(10);
      await replica.close();
      return undefined;
    });
    await Promise.all(streams.map(({ append }) => append(2)));
    const after = await ask();
    const isAnew = after.map(({ position: { epoch } }, index) => epoch !== before[index]?.position.epoch);
    t.strictSame(
      new Set(isAnew),
      new Set([true, false]),
      'streams of that master begin an epoch, which nobody read before',
    );
    t.strictSame(
      after.map(({ frames }) => frames.join()),
      isAnew.map((anew) => (anew ? '2' : '1,2')),
    );
  });

  test('a master is stopped without closing its connections, with sentinels and in a cluster', async (t) => {
    await Promise.all([
      failsOver(t, { sentinels, url }, async () => {
        const present = await master();
        present.pause();
        return present.resume;
      }),
      failsOver(t, { cluster: true, url: third.url }, async () => {
        second.pause();
        return second.resume;
      }),
    ]);
  });
});
