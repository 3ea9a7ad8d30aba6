import type { Test } from 'tap';
import { JsonText } from '../../core/json.ts';
import type { OpenStore } from './store.ts';

export async function contentsTests(t: Test, open: OpenStore): Promise<void> {
  t.test('what a store holds is listed by kind and name, in order, as it is stored', async (t) => {
    const store = await open(t);
    const { contents } = store;
    t.strictSame(await contents.names(), { collections: [], logs: [], blobs: [] });
    for (const name of ['b/x', 'a.b', 'a-b']) await store.collection(name).put('{x}:*', 1);
    await store.collection('a.b').put('text', new JsonText('{ "n": -0, "m":1e400 }'));
    await store.log('l/m').append('y:1', 'one');
    await store.log('l/m').append('', 'empty key');
    await store.log('l').append('m:n', new JsonText('[1.0]'));
    const hash = await store.blobs('files').put('bytes');
    await store.collection('gone').put('x', 1);
    await store.collection('gone').delete('x');
    await store.blobs('gone').delete([await store.blobs('gone').put('x')]);
    t.strictSame(await contents.names(), {
      collections: ['a-b', 'a.b', 'b/x'],
      logs: ['l', 'l/m'],
      blobs: ['files'],
    });
    t.strictSame(await contents.keys('l/m'), ['', 'y:1']);
    t.strictSame(await contents.keys('unknown'), []);
    t.strictSame(await contents.texts('a.b', ['text', 'unknown', '{x}:*']), [
      '{ "n": -0, "m":1e400 }',
      undefined,
      '1',
    ]);
    t.strictSame(await contents.texts('unknown', ['x']), [undefined]);
    t.strictSame(await contents.entries('l', 'm:n', 0, 10), [{ sequence: 1, text: '[1.0]' }]);
    t.strictSame(await store.blobs('files').ids(), [hash]);
  });

  t.test('entries are read in pages, and a key counts on from the last number it gave out', async (t) => {
    const store = await open(t);
    const { contents } = store;
    const log = store.log<number>('a');
    for (let n = 1; n <= 7; n++) await log.append('x', n);
    await log.delete('x', 3);
    await log.delete('x', 7);
    t.equal(await contents.last('a', 'x'), 7, 'though its entry is gone');
    t.equal(await contents.last('a', 'unknown'), 0);
    const sequences = async (after: number, limit: number) =>
      (await contents.entries('a', 'x', after, limit)).map(({ sequence }) => sequence);
    t.strictSame(await sequences(0, 3), [1, 2, 4]);
    t.strictSame(await sequences(4, 3), [5, 6]);
    await log.trim('x', 100);
    t.strictSame(await sequences(0, 3), []);
    t.strictSame(await contents.keys('a'), ['x'], 'a key without entries is one still');
    t.equal(await contents.last('a', 'x'), 7);
  });

  t.test('entries are restored under their numbers, with their gaps', async (t) => {
    const { contents, ...store } = await open(t);
    const entry = (sequence: number) => ({ sequence, text: `"${sequence}"` });
    await contents.restore('a', 'x', [entry(2), entry(5)], 5);
    await contents.restore('a', 'x', [entry(6)], 9);
    await contents.restore('a', 'empty', [], 4);
    const log = store.log<string>('a');
    t.strictSame(await log.read('x'), [
      { sequence: 2, value: '2' },
      { sequence: 5, value: '5' },
      { sequence: 6, value: '6' },
    ]);
    t.strictSame(await log.read('empty'), []);
    t.equal(await log.append('x', 'next'), 10);
    t.equal(await log.append('empty', 'next'), 5);
    t.strictSame(await contents.keys('a'), ['empty', 'x']);
  });
}
