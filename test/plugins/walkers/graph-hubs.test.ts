import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { Change, Condition, Store } from '../../../core/store/port.ts';
import { Conflict } from '../../../plugins/walkers/graph/errors.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import {
  ALICE,
  change,
  contents,
  fieldsOf,
  flaws,
  increment,
  LIMITS,
  memoryStore,
  readLinks,
  setting,
} from './graph-kit.ts';

/** Graphs of three hubs on one store. */
async function threeHubs() {
  const store = (await sharedStore()).open();
  return { store, here: new Graph(store), there: new Graph(store), third: new Graph(store) };
}

/** A counter under Alice's root. */
function counter(graph: Graph): Promise<string> {
  return change(graph, ALICE, (draft) => draft.child('C', { n: 0 }));
}

function add(graph: Graph, id: string): Promise<unknown> {
  return graph.run(ALICE, LIMITS, async (transaction) => {
    const journal = await increment(transaction, id);
    journal.child('D', journal.fields[id]);
    return { journal, result: journal.fields[id]?.n };
  });
}

test('runs on three hubs lose nothing, and connections are in the order of their commits', async (t) => {
  const { store, here, there, third } = await threeHubs();
  const id = await counter(here);
  const counts = await Promise.all(
    Array.from({ length: 8 }, () => [here, there, third]).flatMap((hubs) => hubs.map((hub) => add(hub, id))),
  );
  const all = Array.from({ length: 24 }, (_, i) => i + 1);
  t.strictSame(
    counts.sort((a, b) => Number(a) - Number(b)),
    all,
    'every run saw another count',
  );
  const children = await readLinks(there, ALICE, { node: ALICE, other: 'D' });
  t.strictSame(
    children.map(({ node }) => node.fields.n),
    all,
  );
  t.strictSame(flaws(await contents(store)), []);
});

test('a run is repeated when another hub has changed what it read', async (t) => {
  const { here, there } = await threeHubs();
  const [a, b] = await change(here, ALICE, (draft) => [draft.node('C', { n: 5 }), draft.node('C', { n: 5 })]);
  const [one, two, three, unconcerned] = [here, there, there, there].map((hub) => hub.begin(ALICE, LIMITS));
  await one?.nodes([a]);
  await two?.nodes([b]);
  await three?.nodes([b]);
  await unconcerned?.nodes([a]);
  t.equal(await one?.commit(setting(b, 0)), 'stored');
  t.equal(await two?.commit(setting(a, 0)), 'conflict', 'one of two that each write what the other one read');
  t.equal(await three?.commit(undefined), 'conflict', 'one that only read');
  t.equal(await unconcerned?.commit(setting(a, 1)), 'stored', 'not one that read something else');

  const half = there.begin(ALICE, LIMITS);
  await half.nodes([a]);
  await change(here, ALICE, (draft) => Object.assign(draft.fields, { [a]: { n: 7 }, [b]: { n: 3 } }));
  await t.rejects(half.nodes([b]), Conflict, 'it never sees a part of what another hub changed');
  t.ok(half.refused);
});

test('runs that end together share a commit only if none has read what another one writes', async (t) => {
  const { here, there } = await threeHubs();
  const [a, b, c, d] = await change(there, ALICE, (draft) =>
    ['a', 'b', 'c', 'd'].map(() => draft.node('C', { n: 1 })),
  );
  const begin = async (read = '') => {
    const transaction = here.begin(ALICE, LIMITS);
    await transaction.nodes([read]);
    return transaction;
  };
  const [first, one, two, three] = [await begin(c), await begin(a), await begin(b), await begin(d)];
  // The first commit is on its way when the others come.
  const outcomes = [
    first.commit(setting(c ?? '', 0)),
    one.commit(setting(b ?? '', 0)),
    two.commit(setting(a ?? '', 0)),
  ];
  t.strictSame(await Promise.all([...outcomes, three.commit(setting(d ?? '', 0))]), [
    'stored',
    'stored',
    'conflict',
    'stored',
  ]);
});

test('a run that only read is not taken in by a store that answers out of order', async (t) => {
  const { store, there } = await threeHubs();
  const [a, b] = await change(there, ALICE, (draft) => [
    draft.node('C', { n: 5 }),
    draft.node('C', { n: 5 }),
  ]);
  const late = Promise.withResolvers<void>();
  const collection = <T>(name: string) => {
    const documents = store.collection<T>(name);
    const get = async (id: string) => {
      if (id === b) await late.promise;
      return documents.get(id);
    };
    return { ...documents, get };
  };
  const transaction = new Graph({ ...store, collection }).begin(ALICE, LIMITS);
  await transaction.nodes([a]);
  const reading = transaction.nodes([b]);
  await change(there, ALICE, (draft) => Object.assign(draft.fields, { [a]: { n: 7 }, [b]: { n: 3 } }));
  late.resolve();
  t.strictSame((await reading)[0]?.fields, { n: 3 });
  t.equal(await transaction.commit(undefined), 'conflict');
});

