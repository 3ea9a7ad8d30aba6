import type { Test } from 'tap';
import { JsonText } from '../../core/json.ts';
import type { Change } from '../../core/store/port.ts';
import type { OpenStore } from './store.ts';

export async function documentTests(t: Test, open: OpenStore): Promise<void> {
  t.test('a document is what was put last, and gone once deleted', async (t) => {
    const documents = (await open(t)).collection<unknown>('a');
    t.equal(await documents.get('x'), undefined);
    await documents.put('x', { a: [1, 'ä😀\0', null, true] });
    t.strictSame(await documents.get('x'), { a: [1, 'ä😀\0', null, true] });
    for (const value of [null, false, 0, '', []]) {
      await documents.put('x', value);
      t.strictSame(await documents.get('x'), value);
    }
    t.equal(await documents.delete('x'), true);
    t.equal(await documents.delete('x'), false);
    t.equal(await documents.get('x'), undefined);
  });

  t.test('a stored value and the object it came from do not change each other', async (t) => {
    const documents = (await open(t)).collection<{ n: number }>('a');
    const value = { n: 1 };
    const put = documents.put('x', value);
    value.n = 2;
    await put;
    const read = await documents.get('x');
    t.strictSame(read, { n: 1 });
    if (read !== undefined) read.n = 3;
    t.strictSame(await documents.get('x'), { n: 1 });
  });

  t.test('reads see the writes that were made before them in the same turn', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    const results = await Promise.all([
      documents.put('x', 1),
      documents.get('x'),
      documents.update('x', (n = 0) => n + 1),
      documents.get('x'),
      documents.ids(),
      documents.delete('x'),
      documents.get('x'),
      documents.ids(),
    ]);
    t.strictSame(results, [undefined, 1, 2, 2, ['x'], true, undefined, []]);
  });

  t.test('concurrent updates of a counter all count', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    const counts = await Promise.all(
      Array.from({ length: 1_000 }, () => documents.update('n', (n = 0) => n + 1)),
    );
    t.strictSame(
      counts,
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    );
    t.equal(await documents.get('n'), 1_000);
  });

  t.test('an update that returns nothing deletes', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    t.equal(await documents.update('x', () => undefined), undefined);
    await documents.put('x', 1);
    t.equal(await documents.update('x', () => undefined), undefined);
    t.strictSame(await documents.ids(), []);
  });

  t.test('an update that throws, or returns a promise, changes nothing', async (t) => {
    const documents = (await open(t)).collection<{ n: number }>('a');
    await documents.put('x', { n: 1 });
    const mistake = new Error('mistake');
    const fail = (present: { n: number } | undefined): never => {
      if (present !== undefined) present.n = 2;
      throw mistake;
    };
    await t.rejects(documents.update('x', fail), mistake);
    const anything = (async () => Promise.reject(mistake)) as () => never;
    await t.rejects(documents.update('x', anything), /synchronous/);
    t.strictSame(await documents.get('x'), { n: 1 });
  });

  t.test('a failed write takes no other write of its turn with it', async (t) => {
    const documents = (await open(t)).collection<unknown>('a');
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const results = await Promise.allSettled([
      documents.put('1', 1),
      documents.put('bad', undefined),
      documents.put('2', 2),
      documents.put('bad', circle),
      documents.update('bad', () => 1n),
      documents.put('bad', () => {}),
      documents.put('3', 3),
    ]);
    t.strictSame(
      results.map(({ status }) => status === 'fulfilled'),
      [true, false, true, false, false, false, true],
    );
    t.strictSame(await documents.ids(), ['1', '2', '3']);
    await t.rejects(documents.put('bad', undefined), /value of "bad": expected something that JSON can hold/);
  });

  t.test('a batch is stored as a whole or not at all', async (t) => {
    const documents = (await open(t)).collection<unknown>('a');
    await documents.put('old', 1);
    await documents.batch([]);
    const changes: Change<unknown>[] = [{ put: 'x', value: 1 }, { delete: 'old' }, { put: 'y', value: 1n }];
    await t.rejects(documents.batch(changes), /value of "y"/);
    await t.rejects(
      documents.batch([{ put: 'x', value: 1 }, { delete: '\ud800' }]),
      /id: expected well-formed/,
    );
    t.strictSame(await documents.ids(), ['old']);
    await documents.batch([
      { put: 'x', value: 1 },
      { put: 'y', value: 1 },
      { put: 'x', value: 2 },
      { delete: 'y' },
      { delete: 'old' },
      { delete: 'unknown' },
      { delete: 'z' },
      { put: 'z', value: 3 },
    ]);
    t.strictSame(await documents.ids(), ['x', 'z'], 'later ones win');
    t.equal(await documents.get('x'), 2);
  });

  t.test('a batch with a condition is made only if the document is exactly so', async (t) => {
    const documents = (await open(t)).collection<unknown>('a');
    await documents.put('head', { n: 1 });
    const change: Change<unknown>[] = [{ put: 'x', value: 1 }, { delete: 'old' }, { put: 'head', value: 2 }];
    await documents.put('old', 1);
    for (const value of [undefined, { n: 2 }, { n: 1, m: 1 }, new JsonText('{"n": 1}'), '{"n":1}', null]) {
      t.equal(await documents.batch(change, { id: 'head', value }), false);
    }
    t.equal(await documents.batch(change, { id: 'none', value: { n: 1 } }), false);
    t.strictSame([await documents.ids(), await documents.get('head')], [['head', 'old'], { n: 1 }]);
    t.equal(await documents.batch(change, { id: 'head', value: { n: 1 } }), true);
    t.strictSame([await documents.ids(), await documents.get('head')], [['head', 'x'], 2]);
    t.equal(await documents.batch([{ put: 'y', value: 1 }], { id: 'x', value: 1 }), true, 'another one');
    t.equal(await documents.batch([{ put: 'new', value: 1 }], { id: 'new', value: undefined }), true, 'none');
    t.equal(await documents.batch([{ put: 'new', value: 2 }], { id: 'new', value: undefined }), false);
    t.equal(await documents.batch([], { id: 'new', value: 1 }), true, 'a question alone');
    await documents.put('text', new JsonText('{ "äß": "\u00e4" }'));
    const text = new JsonText('{ "äß": "\u00e4" }');
    t.equal(await documents.batch([{ delete: 'text' }], { id: 'text', value: text }), true, 'as its text');
    await t.rejects(documents.batch([], { id: '\ud800', value: 1 }), /id: expected well-formed/);
    await t.rejects(documents.batch([], { id: 'x', value: 1n }), /value of "x"/);
    t.strictSame(await documents.ids(), ['head', 'new', 'x', 'y']);
  });

  t.test('of batches on the same condition, at the same time, one is made', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, i) => {
        const onlyIf = { id: 'head', value: i < 10 ? undefined : i < 20 ? 1 : 2 };
        return documents.batch(
          [
            { put: `${i}`, value: i },
            { put: 'head', value: (onlyIf.value ?? 0) + 1 },
          ],
          onlyIf,
        );
      }),
    );
    t.strictSame(
      made.flatMap((one, i) => (one ? [i] : [])),
      [0, 10, 20],
    );
    t.strictSame(await documents.ids(), ['0', '10', '20', 'head']);
  });

  t.test('text that is JSON already is stored as it is', async (t) => {
    const folder = t.testdir({});
    const documents = (await open(t, folder)).collection<unknown>('a');
    await documents.put('x', new JsonText('{ "b": -0, "a": 1e400,\n "\\u0061b": [ "}", "\\"]" ] }'));
    await documents.batch([{ put: 'y', value: new JsonText(' [1,2]') }]);
    t.strictSame(await documents.get('x'), { b: -0, a: Number.POSITIVE_INFINITY, ab: ['}', '"]'] });
    t.strictSame(await documents.get('y'), [1, 2]);
    await documents.put('z', { inside: new JsonText('[1]') });
    t.strictSame(await documents.get('z'), { inside: [1] });
  });

  t.test('members called like those of objects are members like others', async (t) => {
    const documents = (await open(t)).collection<unknown>('a');
    await documents.put('__proto__', new JsonText('{"__proto__":{"polluted":true}}'));
    t.equal(JSON.stringify(await documents.get('__proto__')), '{"__proto__":{"polluted":true}}');
    t.equal(await documents.get('constructor'), undefined);
    t.equal('polluted' in {}, false);
  });

  t.test('values of 5 MB', async (t) => {
    const documents = (await open(t)).collection<string>('a');
    const large = 'äx'.repeat(1_700_000);
    await Promise.all([documents.put('x', large), documents.put('y', new JsonText(JSON.stringify(large)))]);
    t.ok((await documents.get('x')) === large);
    t.ok((await documents.get('y')) === large);
  });
}
