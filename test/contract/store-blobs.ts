import type { Test } from 'tap';
import { hashOf } from '../../core/store/port.ts';
import type { OpenStore } from './store.ts';

export async function blobTests(t: Test, open: OpenStore): Promise<void> {
  t.test('bytes come back under the hash of their content', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const content of [
      bytes,
      bytes.subarray(3, 9),
      'text ä😀\0',
      '\ufeff{"a":1}',
      '',
      new Uint8Array(0),
    ]) {
      const hash = await blobs.put(content);
      t.equal(hash, hashOf(content));
      const read = await blobs.get(hash);
      t.ok(read instanceof Uint8Array && Buffer.from(content).equals(read));
    }
    t.equal(await blobs.get(hashOf('unknown')), undefined);
    t.equal(await blobs.has(hashOf('unknown')), false);
    t.equal(await blobs.has(hashOf('')), true);
  });

  t.test('content is stored once, as text or as bytes, with or without its hash', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const hash = hashOf('same');
    const puts = [blobs.put('same'), blobs.put(Buffer.from('same')), blobs.put('same', hash)];
    t.strictSame(await Promise.all(puts), [hash, hash, hash]);
    t.strictSame(await blobs.ids(), [hash]);
    await t.rejects(blobs.put('x', 'not a hash'), /hash: expected 64 hex digits/);
  });

  t.test('what is read and the bytes that were put do not change the blob', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const bytes = Buffer.from('content');
    const put = blobs.put(bytes);
    bytes.fill(0);
    const hash = await put;
    (await blobs.get(hash))?.fill(0);
    t.strictSame(await blobs.get(hash), new Uint8Array(Buffer.from('content')));
  });

  t.test('hashes are listed in order and in ranges', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const hashes = await Promise.all(Array.from({ length: 50 }, (_, i) => blobs.put(`blob ${i}`)));
    hashes.sort();
    t.strictSame(await blobs.ids(), hashes);
    t.strictSame(await blobs.ids({ after: hashes[9] ?? '', limit: 10 }), hashes.slice(10, 20));
    t.strictSame(
      await blobs.ids({ prefix: 'a' }),
      hashes.filter((hash) => hash.startsWith('a')),
    );
  });

  t.test('deleting counts what was there', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const [a, b, c] = await Promise.all([blobs.put('a'), blobs.put('b'), blobs.put('c')]);
    t.equal(await blobs.delete([a, hashOf('unknown'), a, b]), 2);
    t.equal(await blobs.delete([]), 0);
    t.strictSame(await blobs.ids(), [c]);
    t.equal(await blobs.put('a'), a, 'and it can be put again');
    t.ok(await blobs.has(a));
  });

  t.test(
    'a deletion with a fence is not made once a higher one is set, whichever of its group asked for it',
    async (t) => {
      const store = await open(t);
      const [blobs, same, other] = [store.blobs('a'), store.blobs('a'), store.blobs('b')];
      const [a, b, c] = await Promise.all([blobs.put('a'), blobs.put('b'), blobs.put('c')]);
      await other.put('a');
      t.equal(await blobs.delete([a], 1), 1, 'none is set yet');
      await same.setFence(7);
      for (const fence of [6, 1]) t.equal(await blobs.delete([b, c], fence), 0);
      t.equal(await blobs.delete([b], 7), 1);
      await blobs.setFence(3);
      t.equal(await same.delete([c], 6), 0, 'a lower one changes nothing');
      t.equal(await other.delete([a], 1), 1, 'of another group');
      t.strictSame(await blobs.ids(), [c]);
      t.equal(await blobs.delete([c]), 1, 'without a fence');
      for (const fence of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await t.rejects(blobs.delete([c], fence), /fence: expected a whole number above 0/);
        await t.rejects(blobs.setFence(fence), /fence: expected a whole number above 0/);
      }
    },
  );

  t.test('5 MB', async (t) => {
    const blobs = (await open(t)).blobs('a');
    const large = Buffer.alloc(5_000_000, 'abc\xff', 'latin1');
    const read = await blobs.get(await blobs.put(large));
    t.ok(read !== undefined && large.equals(read));
  });
}
