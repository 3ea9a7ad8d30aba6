/** Ids of documents: which there may be, and how they are listed. */
import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Test } from 'tap';
import type { IdRange } from '../../core/store/port.ts';
import type { OpenStore } from './store.ts';

/** Ids that are easily mistaken, and any others: well-formed text. */
const oddId = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '',
    'a',
    'a\0',
    'a\0a',
    'A',
    'ä',
    'a\u0308',
    '%',
    '_',
    "'",
  ),
  fc.constantFrom(
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
    '\u{10ffff}\u{10ffff}',
    '😀',
    '😀b',
    '..',
    'a/b',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

export async function idTests(t: Test, open: OpenStore): Promise<void> {
  t.test('ids that have no UTF-8 form, are too long or no text, and bad limits, are refused', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    for (const bad of ['\ud800', 'a\udc00', 'x'.repeat(1_025)]) {
      await t.rejects(documents.get(bad), /id: expected well-formed text/);
      await t.rejects(documents.put(bad, 1), /id: expected/);
      await t.rejects(
        documents.update(bad, () => 1),
        /id: expected/,
      );
      await t.rejects(documents.delete(bad), /id: expected/);
      await t.rejects(documents.ids({ prefix: bad }), /prefix: expected/);
      await t.rejects(documents.ids({ after: bad }), /after: expected/);
    }
    for (const limit of [-1, 1.5, Number.NaN]) await t.rejects(documents.ids({ limit }), /limit: expected/);
    const longest = 'ä'.repeat(1_024);
    await documents.put(longest, 1);
    t.strictSame(await documents.ids({ prefix: longest.slice(1) }), [longest]);
  });

  t.test('ids are listed in the order of their UTF-8 bytes, whatever they and the range are', async (t) => {
    const store = await open(t);
    const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const change = fc.record({ id: oddId, put: fc.boolean() });
    const range = fc.record({ prefix: oddId, after: oddId, limit: fc.nat({ max: 5 }) }, { requiredKeys: [] });
    let run = 0;
    const property = fc.asyncProperty(
      fc.array(change),
      fc.array(range, { minLength: 3 }),
      async (changes, ranges) => {
        run++;
        const documents = store.collection<number>(`run-${run}`);
        const model = new Map<string, number>();
        const writes = changes.map(({ id, put }, i) => {
          if (put) model.set(id, i);
          else model.delete(id);
          return put ? documents.put(id, i) : documents.delete(id);
        });
        await Promise.all(writes);
        const expected = ({ prefix = '', after, limit }: IdRange) =>
          [...model.keys()]
            .filter((id) => id.startsWith(prefix) && (after === undefined || bytewise(id, after) > 0))
            .sort(bytewise)
            .slice(0, limit);
        for (const one of [{}, ...ranges]) deepEqual(await documents.ids(one), expected(one));
        for (const [id, value] of model) deepEqual(await documents.get(id), value);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  t.test('paging visits every id once', async (t) => {
    const documents = (await open(t)).collection<number>('a');
    const all = Array.from({ length: 2_500 }, (_, i) => `device/${String(i).padStart(5, '0')}`);
    await documents.batch([
      { put: 'before', value: 0 },
      { put: 'z', value: 0 },
    ]);
    await documents.batch(all.map((id) => ({ put: id, value: 1 })));
    const seen: string[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: string[] = await documents.ids({ prefix: 'device/', after, limit: 700 });
      seen.push(...page);
      after = page.at(-1);
    }
    t.strictSame(seen, all);
    t.strictSame(await documents.ids({ prefix: 'device/' }), all, 'so does one long list');
  });
}
