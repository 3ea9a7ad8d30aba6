import t from 'tap';
import { storeContract } from '../../contract/store.ts';
import { open, prefixes } from './open-redis.ts';
import { deleteKeys, REDIS_URL, withRedis } from './service.ts';

await withRedis(() => {
  t.teardown(() => deleteKeys(REDIS_URL, [...prefixes]));
  storeContract('redis', { open, module: new URL('open-redis.ts', import.meta.url) });
});
