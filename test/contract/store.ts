/** What every store driver must do. */
import { type Test, test } from 'tap';
import type { Store } from '../../core/store/port.ts';
import { blobTests } from './store-blobs.ts';
import { contentsTests } from './store-contents.ts';
import { documentTests } from './store-documents.ts';
import { idTests } from './store-ids.ts';
import { killTests } from './store-kill.ts';
import { logTests } from './store-logs.ts';

export interface StoreDriver {
  /** Opens what an earlier store of this folder left there. */
  open(folder: string): Promise<Store> | Store;
  /** A module that exports this `open`, for a process of its own. undefined: nothing outlives the store. */
  readonly module?: URL;
}

/** Opens a store that closes with the test. */
export type OpenStore = (t: Test, folder?: string) => Promise<Store>;

/** Runs the suite on a driver. */
export function storeContract(name: string, { open, module }: StoreDriver): void {
  const openFor: OpenStore = async (t, folder = t.testdir({})) => {
    const store = await open(folder);
    t.teardown(() => store.close());
    return store;
  };

  test(`${name}: documents`, (t) => documentTests(t, openFor));
  test(`${name}: ids of documents`, (t) => idTests(t, openFor));
  test(`${name}: logs`, (t) => logTests(t, openFor));
  test(`${name}: blobs`, (t) => blobTests(t, openFor));

  test(`${name}: contents`, (t) => contentsTests(t, openFor));

  test(`${name}: names outside the port's alphabet are refused`, async (t) => {
    const store = await openFor(t);
    for (const bad of ['', 'a b', 'a+b', 'ä', 'a\0', 'a\\b', 'x'.repeat(201)]) {
      t.throws(() => store.collection(bad), { message: /store name .*expected/ }, JSON.stringify(bad));
      t.throws(() => store.log(bad), TypeError);
      t.throws(() => store.blobs(bad), TypeError);
    }
    for (const odd of ['.', '..', '/', '../x', 'a/b', 'a.b', '-', '__proto__', 'constructor', 'CON']) {
      await store.collection<string>(odd).put('id', odd);
    }
    t.equal(await store.collection('../x').get('id'), '../x');
    t.equal(await store.collection('a.b').get('id'), 'a.b');
  });

  test(`${name}: the kinds and names do not see each other's data`, async (t) => {
    const store = await openFor(t);
    await store.collection('a').put('id', 1);
    await store.log('a').append('id', 2);
    await store.blobs('a').put('3');
    t.strictSame(await store.collection('b').ids(), []);
    t.strictSame(await store.log('b').read('id'), []);
    t.strictSame(await store.blobs('b').ids(), []);
    t.strictSame(await store.collection('a').ids(), ['id']);
    t.strictSame(await store.log('a').read('id'), [{ sequence: 1, value: 2 }]);
    t.equal((await store.blobs('a').ids()).length, 1);
  });

  test(`${name}: after close every call rejects, and closing again is harmless`, async (t) => {
    const store = await openFor(t);
    const documents = store.collection<number>('a');
    const log = store.log<number>('a');
    const blobs = store.blobs('a');
    const hash = await blobs.put('x');
    await log.append('key', 1);
    await Promise.all([store.close(), store.close()]);
    for (const [what, call] of Object.entries({
      get: () => documents.get('x'),
      put: () => documents.put('x', 1),
      update: () => documents.update('x', () => 1),
      delete: () => documents.delete('x'),
      ids: () => documents.ids(),
      batch: () => documents.batch([{ put: 'x', value: 1 }]),
      append: () => log.append('key', 1),
      read: () => log.read('key'),
      trim: () => log.trim('key', 2),
      'put a blob': () => blobs.put('x'),
      'get a blob': () => blobs.get(hash),
      'has a blob': () => blobs.has(hash),
      'delete blobs': () => blobs.delete([hash]),
      'list blobs': () => blobs.ids(),
      'list the keys of a log': () => store.contents.keys('a'),
      'use a new collection': () => store.collection('new').get('x'),
    })) {
      await t.rejects(call(), /is closed/, what);
    }
  });

  if (module !== undefined) {
    test(`${name}: kill and reopen`, (t) => killTests(t, openFor, module));
  }
}
