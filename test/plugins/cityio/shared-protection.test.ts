/** What hubs on one store keep from each other's collections. */
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { namespaced } from '../../../core/namespaced-store.ts';
import { SharedProtection } from '../../../plugins/cityio/shared-protection.ts';
import { sharedStore } from '../../helpers/shared-store.ts';

const NOW = new AbortController().signal;

/** What is stored of `text`, as two hubs protect it. */
async function twoProtections(times: { readonly silenceMs?: number; readonly stalledMs?: number } = {}) {
  const store = namespaced((await sharedStore()).open(), 'cityio');
  const hash = await store.blobs('blobs').put('text');
  return {
    objects: store.blobs('blobs'),
    hash,
    one: new SharedProtection(store, times),
    other: new SharedProtection(store, times),
  };
}

test('a collection ends when another has begun, and none begins under the lease of an earlier term', async (t) => {
  const { objects, hash, one, other } = await twoProtections();
  const late = await one.begin({ fence: 7 }, NOW);
  t.equal(await other.begin({ fence: 6 }, NOW), undefined);
  const next = await other.begin({ fence: 8 }, NOW);
  t.equal(await late?.delete(objects, [hash]), 0);
  t.equal(late?.isOver, true);
  t.equal(await one.begin({ fence: 7 }, NOW), undefined);
  t.equal(await next?.delete(objects, [hash]), 1);
});

test('while something is held nothing is collected, unless its hub is gone', async (t) => {
  const { objects, hash, one, other } = await twoProtections();
  const before = await one.begin(undefined, NOW);
  const release = await other.hold();
  t.equal(await one.begin(undefined, NOW), undefined);
  await release();
  t.equal(await before?.delete(objects, [hash]), 0, 'it found what is referred to before');
  t.equal(await (await one.begin(undefined, NOW))?.delete(objects, [hash]), 1);

  const { one: living, other: gone } = await twoProtections({ silenceMs: 100 });
  await gone.hold();
  t.equal(await living.begin(undefined, NOW), undefined);
  while ((await living.begin(undefined, NOW)) === undefined) await wait(20);
});

test('what a hub was deleting when it died is stored again, and a deletion that comes late is not made', async (t) => {
  const { objects, hash, one, other } = await twoProtections({ stalledMs: 100 });
  const dying = await one.begin(undefined, NOW);
  const asked = Promise.withResolvers<() => Promise<number>>();
  const never = (...args: Parameters<typeof objects.delete>) => {
    asked.resolve(() => objects.delete(...args));
    return new Promise<number>(() => {});
  };
  void dying?.delete({ ...objects, delete: never }, [hash]);
  const late = await asked.promise;
  const isProtected = other.protect([hash]).then(() => true);
  t.equal(await Promise.race([isProtected, nextTurn(false)]), false);
  await isProtected;
  t.equal(await objects.put('text'), hash);
  t.equal(await late(), 0);
  t.ok(await objects.has(hash));
  t.equal(await (await one.begin(undefined, NOW))?.delete(objects, [hash]), 0, 'it is protected');
});

test('what a hub deletes that only seemed to be dead is not what others need meanwhile', async (t) => {
  const { objects, hash, one, other } = await twoProtections({ stalledMs: 100 });
  const unneeded = await objects.put('unneeded');
  const slow = await one.begin(undefined, NOW);
  const resumed = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  const late = async (...args: Parameters<typeof objects.delete>) => {
    paused.resolve();
    await resumed.promise;
    return objects.delete(...args);
  };
  const deleting = slow?.delete({ ...objects, delete: late }, [hash, unneeded]);
  await paused.promise;
  await other.protect([hash]);
  resumed.resolve();
  t.equal(await deleting, 0);
  t.equal(slow?.isOver, true);
  t.equal(
    await (await other.begin(undefined, NOW))?.delete(objects, [hash, unneeded]),
    1,
    'the next one goes on',
  );
  t.strictSame(await objects.ids(), [hash]);
});
