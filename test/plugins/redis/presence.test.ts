import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { RedisPresence } from '../../../plugins/redis/presence.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { presenceContract } from '../../contract/presence.ts';
import { enter, redisHub, untilPresent } from './hubs.ts';
import { clientOf, ownPrefix, REDIS_URL, withRedis } from './service.ts';

await withRedis(() => {
  presenceContract('presence in Redis', async (t) => {
    const keys = new Keys(ownPrefix(t));
    return async () => {
      const log = createLog('silent');
      const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, log);
      await link.open();
      t.teardown(() => link.close());
      return new RedisPresence(link, keys, 2_000, log);
    };
  });

  test('what a hub entered that nobody knows any more is not seen, and removed by who finds it', async (t) => {
    const prefix = ownPrefix(t);
    const redis = await clientOf(REDIS_URL);
    t.teardown(() => redis.close());
    const hub = await redisHub(t, { prefix, store: false });
    const key = `${prefix}:1:present:c / all`;
    await redis.hSet(key, `deadbeef-0 deadbeef${'0'.repeat(24)}`, '["ghost","info"]');
    const ann = await enter(t, hub, 'ann');
    await untilPresent(hub, 'ann');
    while ((await redis.hLen(key)) > 1) await wait(20);
    ann.socket.close();
    await untilPresent(hub);
    while ((await redis.exists(key)) === 1) await wait(20);
    t.strictSame(await redis.keys(`${prefix}:1:entered:*`), []);
  });
});
