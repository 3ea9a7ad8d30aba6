/** Hubs on one Redis, or on one Redis Cluster, as the broker contract wants them. */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import type { Broker, Log } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { RedisBroker } from '../../../plugins/redis/broker.ts';
import { ClusterLink } from '../../../plugins/redis/cluster.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import type { Link } from '../../../plugins/redis/link.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import type { Cluster } from '../../contract/broker.ts';
import { clientOf } from './service.ts';

const MARK = 'mark of a test ';

interface Member {
  readonly broker: Broker;
  readonly topics: ReadonlySet<string>;
}

/**
 * @param urls of the one server, or of all masters of a cluster.
 * @param linkTo default: to those.
 */
export async function hubsOn(
  t: Test,
  urls: readonly [string, ...string[]],
  prefix: string,
  linkTo?: (log: Log) => Link,
): Promise<Cluster> {
  const keys = new Keys(prefix);
  const servers = await Promise.all(urls.map(clientOf));
  t.teardown(() => Promise.all(servers.map((server) => server.close())));
  const members = new Map<string, Member>();
  const touched = new Set<string>();
  const marks = new Map<string, () => void>();
  const heard = (node: string, frame: string) => {
    if (!frame.startsWith(MARK)) return false;
    marks.get(`${frame} at ${node}`)?.();
    return true;
  };

  const join = (): Broker => {
    const log = createLog('silent');
    const options = { url: urls[0], silenceMs: 5_000 };
    const plain = urls.length > 1 ? ClusterLink : StandaloneLink;
    const link = linkTo?.(log) ?? new plain(options, log);
    const broker = new RedisBroker(link, keys, { queueBytes: 1_000_000, waitMs: 2_000 }, log);
    const topics = new Set<string>();
    let own = '';
    return {
      isDistributed: true,
      waitMs: broker.waitMs,
      start: async (node, receiver) => {
        own = node;
        await link.open();
        await broker.start(node, {
          topic: (topic, frame) => void (heard(node, frame) || receiver.topic(topic, frame)),
          inbox: (frame) => void (heard(node, frame) || receiver.inbox(frame)),
          entry: (topic, position, frame) => receiver.entry(topic, position, frame),
          restored: () => receiver.restored(),
        });
        members.set(node, { broker, topics });
      },
      publish: (topic, frame) => broker.publish(topic, frame),
      subscribe: (topic) => {
        touched.add(topic);
        topics.add(topic);
        return broker.subscribe(topic);
      },
      unsubscribe: (topic) => {
        topics.delete(topic);
        broker.unsubscribe(topic);
      },
      send: (node, frame) => broker.send(node, frame),
      append: (topic, frame, options) => broker.append(topic, frame, options),
      history: (topic, since) => broker.history(topic, since),
      close: () => {
        members.delete(own);
        return broker.close();
      },
    };
  };

  /** How many hubs listen to a topic, as the servers have it. */
  const listening = async (topic: string): Promise<number> => {
    const channel = keys.topic(topic);
    const counts = await Promise.all(servers.map((server) => server.pubSubShardNumSub([channel])));
    return counts.reduce((sum, found) => sum + Number(found[channel] ?? 0), 0);
  };

  /** A mark in a channel comes after all that was sent to that channel before. */
  const settled = async (): Promise<void> => {
    await nextTurn();
    for (const topic of touched) {
      const wanted = [...members.values()].filter(({ topics }) => topics.has(topic)).length;
      while ((await listening(topic)) !== wanted) await wait(2);
    }
    const arrivals: Promise<void>[] = [];
    for (const [from, { broker }] of members) {
      for (const [to, { topics }] of members) {
        if (to === from) continue;
        const mark = `${MARK}${marks.size}`;
        const sends = [
          () => broker.send(to, mark),
          ...[...topics].map((topic) => () => broker.publish(topic, mark)),
        ];
        let missing = sends.length;
        const { promise, resolve } = Promise.withResolvers<void>();
        arrivals.push(promise);
        marks.set(`${mark} at ${to}`, () => {
          missing--;
          if (missing === 0) resolve();
        });
        for (const send of sends) send();
      }
    }
    await Promise.all(arrivals);
  };
  return { join, settled };
}
