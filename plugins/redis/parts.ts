/** What the plugin brings: a broker, and a store if it is wanted. */
import type { Broker, Log, Store } from '../../core/index.ts';
import { RedisBroker } from './broker.ts';
import { warnOfLoss } from './durability.ts';
import { Keys } from './keys.ts';
import { Link } from './link.ts';
import type { Options } from './options.ts';
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
  const forBroker = new Link(options, log.child({ connection: 'broker' }));
  const forStore = options.store ? new Link(options, log.child({ connection: 'store' })) : undefined;
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
