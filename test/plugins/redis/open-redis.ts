/** A store in Redis for a folder: its prefix is kept there, so that another process opens the same. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import { newPrefix, REDIS_URL } from './service.ts';

/** Of all folders that were opened here. */
export const prefixes = new Set<string>();

export async function open(folder: string): Promise<Store> {
  const file = join(folder, 'prefix');
  if (!existsSync(file)) writeFileSync(file, newPrefix());
  const prefix = readFileSync(file, 'utf8');
  prefixes.add(prefix);
  const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, createLog('silent'));
  await link.open();
  return redisStore(link, new Keys(prefix), { waitMs: 2_000, waiting: 10_000 });
}
