import { test } from 'tap';
import type { Change, Store } from '../../../core/store/port.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import type { GraphLimits } from '../../../plugins/walkers/graph/transaction.ts';
import {
  ALICE,
  change,
  contents,
  counting,
  Draft,
  fieldsOf,
  flaws,
  LIMITS,
  memoryStore,
  newId,
  readLinks,
  readNodes,
} from './graph-kit.ts';

const PRIVATE = { all: 'NO_ACCESS', roots: {} };

function commit(graph: Graph, journal: unknown, limits: Partial<GraphLimits> = {}): Promise<unknown> {
  return graph.begin(ALICE, { ...LIMITS, ...limits }).commit(journal);
}

test('a run stores what it created, changed and deleted', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const { a, b, ab } = await change(graph, ALICE, (draft) => {
    const a = draft.child('A', { n: 1, deep: { list: [1, 'two', null] } });
    const b = draft.child('B', { n: 1 });
    return { a, b, ab: draft.edge(a, b, 'Knows', { since: 1 }) };
  });
  t.strictSame(await readNodes(graph, ALICE, [b, a]), [
    { id: b, type: 'B', root: ALICE, fields: { n: 1 }, access: PRIVATE },
    {
      id: a,
      type: 'A',
      root: ALICE,
      fields: { n: 1, deep: { list: [1, 'two', null] } },
      access: PRIVATE,
    },
  ]);
  await change(graph, ALICE, (draft) => {
    draft.fields[a] = { n: 2 };
    draft.fields[ab] = { since: 2 };
    draft.access[a] = { all: 'READ', roots: {} };
  });
  const [link] = await readLinks(graph, ALICE, { node: b, direction: 'in', other: 'A' });
  t.strictSame(link, {
    edge: { id: ab, type: 'Knows', from: a, to: b, fields: { since: 2 } },
    node: { id: a, type: 'A', root: ALICE, fields: { n: 2 }, access: { all: 'READ', roots: {} } },
  });
  await change(graph, ALICE, (draft) => draft.deleted.push(ab));
  t.strictSame(await readLinks(graph, ALICE, { node: a }), []);
  t.strictSame(await readLinks(graph, ALICE, { node: b, direction: 'in', other: 'A' }), []);
  t.strictSame(flaws(await contents(store)), []);
});

test('fields come back as they were, whatever they are called and hold', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const text =
    '{"__proto__":{"x":1},"constructor":1,"":"\\ud800","é":"\\u0000","n":-0.5e-7,"bytes":0,"root":1}';
  const node = await change(graph, ALICE, (draft) => draft.node('A', JSON.parse(text)));
  t.equal(JSON.stringify(await fieldsOf(graph, ALICE, node)), JSON.stringify(JSON.parse(text)));
});

test('destroying a node leaves nothing of it and its edges', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const { a, b } = await change(graph, ALICE, (draft) => ({ a: draft.child('A'), b: draft.child('B') }));
  const before = await contents(store);
  const { node, edge } = await change(graph, ALICE, (draft) => {
    const node = draft.child('Gone', { n: 1 });
    const edge = draft.edge(node, a, 'Knows', { n: 1 });
    draft.edge(b, node);
    draft.edge(node, node);
    draft.edge(node, a);
    return { node, edge };
  });
  await change(graph, ALICE, (draft) => {
    draft.fields[edge] = { n: 2 }; // goes with its node all the same
    draft.deleted.push(node);
  });
  const after = await contents(store);
  before.delete('order');
  after.delete('order');
  t.strictSame(after, before);
  await change(graph, ALICE, (draft) => draft.deleted.push(node, edge));
  t.equal((await contents(store)).size, after.size + 1, 'deleting again does nothing');
});

test('an edge and a node of it may be deleted in one run', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const [node, edge] = await change(graph, ALICE, (draft) => {
    const node = draft.node('A');
    return [node, draft.edge(ALICE, node)];
  });
  await change(graph, ALICE, (draft) => draft.deleted.push(edge, node));
  t.strictSame([...(await contents(store)).keys()], ['order']);
});

test('a run that changed nothing writes nothing', async (t) => {
  const counted = counting(await memoryStore(t));
  const graph = new Graph(counted.store);
  t.equal(await commit(graph, undefined), 'stored');
  t.equal(await commit(graph, new Draft(ALICE)), 'stored');
  await change(graph, ALICE, (draft) => {
    draft.fields[newId('n', 'A')] = { n: 1 };
    draft.deleted.push(newId('n', 'A'), newId('e', 'Edge'));
  });
  t.strictSame(counted.batches, []);
});