/** Hubs that ended while they stood in line. @param ms what each of them said. */
async function standInLine(store: Store, ...ms: readonly number[]): Promise<void> {
  const line = ms.map((ms, index) => ({ id: `dead ${index}`, ms, keys: null }));
  await store.collection('graph').put('claim', { line });
}

for (const [dead, how] of [
  [[], ''],
  [[1, 1, 1], ', after those in line before it that are dead'],
] as const) {
  test(`a run that other hubs are always faster than gets its turn${how}`, async (t) => {
    const { store, here, there, third } = await threeHubs();
    const id = await counter(here);
    let isDone = false;
    const others = [there, third].map(async (hub) => {
      while (!isDone) await add(hub, id);
    });
    const attempts = await here.run(ALICE, LIMITS, async (transaction, before) => {
      const journal = await increment(transaction, id);
      // Time in which the others would be done several times.
      for (let turn = 0; turn < 100; turn++) await nextTurn();
      if (before === 2 && dead.length > 0) await standInLine(store, ...dead);
      return { journal, result: before + 1 };
    });
    isDone = true;
    await Promise.all(others);
    t.ok(attempts > 3 && attempts < 20, `${attempts} attempts`);
  });
}

test('a hub that ended with a claim holds the others up for as long as it said', async (t) => {
  const { store, here, there } = await threeHubs();
  const id = await counter(here);
  await standInLine(store, 50);
  await add(here, id); // learns of it
  const start = performance.now();
  await add(here, id);
  t.ok(performance.now() - start > 25);
  await add(there, id);
  t.strictSame(await fieldsOf(here, ALICE, id), { n: 3 });
});

for (const [how, lose] of [
  [
    'changed more than is kept of it',
    async (store: Store) => {
      for (const key of (await contents(store)).keys()) {
        if (key.startsWith('commit ')) await store.collection('graph').delete(key);
      }
    },
  ],
  [
    'lost what it had',
    async (store: Store, before: ReadonlyMap<string, unknown>) => {
      const graph = store.collection<unknown>('graph');
      await graph.batch((await graph.ids()).map((id) => ({ delete: id })));
      await graph.batch([...before].map(([put, value]) => ({ put, value })));
      await change(new Graph(store), ALICE, (draft) => draft.child('E'));
      await change(new Graph(store), ALICE, (draft) => draft.child('E'));
    },
  ],
] as const) {
  test(`runs that are open when the store has ${how} are repeated`, async (t) => {
    const { store, here, there } = await threeHubs();
    const id = await counter(here);
    await add(there, id);
    const before = await contents(store);
    await add(there, id);
    const open = here.begin(ALICE, LIMITS);
    await open.nodes([id]);
    await change(there, ALICE, (draft) => draft.child('E'));
    await lose(store, before);
    t.equal(await open.commit(setting(id, 9)), 'conflict');
    const last = Number((await fieldsOf(here, ALICE, id))?.n);
    await Promise.all([add(here, id), add(there, id)]);
    t.strictSame(await fieldsOf(here, ALICE, id), { n: last + 2 });
    t.strictSame(flaws(await contents(store)), []);
  });
}

/** A store whose next commit fails. @param made whether it is there nevertheless. */
function failing(inner: Store, made: boolean): { readonly store: Store; fails: boolean } {
  const collection = <T>(name: string) => {
    const documents = inner.collection<T>(name);
    const batch = async (changes: readonly Change<T>[], onlyIf?: Condition<T>) => {
      if (!failing.fails) return documents.batch(changes, onlyIf);
      failing.fails = false;
      if (made) await documents.batch(changes, onlyIf);
      throw new Error('the store is away');
    };
    return { ...documents, batch };
  };
  const failing = { store: { ...inner, collection }, fails: false };
  return failing;
}

for (const made of [true, false]) {
  test(`a commit without an answer that was ${made ? '' : 'not '}made fails, and the hub goes on`, async (t) => {
    const { store, there } = await threeHubs();
    const id = await counter(there);
    const away = failing(store, made);
    const here = new Graph(away.store);
    await add(here, id);
    const open = here.begin(ALICE, LIMITS);
    await open.nodes([id]);
    away.fails = true;
    await t.rejects(add(here, id), /the store is away/);
    t.equal(await open.commit(setting(id, 7)), made ? 'conflict' : 'stored');
    const n = made ? 2 : 7;
    t.strictSame(await fieldsOf(there, ALICE, id), { n });
    await Promise.all([add(here, id), add(there, id)]);
    t.strictSame(await fieldsOf(there, ALICE, id), { n: n + 2 });
    t.strictSame(flaws(await contents(store)), []);
  });
}

test('a graph goes from a store of one hub to one of several, and back', async (t: Test) => {
  const own = await memoryStore(t);
  const shared: Store = { ...own, isShared: true };
  const id = await counter(new Graph(own));
  for (const store of [own, shared, own, shared, shared]) await add(new Graph(store), id);
  const children = await readLinks(new Graph(own), ALICE, { node: ALICE, other: 'D' });
  t.strictSame(
    children.map(({ node }) => node.fields.n),
    [1, 2, 3, 4, 5],
    'numbers of connections ascend',
  );
});
