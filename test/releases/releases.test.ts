/** Two successive releases run together on one Redis, and the later one finds what the earlier one has left. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { ownPrefix, REDIS_URL, withRedis } from '../plugins/redis/service.ts';
import { type Recording, restoreKeys, sayAgain } from './installation.ts';
import { EXPECTED, found, HEARD, listen, startEverything } from './life.ts';

const FOLDER = new URL('.', import.meta.url);

await withRedis(() => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
    const recording: Recording = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));

    test(`what ${file} left is there, and can be gone on with`, async (t) => {
      const prefix = ownPrefix(t);
      await restoreKeys(REDIS_URL, prefix, recording);
      t.strictSame(await found(t, await startEverything(t, REDIS_URL, prefix)), EXPECTED);
    });

    test(`what a hub of ${file} says reaches the clients of this one`, async (t) => {
      const prefix = ownPrefix(t);
      await restoreKeys(REDIS_URL, prefix, recording);
      const hub = await startEverything(t, REDIS_URL, prefix);
      const client = await listen(t, hub);
      await sayAgain(REDIS_URL, prefix, recording);
      for (const heard of HEARD) t.strictSame(await client.next(), heard);
    });
  }
});
