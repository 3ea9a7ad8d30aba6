import fc from 'fast-check';
import { test } from 'tap';
import { JsonText } from '../../../core/index.ts';
import { overlayOn } from '../../../plugins/walkers/graph/overlay.ts';
import { memoryStore } from './graph-kit.ts';

const idArbitrary = fc.constantFrom('a', 'ab', 'abc', 'b', 'ba', 'ü', 'z');
const valueArbitrary = fc.record({ n: fc.integer() }, { noNullPrototype: true });
type Value = { n: number };
const entries = fc.dictionary(idArbitrary, valueArbitrary);
const step = fc.oneof(
  fc.record({ put: idArbitrary, value: valueArbitrary }),
  fc.record({ delete: idArbitrary }),
  fc.record({ update: idArbitrary, value: fc.option(valueArbitrary, { nil: undefined }) }),
);
const rangeArbitrary = fc.record(
  {
    prefix: fc.constantFrom('', 'a', 'ab', 'x'),
    after: idArbitrary,
    limit: fc.integer({ min: 0, max: 5 }),
  },
  { requiredKeys: [] },
);
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('an overlay is the collection below with what was written to it, and writes nothing there', async (t) => {
  const store = await memoryStore(t);
  const property = fc.asyncProperty(
    entries,
    fc.array(step, { maxLength: 12 }),
    fc.array(rangeArbitrary, { maxLength: 6 }),
    async (stored, steps, ranges) => {
      const below = store.collection<Value>('graph');
      await below.batch((await below.ids()).map((id) => ({ delete: id })));
      await below.batch(Object.entries(stored).map(([id, value]) => ({ put: id, value })));
      const over = overlayOn(store).collection<Value>('graph');
      const model = new Map(Object.entries(stored));
      for (const one of steps) {
        if ('put' in one) {
          await over.put(one.put, new JsonText(JSON.stringify(one.value)));
          model.set(one.put, one.value);
        } else if ('delete' in one) {
          t.equal(await over.delete(one.delete), model.delete(one.delete));
        } else {
          const { update, value } = one;
          const seen = model.get(update);
          t.strictSame(
            await over.update(update, (present) => {
              t.strictSame(present, seen);
              return value;
            }),
            value,
          );
          if (value === undefined) model.delete(update);
          else model.set(update, value);
        }
      }
      for (const { prefix = '', after = '', limit = 100 } of [{}, ...ranges]) {
        const wanted = [...model.keys()].filter((id) => id.startsWith(prefix) && byBytes(id, after) > 0);
        t.strictSame(await over.ids({ prefix, after, limit }), wanted.sort(byBytes).slice(0, limit));
      }
      for (const id of ['a', 'ab', 'ü', 'none']) t.strictSame(await over.get(id), model.get(id));
      t.strictSame(new Set(await below.ids()), new Set(Object.keys(stored)));
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test('an overlay takes only so much', async (t) => {
  const over = overlayOn(await memoryStore(t)).collection<number>('graph');
  const many = Array.from({ length: 200_000 }, (_, n) => ({ put: `k${n}`, value: n }));
  await over.batch(many);
  await t.rejects(over.put('one more', 1), { code: 'limit_exceeded' });
});
