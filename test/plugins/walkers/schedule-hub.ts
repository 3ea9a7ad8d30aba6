/**
 * A hub with walkers, in a process of its own; see schedules-redis.test.ts. Arguments: the prefix in Redis, the length of terms in
 * ms, the folder of the walkers. Tells when it comes to hold the lease of the schedules.
 */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import type { LeaseTable } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { redisLeases } from '../../../plugins/redis/leases.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import walkers from '../../../plugins/walkers/index.ts';
import { plugin } from '../../helpers/plugin.ts';
import { REDIS_URL } from '../redis/service.ts';

const [, , prefix = '', termMs, folder = ''] = process.argv;
const log = createLog('error');

/** Tells who holds the lease, as the claims are answered. */
function telling(leases: LeaseTable): LeaseTable {
  let held = false;
  return {
    ...leases,
    async claim(node, claims) {
      const fences = await leases.claim(node, claims);
      const holds = fences[claims.findIndex(({ name }) => name === 'walkers/schedules')] !== undefined;
      if (holds && !held) process.send?.('held');
      held = holds;
      return fences;
    },
  };
}

const brings = plugin('brings', () => {}, {
  parts: async () => {
    const keys = new Keys(prefix);
    const [forLeases, forStore] = [1, 2].map(
      () => new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, log),
    );
    await forLeases?.open();
    await forStore?.open();
    if (forLeases === undefined || forStore === undefined) throw new Error('not opened');
    return {
      leases: telling(redisLeases(forLeases, keys, Number(termMs))),
      store: redisStore(forStore, keys, { waitMs: 2_000, waiting: 1_000 }),
    };
  },
});
const config = completeConfig(
  {
    store: 'memory',
    host: '127.0.0.1',
    ports: [0],
    plugins: [topics(), users(), walkers({ folder, processes: 1 }), brings],
  },
  import.meta.filename,
);
const hub = await prepareHub(config, { log });
await hub.listen();
