import { type Test, test } from 'tap';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { JsonText } from '../../core/json.ts';
import { createLog } from '../../core/log.ts';
import { copyStore } from '../../core/store/copy.ts';
import { openLowdbStore } from '../../core/store/lowdb.ts';
import type { Store } from '../../core/store/port.ts';
import { openSqliteStore } from '../../core/store/sqlite.ts';
import { plugin } from '../helpers/plugin.ts';

function sqlite(t: Test, folder = t.testdir({})): Store {
  const store = openSqliteStore({ folder });
  t.teardown(() => store.close());
  return store;
}

/** More of everything than is copied at a time. */
async function fill(store: Store): Promise<void> {
  const documents = store.collection<unknown>('a/documents');
  await documents.batch(Array.from({ length: 1_130 }, (_, i) => ({ put: `${i}`, value: { i } })));
  await documents.put('text', new JsonText(' { "n": -0, "m":1.0 } '));
  const log = store.log<unknown>('a/log');
  await Promise.all(Array.from({ length: 120 }, (_, i) => log.append('long', i)));
  await log.delete('long', 60);
  await log.delete('long', 120);
  await log.append('gone', 'x');
  await log.trim('gone', 2);
  for (const content of ['one', 'two', new Uint8Array([0, 255])]) await store.blobs('a/blobs').put(content);
}

test('a copy holds the same under the same names and numbers, in whatever driver', async (t) => {
  const folder = t.testdir({});
  const [from, files] = [sqlite(t, folder), await openLowdbStore({ folder })];
  await fill(from);
  const lines: string[] = [];
  await copyStore(from, files, 'sqlite', (line) => lines.push(line));
  await files.close();
  t.strictSame(lines, [
    'collection a/documents: 1131 documents',
    'log a/log: 118 entries of 2 keys',
    'blobs a/blobs: 3',
    'all of it was compared with the source',
  ]);
  const between = await openLowdbStore({ folder });
  const to = await openLowdbStore({ memory: true });
  await copyStore(between, to, 'lowdb', () => {});
  t.strictSame(await to.contents.texts('a/documents', ['text', '7']), ['{ "n": -0, "m":1.0 }', '{"i":7}']);
  const log = to.log('a/log');
  t.strictSame(await log.read('long', { from: 58, limit: 3 }), [
    { sequence: 58, value: 57 },
    { sequence: 59, value: 58 },
    { sequence: 61, value: 60 },
  ]);
  t.equal(await log.append('long', 'next'), 121);
  t.equal(await log.append('gone', 'next'), 2);
  t.equal((await to.blobs('a/blobs').ids()).length, 3);
  t.strictSame(await to.contents.names(), await from.contents.names());
});

test('a copy that was interrupted goes on; until its end no hub starts on it, nor does another copy', async (t) => {
  const [from, to] = [sqlite(t), await openLowdbStore({ memory: true })];
  await fill(from);
  let restored = 0;
  const breaking: Store = {
    ...to,
    contents: {
      ...to.contents,
      async restore(...args) {
        if (restored++ === 1) throw new Error('the power failed');
        await to.contents.restore(...args);
      },
    },
  };
  await t.rejects(
    copyStore(from, breaking, 'sqlite', () => {}),
    { message: 'the power failed' },
  );
  await t.rejects(
    copyStore(from, to, 'redis', () => {}),
    {
      name: 'StartError',
      message: 'the target holds a part of sqlite: end that copy, or empty it',
    },
  );
  const store = { ...to, close: async () => {} };
  const brings = plugin('brings', () => {}, { parts: () => ({ store }) });
  const prepare = () =>
    prepareHub(completeConfig({ store: 'memory', plugins: [brings] }, import.meta.filename), {
      log: createLog('silent'),
    });
  await t.rejects(prepare(), {
    name: 'StartError',
    message: 'the store holds a part of sqlite: let `hub store copy` end, or empty it',
  });
  await copyStore(from, to, 'sqlite', () => {});
  t.strictSame(await to.contents.names(), await from.contents.names());
  await (await prepare()).stop();
});

test('nothing is copied from an empty store, or over what is there', async (t) => {
  const [from, to] = [sqlite(t), await openLowdbStore({ memory: true })];
  await t.rejects(
    copyStore(from, to, 'sqlite', () => {}),
    { message: 'sqlite holds nothing' },
  );
  await fill(from);
  await to.log('b/log').append('x', 1);
  await t.rejects(
    copyStore(from, to, 'sqlite', () => {}),
    {
      name: 'StartError',
      message: 'the target is not empty: it holds b/log, for one',
    },
  );
});

test('what is not the same in the end is named', async (t) => {
  for (const [spoil, message] of [
    [
      (to: Store) => to.collection('a/documents').put('500', 'other'),
      /^document "500" of a\/documents is not/,
    ],
    [(to: Store) => to.collection('a/more').put('x', 1), /, or document "x" of a\/more, is not the same/],
    [(to: Store) => to.log('a/log').delete('long', 100), /^entry 100 of "long" in log a\/log/],
    [(to: Store) => to.log('a/log').append('gone', 1), /^key "gone" of log a\/log/],
  ] as const) {
    const [from, to] = [await openLowdbStore({ memory: true }), await openLowdbStore({ memory: true })];
    await fill(from);
    const spoiled: Store = {
      ...to,
      blobs: (name) => ({
        ...to.blobs(name),
        has: async () => {
          await spoil(to);
          return false;
        },
      }),
    };
    await t.rejects(
      copyStore(from, spoiled, 'lowdb', () => {}),
      { name: 'StartError', message },
    );
  }
});
