/** What the store promises about calls at the same time, of one hub and of several. */
import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import type { Store } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import { ownPrefix, REDIS_URL, withRedis } from './service.ts';

async function openStore(t: Test, prefix: string): Promise<Store> {
  const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, createLog('silent'));
  await link.open();
  const store = redisStore(link, new Keys(prefix), { waitMs: 0, waiting: 0 });
  t.teardown(() => store.close());
  return store;
}

type Step =
  | { readonly kind: 'get' | 'delete' | 'increment' | 'remove' | 'fail'; readonly id: string }
  | { readonly kind: 'put'; readonly id: string; readonly value: number }
  | {
      readonly kind: 'batch';
      readonly put: string;
      readonly gone: string;
      readonly value: number;
      readonly onlyIf: { readonly id: string; readonly value: number | undefined } | undefined;
    }
  | { readonly kind: 'ids' };

const mistake = new Error('mistake');

/** What a step does, in Redis. */
async function run(documents: ReturnType<Store['collection']>, step: Step): Promise<unknown> {
  switch (step.kind) {
    case 'get':
      return documents.get(step.id);
    case 'put':
      return documents.put(step.id, step.value);
    case 'delete':
      return documents.delete(step.id);
    case 'increment':
      return documents.update(step.id, (n) => Number(n ?? 0) + 1);
    case 'remove':
      return documents.update(step.id, () => undefined);
    case 'fail':
      return documents
        .update(step.id, () => {
          throw mistake;
        })
        .catch((error) => error);
    case 'batch':
      return documents.batch([{ put: step.put, value: step.value }, { delete: step.gone }], step.onlyIf);
    case 'ids':
      return documents.ids();
  }
}

/** What it should give, by a map. */
function expected(model: Map<string, number>, step: Step): unknown {
  switch (step.kind) {
    case 'get':
      return model.get(step.id);
    case 'put':
      return void model.set(step.id, step.value);
    case 'delete':
      return model.delete(step.id);
    case 'increment':
      return model.set(step.id, (model.get(step.id) ?? 0) + 1).get(step.id);
    case 'remove':
      return void model.delete(step.id);
    case 'fail':
      return mistake;
    case 'batch':
      if (step.onlyIf !== undefined && model.get(step.onlyIf.id) !== step.onlyIf.value) return false;
      model.set(step.put, step.value);
      model.delete(step.gone);
      return true;
    case 'ids':
      return [...model.keys()].sort();
  }
}

await withRedis(() => {
  test('calls of one turn, whatever they are, have the results of calls one after the other', async (t) => {
    const store = await openStore(t, ownPrefix(t));
    const id = fc.constantFrom('a', 'b', 'c');
    const value = fc.nat({ max: 9 });
    const present = fc.option(fc.nat({ max: 3 }), { nil: undefined });
    const onlyIf = fc.option(fc.record({ id, value: present }), { nil: undefined });
    const single = fc.constantFrom('get', 'delete', 'increment', 'increment', 'remove', 'fail');
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: single as fc.Arbitrary<'get'>, id }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('put' as const), id, value }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('ids' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('batch' as const), put: id, gone: id, value, onlyIf }),
      },
    );
    let n = 0;
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const documents = store.collection(`run-${n++}`);
      const model = new Map<string, number>();
      const results = await Promise.all(steps.map((one) => run(documents, one)));
      deepEqual(
        results,
        steps.map((one) => expected(model, one)),
      );
    });
    await fc.assert(property, { numRuns: 200 });
  });

  test('updates of one document by several hubs all count', async (t) => {
    const prefix = ownPrefix(t);
    const stores = [await openStore(t, prefix), await openStore(t, prefix), await openStore(t, prefix)];
    const counts = await Promise.all(
      stores.map(async (store) => {
        const counter = store.collection<number>('counter');
        const seen: (number | undefined)[] = [];
        for (let i = 0; i < 40; i++) {
          const some = Array.from({ length: 5 }, () => counter.update('n', (count = 0) => count + 1));
          seen.push(...(await Promise.all(some)));
        }
        return seen;
      }),
    );
    const all = counts.flat().sort((a, b) => Number(a) - Number(b));
    t.strictSame(
      all,
      Array.from({ length: 600 }, (_, i) => i + 1),
      'no count was given twice',
    );
    t.equal(await stores[0]?.collection('counter').get('n'), 600);
  });

  test('entries that several hubs append to one log are numbered without gaps', async (t) => {
    const prefix = ownPrefix(t);
    const stores = [await openStore(t, prefix), await openStore(t, prefix)];
    const numbers = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 100 }, (_, i) => store.log('l').append('k', i))),
    );
    t.strictSame(
      numbers.sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  test('one change of an update may be asked for several times, each time with what is there then', async (t) => {
    const prefix = ownPrefix(t);
    const [mine, other] = [await openStore(t, prefix), await openStore(t, prefix)];
    const documents = mine.collection<string[]>('d');
    const seen: unknown[] = [];
    let rival: Promise<void> | undefined;
    const updating = documents.update('x', (present) => {
      seen.push(present);
      // Leaves before this update is written, in the same turn.
      rival ??= other.collection<string[]>('d').put('x', ['rival']);
      return [...(present ?? []), 'mine'];
    });
    const result = await updating;
    await rival;
    t.ok(seen.length >= 1 && seen.length <= 2);
    t.strictSame(await documents.get('x'), seen.length === 2 ? ['rival', 'mine'] : ['rival']);
    t.strictSame(result, seen.length === 2 ? ['rival', 'mine'] : ['mine']);
  });

  test('what is damaged in Redis is named', async (t) => {
    const prefix = ownPrefix(t);
    const store = await openStore(t, prefix);
    const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, createLog('silent'));
    await link.open();
    t.teardown(() => link.close());
    const [key] = new Keys(prefix).collection('d');
    await link.send(key, ['HSET', key, 'x', '{"half']);
    const message = 'Redis: document "x" of d is not valid JSON in the store';
    await t.rejects(store.collection('d').get('x'), { message });
    await t.rejects(
      store.collection('d').update('x', () => 1),
      { message },
    );
  });
});
