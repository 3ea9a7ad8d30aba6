import { test } from 'tap';
import { HubError } from '../../../core/index.ts';
import { Conflict } from '../../../plugins/walkers/graph/errors.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import type { LinksQuery } from '../../../plugins/walkers/graph/transaction.ts';
import {
  ALICE,
  change,
  contents,
  Draft,
  fieldsOf,
  flaws,
  increment,
  LIMITS,
  memoryStore,
  newId,
  readLinks,
  readNodes,
  setting,
  sqliteStore,
} from './graph-kit.ts';

for (const [name, open] of [
  ['memory', memoryStore],
  ['sqlite', sqliteStore],
] as const) {
  test(`runs that write at the same time lose nothing (${name})`, async (t) => {
    const store = await open(t);
    const graph = new Graph(store);
    const counters = await change(graph, ALICE, (draft) => [
      draft.child('C', { n: 0 }),
      draft.child('C', { n: 0 }),
    ]);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    let attempts = 0;
    const run = (i: number) =>
      graph.run(ALICE, LIMITS, async (transaction) => {
        attempts++;
        const id = counters[i % 2] ?? '';
        const journal = await increment(transaction, id);
        for (let k = 0; k < i % 3; k++) await turn();
        journal.child('D', { i });
        return { journal, result: journal.fields[id]?.n };
      });
    const results = await Promise.all(Array.from({ length: 60 }, (_, i) => run(i)));
    t.ok(attempts > 60, `${attempts} attempts`);
    for (const [i, id] of counters.entries()) {
      t.strictSame(await fieldsOf(graph, ALICE, id), { n: 30 });
      const counted = results.filter((_, k) => k % 2 === i).sort((a, b) => Number(a) - Number(b));
      t.strictSame(
        counted,
        Array.from({ length: 30 }, (_, k) => k + 1),
        'every run saw another count',
      );
    }
    t.equal((await readLinks(graph, ALICE, { node: ALICE, other: 'D' })).length, 60);
    t.strictSame(flaws(await contents(store)), []);
  });
}

test('of two runs that each write what the other one has read, the second is repeated', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [a, b] = await change(graph, ALICE, (draft) => [
    draft.node('C', { n: 1 }),
    draft.node('C', { n: 1 }),
  ]);
  const [one, two] = [graph.begin(ALICE, LIMITS), graph.begin(ALICE, LIMITS)];
  await one.nodes([a]);
  await two.nodes([b]);
  t.equal(await one.commit(setting(b, 0)), 'stored');
  t.equal(await two.commit(setting(a, 0)), 'conflict');
  t.ok(two.refused);
  t.strictSame(await fieldsOf(graph, ALICE, a), { n: 1 });
});

test('a run never sees a part of what another one changed', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [a, b] = await change(graph, ALICE, (draft) => [
    draft.node('C', { n: 5 }),
    draft.node('C', { n: 5 }),
  ]);
  const transaction = graph.begin(ALICE, LIMITS);
  t.strictSame((await transaction.nodes([a]))[0]?.fields, { n: 5 });
  await change(graph, ALICE, (draft) => {
    draft.fields[a] = { n: 0 };
    draft.fields[b] = { n: 10 };
  });
  t.notOk(transaction.refused);
  await t.rejects(transaction.nodes([b]), Conflict);
  t.ok(transaction.refused);
  t.equal(await transaction.commit(undefined), 'conflict');

  const other = graph.begin(ALICE, LIMITS);
  await other.nodes([a]);
  await change(graph, ALICE, (draft) => draft.edge(a, b));
  t.strictSame((await other.nodes([b]))[0]?.fields, { n: 10 }, 'what it has read is as it was');
  t.equal(await other.commit(undefined), 'stored');
});

test('a run that only read is repeated, too, when what it read is no longer so', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.node('C', { n: 1 }));
  const seen = await graph.run(ALICE, LIMITS, async (transaction, before) => {
    const [node] = await transaction.nodes([a]);
    if (before === 0) await graph.begin(ALICE, LIMITS).commit(setting(a, 2));
    return { journal: undefined, result: node?.fields.n };
  });
  t.equal(seen, 2);
});