test('a run that changes too much ends with an error, and stores nothing', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const hub = await change(graph, ALICE, (draft) => {
    const hub = draft.node('Hub');
    for (let i = 0; i < 20; i++) draft.edge(hub, draft.node('A'));
    return hub;
  });
  const before = await contents(store);
  const large = new Draft(ALICE);
  large.node('A', { text: 'x'.repeat(990) });
  large.edge(hub, hub, 'Knows', { text: 'é'.repeat(500) });
  large.fields[hub] = { text: 'é'.repeat(500) };
  const many = new Draft(ALICE);
  for (let i = 0; i < 6; i++) many.child('A');
  const destroy = new Draft(ALICE);
  destroy.deleted.push(hub);

  const refused: [string, unknown, Partial<GraphLimits>, string][] = [
    ['changes', many, { writes: 11 }, 'a run may make 11 changes, this one made 12'],
    [
      'edges that go with a node',
      destroy,
      { writes: 20 },
      `${hub} has more edges than a run may delete; disconnect some first`,
    ],
    ['a node', { ...large, edges: [], fields: {} }, { recordBytes: 1_000 }, '/nodes/0 has 1049 bytes, '],
    ['an edge', { ...large, nodes: [], fields: {} }, { recordBytes: 1_000 }, '/edges/0 has '],
    ['fields', { ...large, nodes: [], edges: [] }, { recordBytes: 1_000 }, `/fields/${hub} has 1059 bytes, `],
  ];
  for (const [what, journal, limits, message] of refused) {
    await t.rejects(commit(graph, journal, limits), { code: 'limit_exceeded', message }, what);
  }
  t.strictSame(await contents(store), before);
  t.equal(await commit(graph, many, { writes: 12 }), 'stored');
  t.equal(await commit(graph, destroy, { writes: 21 }), 'stored');
  t.strictSame(flaws(await contents(store)), []);
});

/** A store whose next batch can be read at once, but becomes durable, or is taken back, only when it is told. */
function holding(inner: Store) {
  const written = Promise.withResolvers<void>();
  const durable = Promise.withResolvers<void>();
  durable.promise.catch(() => {});
  const collection = <T>(name: string) => {
    const documents = inner.collection<T>(name);
    const batch = async (changes: readonly Change<T>[]) => {
      const ids = changes.map((change) => ('put' in change ? change.put : change.delete));
      const before = await Promise.all(ids.map(async (id) => [id, await documents.get(id)] as const));
      await documents.batch(changes);
      written.resolve();
      try {
        await durable.promise;
      } catch (error) {
        await documents.batch(
          before.map(([id, value]) => (value === undefined ? { delete: id } : { put: id, value })),
        );
        throw error;
      }
      return true;
    };
    return { ...documents, batch };
  };
  return { store: { ...inner, collection }, written: written.promise, durable };
}

for (const fails of [false, true]) {
  test(`a change that is not durable yet and ${fails ? 'never will be' : 'then is'}`, async (t) => {
    const inner = await memoryStore(t);
    const a = await change(new Graph(inner), ALICE, (draft) => draft.child('A', { n: 1 }));
    const before = await contents(inner);
    const { store, written, durable } = holding(inner);
    const graph = new Graph(store);
    const events: unknown[] = [];
    const draft = new Draft(ALICE);
    draft.fields[a] = { n: 2 };
    const writer = commit(graph, draft).then(
      (outcome) => events.push(outcome),
      (error) => events.push(error.message),
    );
    await written;
    const reader = graph.begin(ALICE, LIMITS);
    const [node] = await reader.nodes([a]);
    t.strictSame(node?.fields, { n: 2 }, 'another run sees it');
    const reading = reader.commit(undefined).then((outcome) => events.push(`reader: ${outcome}`));
    if (fails) durable.reject(new Error('the disk is full'));
    else durable.resolve();
    await Promise.all([writer, reading]);
    t.strictSame(
      events,
      fails ? ['the disk is full', 'reader: conflict'] : ['stored', 'reader: stored'],
      'which ends after it, with what became of it',
    );
    if (fails) t.strictSame(await contents(inner), before);
  });
}
