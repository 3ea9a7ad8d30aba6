import { test } from 'tap';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { ALICE, change, fieldsOf, increment, LIMITS, memoryStore, setting } from './graph-kit.ts';

test('after 3 conflicts younger runs wait until a run is done', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.child('C', { n: 0 }));
  const events: string[] = [];
  const younger: Promise<void>[] = [];
  const add = async () => {
    await graph.run(ALICE, LIMITS, async (transaction) => ({
      journal: await increment(transaction, a),
      result: undefined,
    }));
    events.push('younger');
  };
  const result = await graph.run(ALICE, LIMITS, async (transaction, before) => {
    const journal = await increment(transaction, a);
    if (before < 3) await add();
    else younger.push(add(), add());
    // A run that has nothing to do with it does not wait.
    await change(graph, ALICE, (draft) => draft.child('D'));
    events.push(`attempt ${before}`);
    return { journal, result: journal.fields[a] };
  });
  events.push('done');
  await Promise.all(younger);
  t.strictSame(result, { n: 4 });
  t.strictSame(await fieldsOf(graph, ALICE, a), { n: 6 });
  t.strictSame(events, [
    ...['younger', 'attempt 0', 'younger', 'attempt 1', 'younger', 'attempt 2'],
    ...['attempt 3', 'done', 'younger', 'younger'],
  ]);
});

test('an older run does not wait for a younger one, however often that has met conflicts', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.child('C', { n: 0 }));
  const older = Array.from({ length: 10 }, () => graph.begin(ALICE, LIMITS));
  let attempts = 0;
  await graph.run(ALICE, LIMITS, async (transaction) => {
    attempts++;
    const journal = await increment(transaction, a);
    const next = older.pop();
    if (next !== undefined) t.equal(await next.commit(await increment(next, a)), 'stored');
    return { journal, result: undefined };
  });
  t.equal(attempts, 11);
  t.strictSame(await fieldsOf(graph, ALICE, a), { n: 11 });
});

test('runs that others wait for do not wait for each other in a circle', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [a, b] = await change(graph, ALICE, (draft) => [
    draft.node('C', { n: 0 }),
    draft.node('C', { n: 0 }),
  ]);
  const ready = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const run = (own: string, others: string, i: number) =>
    graph.run(ALICE, LIMITS, async (transaction, before) => {
      await transaction.nodes([own]);
      if (before < 3) {
        await graph.begin(ALICE, LIMITS).commit(setting(own, before));
      } else {
        ready[i]?.resolve();
        await Promise.all(ready.map(({ promise }) => promise)); // both have read what the other one will write
      }
      return { journal: setting(others, 10 + i), result: before };
    });
  const attempts = await Promise.all([run(a, b, 0), run(b, a, 1)]);
  t.strictSame(attempts, [3, 4], 'the older one first');
});