test('neighbours that come and go are noticed by those who looked for such, and by nobody else', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [here, there] = await change(graph, ALICE, (draft) => [draft.node('Here'), draft.node('There')]);
  const questions: [boolean, Partial<LinksQuery>][] = [
    [true, {}],
    [true, { direction: 'both' }],
    [true, { edge: 'Likes' }],
    [true, { other: 'There' }],
    [true, { edge: 'Likes', other: 'There' }],
    [true, { node: there, direction: 'in' }],
    [true, { node: there, direction: 'in', edge: 'Likes', other: 'Here' }],
    [false, { direction: 'in' }],
    [false, { edge: 'Like' }],
    [false, { other: 'Here' }],
    [false, { edge: 'Knows', other: 'There' }],
    [false, { edge: 'Likes', other: 'Ther' }],
    [false, { node: there }],
    [false, { node: ALICE }],
  ];
  for (const [concerned, question] of questions) {
    const ask = async () => {
      const transaction = graph.begin(ALICE, LIMITS);
      await transaction.links({ node: here, direction: 'out', edge: null, other: null, ...question });
      return transaction;
    };
    const outcome = concerned ? 'conflict' : 'stored';
    const says = JSON.stringify(question);
    const before = await ask();
    const edge = await change(graph, ALICE, (draft) => draft.edge(here, there, 'Likes'));
    t.equal(await before.commit(undefined), outcome, `connected: ${says}`);
    const between = await ask();
    await change(graph, ALICE, (draft) => draft.deleted.push(edge));
    t.equal(await between.commit(undefined), outcome, `disconnected: ${says}`);
  }
  const fields = await change(graph, ALICE, (draft) => draft.edge(here, there, 'Likes', { n: 1 }));
  const reader = graph.begin(ALICE, LIMITS);
  await reader.links({ node: here, direction: 'out', edge: null, other: null });
  await change(graph, ALICE, (draft) => {
    draft.fields[fields] = { n: 2 };
  });
  t.equal(await reader.commit(undefined), 'conflict', 'fields of an edge');
});

test('runs that only connect something to the same node do not disturb each other', async (t) => {
  const graph = new Graph(await memoryStore(t));
  let attempts = 0;
  const connect = (i: number) =>
    graph.run(ALICE, LIMITS, async (transaction) => {
      attempts++;
      await transaction.nodes([ALICE]);
      const journal = new Draft(ALICE);
      journal.child('A', { i });
      return { journal, result: undefined };
    });
  await Promise.all(Array.from({ length: 50 }, (_, i) => connect(i)));
  t.equal(attempts, 50);
  const links = await readLinks(graph, ALICE, { node: ALICE });
  t.strictSame(
    links.map(({ node }) => node.fields.i),
    Array.from({ length: 50 }, (_, i) => i),
    'in the order of their commits',
  );
});

test('what a run found missing and is there now makes it repeat', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const id = newId('n', 'A');
  const transaction = graph.begin(ALICE, LIMITS);
  t.strictSame(await transaction.nodes([id]), [null]);
  await change(graph, ALICE, (draft) => draft.node('A', {}, {}, id));
  t.equal(await transaction.commit(undefined), 'conflict');
});

test('nothing is connected to a node that is being destroyed', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  for (const destroyFirst of [true, false]) {
    const node = await change(graph, ALICE, (draft) => draft.child('A'));
    const [destroy, connect] = [new Draft(ALICE), new Draft(ALICE)];
    destroy.deleted.push(node);
    connect.edge(ALICE, node);
    const [first, second] = [graph.begin(ALICE, LIMITS), graph.begin(ALICE, LIMITS)];
    for (const transaction of [first, second]) await transaction.nodes([node]);
    t.equal(await first.commit(destroyFirst ? destroy : connect), 'stored');
    t.equal(await second.commit(destroyFirst ? connect : destroy), destroyFirst ? 'conflict' : 'stored');
    t.strictSame(flaws(await contents(store)), []);
  }
  // All commits at once, of runs that have read nothing before.
  for (let i = 0; i < 20; i++) {
    const node = await change(graph, ALICE, (draft) => draft.child('A'));
    const runs = [
      () => change(graph, ALICE, (draft) => draft.deleted.push(node)),
      () => change(graph, ALICE, (draft) => draft.edge(ALICE, node)),
      () => change(graph, ALICE, (draft) => draft.edge(node, ALICE)),
    ];
    for (let k = 0; k < i; k++) runs.push(...runs.splice(0, 1));
    for (const outcome of await Promise.allSettled(runs.map((run) => run()))) {
      if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'forbidden' });
    }
    t.strictSame(await readNodes(graph, ALICE, [node]), [null]);
    t.strictSame(flaws(await contents(store)), []);
  }
});

test('an attempt that fails is repeated if it was told of a conflict, and else not', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.node('C', { n: 0 }));
  let attempts = 0;
  const failing = (told: boolean) =>
    graph.run(ALICE, LIMITS, async (transaction, before) => {
      attempts++;
      await transaction.nodes([a]);
      if (before > 0) return { journal: undefined, result: 'done' };
      await graph.begin(ALICE, LIMITS).commit(setting(a, 1));
      // As a child that gets an error for an answer and makes one of its own of it.
      if (told) await transaction.nodes([a]).catch(() => {});
      throw new HubError('walker_failed', 'failed');
    });
  t.equal(await failing(true), 'done');
  t.equal(attempts, 2);
  await t.rejects(failing(false), { code: 'walker_failed' });
  t.equal(attempts, 3);
});

test('of too many transactions the first gets a conflict, so that forgotten ones do no harm', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.child('C', { n: 0 }));
  const open = Array.from({ length: 1_001 }, () => graph.begin(ALICE, LIMITS));
  for (const transaction of open) await transaction.nodes([a]);
  const [first, second] = open;
  if (first === undefined) return t.fail();
  await t.rejects(first.nodes([a]), Conflict);
  t.equal(await first.commit(setting(a, 1)), 'conflict');
  t.equal(await second?.commit(setting(a, 2)), 'stored');
  for (const transaction of open) transaction.end();
});
