/**
 * `node test/releases/record.ts VERSION` keeps what this release leaves in Redis and says to other hubs, for the tests of those
 * after it. Once for each release; `npm run format` then gives the file its form.
 */
import { writeFileSync } from 'node:fs';
import { test } from 'tap';
import { ownPrefix, REDIS_URL } from '../plugins/redis/service.ts';
import { dumpKeys, overhear } from './installation.ts';
import { listen, live, speak, startEverything } from './life.ts';

const [, , version = 'unnamed'] = process.argv;

test(`recording ${version}`, async (t) => {
  const prefix = ownPrefix(t);
  const hub = await startEverything(t, REDIS_URL, prefix);
  await live(t, hub);
  await hub.stop();
  const keys = await dumpKeys(REDIS_URL, prefix);
  const other = await startEverything(t, REDIS_URL, prefix);
  const speaker = await startEverything(t, REDIS_URL, prefix);
  const client = await listen(t, other);
  const heard = await overhear(REDIS_URL, prefix);
  await speak(speaker);
  await client.next();
  await client.next();
  writeFileSync(
    new URL(`./${version}.json`, import.meta.url),
    `${JSON.stringify({ keys, frames: heard() }, null, 1)}\n`,
  );
});
