/** What the plugin brings: a broker, leases, presence, and a store if it is wanted. */
import type { Broker, LeaseTable, Log, PresenceTable, Store } from '../../core/index.ts';
import { RedisBroker } from './broker.ts';
import { ClusterLink } from './cluster.ts';
import { warnOfLoss } from './durability.ts';
import { Keys } from './keys.ts';
import { redisLeases } from './leases.ts';
import type { Link } from './link.ts';
import type { Options } from './options.ts';
import { RedisPresence } from './presence.ts';
import { SentinelLink } from './sentinel.ts';
import { StandaloneLink } from './standalone.ts';
import { redisStore } from './store.ts';

/** Of a lease: a hub that died without a word is replaced within the term and the third after which the others ask again. */
const TERM_MS = 6_000;

/** Of a hub for the others, after its last sign of life. */
const LIFE_MS = 6_000;

export interface RedisParts {
  readonly broker: Broker;
  readonly leases: LeaseTable;
  readonly presence: PresenceTable;
  readonly store: Store | undefined;
  /** Why the hub is not ready; undefined: Redis answers. */
  obstacle(): string | undefined;
}

/** @throws StartError when Redis cannot be used. */
export async function openParts(options: Options, log: Log): Promise<RedisParts> {
  const hasSentinels = options.sentinels.length > 0;
  const keys = new Keys(options.prefix);
  // A connection for each, so that large documents do not hold up notifications.
  const linkFor = (use: string): Link => {
    const own = log.child({ connection: use });
    if (hasSentinels) return new SentinelLink(options, own);
    return options.cluster ? new ClusterLink(options, own) : new StandaloneLink(options, own);
  };
  const forBroker = linkFor('broker');
  const forStore = options.store ? linkFor('store') : undefined;
  try {
    await forBroker.open();
    if (forStore !== undefined) {
      await forStore.open();
      await warnOfLoss(forStore, options.replicas, log);
    }
  } catch (error) {
    await Promise.all([forBroker.close(), forStore?.close()]);
    throw error;
  }
  return {
    broker: new RedisBroker(forBroker, keys, options, log),
    leases: redisLeases(forBroker, keys, TERM_MS),
    presence: new RedisPresence(forBroker, keys, LIFE_MS, log),
    store: forStore && redisStore(forStore, keys, options),
    obstacle: () => forBroker.obstacle ?? forStore?.obstacle,
  };
}
