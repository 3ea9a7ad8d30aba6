/** What the plugin brings: a broker, and a store if it is wanted. */
import type { Broker, Log, Store } from '../../core/index.ts';
import { RedisBroker } from './broker.ts';
import { ClusterLink } from './cluster.ts';
import { warnOfLoss } from './durability.ts';
import { Keys } from './keys.ts';
import type { Link } from './link.ts';
import type { Options } from './options.ts';
import { StandaloneLink } from './standalone.ts';
import { redisStore } from './store.ts';

export interface RedisParts {
  readonly broker: Broker;
  readonly store: Store | undefined;
  /** Why the hub is not ready; undefined: Redis answers. */
  obstacle(): string | undefined;
}

/** @throws StartError when Redis cannot be used. */
export async function openParts(options: Options, log: Log): Promise<RedisParts> {
  const keys = new Keys(options.prefix);
  // A connection for each, so that large documents do not hold up notifications.
  const linkFor = (use: string): Link => {
    const own = log.child({ connection: use });
    return options.cluster ? new ClusterLink(options, own) : new StandaloneLink(options, own);
  };
  const forBroker = linkFor('broker');
  const forStore = options.store ? linkFor('store') : undefined;
  try {
    await forBroker.open();
    if (forStore !== undefined) {
      await forStore.open();
      await warnOfLoss(forStore, log);
    }
  } catch (error) {
    await Promise.all([forBroker.close(), forStore?.close()]);
    throw error;
  }
  return {
    broker: new RedisBroker(forBroker, keys, options.queueBytes, log),
    store: forStore && redisStore(forStore, keys, options),
    obstacle: () => forBroker.obstacle ?? forStore?.obstacle,
  };
}
