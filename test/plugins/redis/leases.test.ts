import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { redisLeases } from '../../../plugins/redis/leases.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { leaseContract } from '../../contract/leases.ts';
import { ownPrefix, REDIS_URL, withRedis } from './service.ts';

await withRedis(() => {
  leaseContract('leases in Redis', async (t, termMs) => {
    const keys = new Keys(ownPrefix(t));
    const open = async () => {
      const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, createLog('silent'));
      await link.open();
      t.teardown(() => link.close());
      return redisLeases(link, keys, termMs);
    };
    return [await open(), await open()];
  });
});
