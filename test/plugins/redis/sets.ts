/** Several servers of the test's own that belong together: a cluster, or a master with replicas and sentinels. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { clientOf, freePort, type OwnRedis, ownRedis, ownServer } from './service.ts';

/** Replicas get all there is at once. */
const REPLICATION = { 'repl-diskless-sync-delay': '0' };

/** After so many ms, a server that says nothing is taken for dead by the others: long enough for one that is slow. */
const SILENCE_MS = 2_000;

/** A Redis Cluster of three masters, each of which has a replica if that is wanted. */
export async function ownCluster(t: Test, hasReplicas = false): Promise<[OwnRedis, ...OwnRedis[]]> {
  const make = async () => {
    const busPort = await freePort();
    const redis = await ownRedis(t, {
      ...REPLICATION,
      'cluster-enabled': 'yes',
      'cluster-port': `${busPort}`,
      ...(hasReplicas && { 'cluster-node-timeout': `${SILENCE_MS}`, 'cluster-replica-validity-factor': '0' }),
    });
    const client = await clientOf(redis.url);
    const ask = async (...args: string[]) => String(await client.sendCommand(args));
    return { redis, port: new URL(redis.url).port, busPort: `${busPort}`, client, ask };
  };
  const masters = await Promise.all([make(), make(), make()]);
  const replicas = hasReplicas ? await Promise.all([make(), make(), make()]) : [];
  const [first] = masters;
  const others = [...masters.slice(1), ...replicas];
  for (const [i, { ask }] of masters.entries()) {
    const [from, to] = [Math.floor((16_384 * i) / 3), Math.floor((16_384 * (i + 1)) / 3) - 1];
    await ask('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`);
    await ask('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`);
  }
  for (const { port, busPort } of others) await first.ask('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  const all = [first, ...others];
  for (const { ask } of all) {
    for (;;) {
      const info = await ask('CLUSTER', 'INFO');
      if (/cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${all.length}`)) break;
      await wait(10);
    }
  }
  for (const [i, { ask }] of replicas.entries())
    await ask('CLUSTER', 'REPLICATE', String(await masters[i]?.ask('CLUSTER', 'MYID')));
  if (hasReplicas)
    for (const { ask } of masters)
      while (!/state=online/.test(await ask('INFO', 'replication'))) await wait(10);
  for (const { client } of all) await client.close();
  return [first.redis, ...others.map(({ redis }) => redis)];
}

export interface Watched {
  /** Of the sentinels, with their password. */
  readonly sentinels: string[];
  /** With the password of the servers, and none of their addresses. */
  readonly url: string;
  /** The first one is the master to begin with. */
  readonly servers: readonly OwnRedis[];
  /** The one that the sentinels name, and when they do not agree the one that the first names. */
  master(): Promise<OwnRedis>;
}

/** @param counts of all servers with the master, and of sentinels, half of which and one agree on what is dead. */
export async function ownSentinels(
  t: Test,
  counts: { readonly servers: number; readonly sentinels: number },
  silenceMs = SILENCE_MS,
): Promise<Watched> {
  const settings = { ...REPLICATION, requirepass: 'of-servers', masterauth: 'of-servers' };
  const first = await ownRedis(t, settings);
  const masterPort = new URL(first.url).port;
  const replicaof = ['127.0.0.1', masterPort];
  const others = Array.from({ length: counts.servers - 1 }, () => ownRedis(t, { ...settings, replicaof }));
  const servers = [first, ...(await Promise.all(others))];

  const ports = await Promise.all(Array.from({ length: counts.sentinels }, freePort));
  const all = ports.map((port) => ({ port, id: randomBytes(20).toString('hex') }));
  const sentinels = all.map(({ port, id }) =>
    ownServer(t, port, (folder) => {
      // They know of each other, and of the replicas, from the beginning: to find out takes seconds.
      const lines = [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        'requirepass of-sentinels',
        'sentinel sentinel-pass of-sentinels',
        `sentinel myid ${id}`,
        `sentinel monitor mymaster 127.0.0.1 ${masterPort} ${Math.floor(counts.sentinels / 2) + 1}`,
        'sentinel auth-pass mymaster of-servers',
        `sentinel down-after-milliseconds mymaster ${silenceMs}`,
        'sentinel failover-timeout mymaster 5000',
        ...servers
          .slice(1)
          .map(({ url }) => `sentinel known-replica mymaster 127.0.0.1 ${new URL(url).port}`),
        ...all
          .filter((other) => other.id !== id)
          .map((other) => `sentinel known-sentinel mymaster 127.0.0.1 ${other.port} ${other.id}`),
      ];
      const file = join(folder, 'sentinel.conf');
      writeFileSync(file, lines.join('\n'));
      return [file, '--sentinel'];
    }),
  );
  const urls = (await Promise.all(sentinels)).map(({ url }) => url.replace('//', '//:of-sentinels@'));

  const client = await clientOf(first.url.replace('//', '//:of-servers@'));
  const online = async () => String(await client.sendCommand(['INFO', 'replication'])).match(/state=online/g);
  while (((await online())?.length ?? 0) < counts.servers - 1) await wait(10);
  await client.close();
  const asked = await clientOf(urls[0] ?? '');
  t.teardown(() => asked.close());
  const master = async () => {
    const answer = await asked.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster']);
    const port = Array.isArray(answer) ? String(answer[1]) : '';
    const found = servers.find(({ url }) => new URL(url).port === port);
    if (found === undefined) throw new Error(`no server has the port ${port}`);
    return found;
  };
  return { sentinels: urls, url: 'redis://:of-servers@nowhere', servers, master };
}
