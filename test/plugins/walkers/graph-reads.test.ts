import { test } from 'tap';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { PUBLIC_ROOT } from '../../../plugins/walkers/graph/records.ts';
import type { GraphLimits, LinksQuery, Transaction } from '../../../plugins/walkers/graph/transaction.ts';
import {
  ALICE,
  BOB,
  change,
  contents,
  counting,
  LIMITS,
  memoryStore,
  newId,
  readLinks,
  readNodes,
  sqliteStore,
} from './graph-kit.ts';

const ALL: Omit<LinksQuery, 'node'> = { direction: 'out', edge: null, other: null };
const PRIVATE = { all: 'NO_ACCESS', roots: {} };

function read<R>(graph: Graph, limits: Partial<GraphLimits>, work: (tx: Transaction) => Promise<R>) {
  return graph.run(ALICE, { ...LIMITS, ...limits }, async (tx) => ({
    journal: undefined,
    result: await work(tx),
  }));
}

test('a root is there for its own runs before anything is stored, and for nobody else', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  for (const root of [ALICE, PUBLIC_ROOT]) {
    const own = { id: root, type: '', root, fields: {}, access: PRIVATE };
    t.strictSame(await readNodes(graph, root, [root, BOB]), [own, null]);
    t.strictSame(await readLinks(graph, root, { node: root, direction: 'both' }), []);
  }
  t.equal((await contents(store)).size, 0, 'reading stores nothing');

  await change(graph, ALICE, (draft) => {
    draft.fields[ALICE] = { name: 'Alice' };
  });
  t.strictSame((await readNodes(graph, ALICE, [ALICE]))[0]?.fields, { name: 'Alice' });
});

test('what is no id, or that of an edge or of nothing, is answered with null', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const edge = await change(graph, ALICE, (draft) => draft.edge(ALICE, draft.node('A')));
  const ids = [
    '',
    'x',
    edge,
    'order',
    'n:A:123',
    'n:A b:000000000000000000000001',
    newId('n', 'A'),
    '__proto__',
  ];
  t.strictSame(
    await readNodes(graph, ALICE, ids),
    ids.map(() => null),
  );
  for (const node of ids) t.strictSame(await readLinks(graph, ALICE, { node }), []);
});

test('a transaction acts for a root and nothing else', async (t) => {
  const graph = new Graph(await memoryStore(t));
  t.throws(() => graph.begin(newId('n', 'A'), LIMITS), {
    name: 'TypeError',
    message: /^asRoot: expected the id of a root/,
  });
  const transaction = graph.begin(ALICE, LIMITS);
  transaction.end();
  await t.rejects(transaction.nodes([ALICE]), { message: 'the transaction has ended' });
  await t.rejects(transaction.commit(undefined), { message: 'the transaction has ended' });
});

test('neighbours are filtered by direction and types, and come in order of connection', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const names = new Map<string, string>();
  const { here, self } = await change(graph, ALICE, (draft) => {
    const here = draft.node('Here');
    const named = (name: string, type: string) => {
      const id = draft.node(type, { name });
      names.set(id, name);
      return id;
    };
    draft.edge(here, named('b1', 'B'), 'Likes', { since: 1 });
    draft.edge(named('a1', 'A'), here);
    draft.edge(here, named('a2', 'A'));
    const self = draft.edge(here, here, 'Likes', { since: 2 });
    draft.edge(named('b2', 'B'), here, 'Knows');
    draft.edge(here, named('ab', 'AB'));
    draft.edge(here, named('a3', 'A'), 'Likes', { since: 3 });
    draft.edge(here, ALICE);
    names.set(here, 'here').set(ALICE, 'root');
    return { here, self };
  });
  const found = async (query: Partial<LinksQuery>) => {
    const links = await readLinks(graph, ALICE, { node: here, ...query });
    return links.map(({ node }) => names.get(node.id)).join(' ');
  };
  t.equal(await found({}), 'b1 a2 here ab a3 root');
  t.equal(await found({ direction: 'in' }), 'a1 here b2');
  t.equal(await found({ direction: 'both' }), 'b1 a1 a2 here b2 ab a3 root', 'the edge to itself once');
  t.equal(await found({ other: 'A' }), 'a2 a3', 'AB is another type');
  t.equal(await found({ edge: 'Likes' }), 'b1 here a3');
  t.equal(await found({ edge: 'Likes', other: 'A' }), 'a3');
  t.equal(await found({ direction: 'both', edge: 'Edge' }), 'a1 a2 ab root');
  t.equal(await found({ other: '' }), 'root');
  t.equal(await found({ other: '', edge: 'Edge' }), 'root');
  t.equal(await found({ edge: 'Like' }), '', 'not a prefix of a type');
  t.equal(await found({ other: 'A Likes' }), '', 'what is no type finds nothing');
  t.equal(await found({ edge: '*' }), '');

  const links = await readLinks(graph, ALICE, { node: here, direction: 'both', edge: 'Likes' });
  t.strictSame(
    links.map(({ edge }) => edge.fields),
    [{ since: 1 }, { since: 2 }, { since: 3 }],
  );
  t.strictSame(links[1]?.edge, { id: self, type: 'Likes', from: here, to: here, fields: { since: 2 } });
  const [incoming] = await readLinks(graph, ALICE, { node: here, direction: 'in', other: 'A' });
  t.equal(incoming?.edge.to, here);
  t.equal(incoming?.edge.from, incoming?.node.id);
  t.strictSame(incoming?.edge.fields, {});
});

test('two edges between the same nodes are two links', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [first, second] = await change(graph, ALICE, (draft) => {
    const a = draft.node('A');
    return [draft.edge(ALICE, a), draft.edge(ALICE, a)];
  });
  const links = await readLinks(graph, ALICE, { node: ALICE });
  t.strictSame(
    links.map(({ edge }) => edge.id),
    [first, second],
  );
});

test('a run that reads too much ends with an error that says so', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const ids = await change(graph, ALICE, (draft) =>
    Array.from({ length: 20 }, (_, i) => draft.child('A', { text: `${i}`.repeat(50) })),
  );
  const all = { node: ALICE, ...ALL };
  t.equal((await read(graph, { reads: 20 }, (tx) => tx.links(all))).length, 20);
  t.equal((await read(graph, { reads: 20 }, (tx) => tx.nodes(ids))).length, 20);
  const tooMany = {
    code: 'limit_exceeded',
    message: 'a run may read 19 nodes and links, this one wants more',
  };
  await t.rejects(
    read(graph, { reads: 19 }, (tx) => tx.links(all)),
    tooMany,
  );
  await t.rejects(
    read(graph, { reads: 19 }, (tx) => tx.nodes(ids)),
    tooMany,
  );
  await t.rejects(
    read(graph, { reads: 19 }, async (tx) => {
      for (let i = 0; i < 20; i++) await tx.links({ ...all, other: 'None' });
    }),
    tooMany,
    'a question that finds nothing counts, too',
  );
  const tooMuch = { code: 'limit_exceeded', message: 'a run may read 2000 bytes, this one wants more' };
  await t.rejects(
    read(graph, { readBytes: 2_000 }, (tx) => tx.links(all)),
    tooMuch,
  );
  await t.rejects(
    read(graph, { readBytes: 2_000 }, (tx) => tx.nodes(ids)),
    tooMuch,
  );
});

test('edges of one type are not looked for among neighbours of too many types', async (t) => {
  const graph = new Graph(await memoryStore(t));
  await change(graph, ALICE, (draft) => {
    for (let i = 0; i < 100; i++) draft.edge(ALICE, draft.node(`T${i}`), i === 70 ? 'Rare' : 'Edge');
  });
  t.equal((await readLinks(graph, ALICE, { node: ALICE, edge: 'Rare' })).length, 1);
  await change(graph, ALICE, (draft) => draft.child('OneMore'));
  await t.rejects(readLinks(graph, ALICE, { node: ALICE, edge: 'Rare' }), {
    code: 'limit_exceeded',
    message: `${ALICE} has neighbours of more than 100 types; ask for one of them`,
  });
  t.equal((await readLinks(graph, ALICE, { node: ALICE, edge: 'Rare', other: 'T70' })).length, 1);
});

test('100,000 nodes of one user: a run reads and writes what it touches', { timeout: 120_000 }, async (t) => {
  const counted = counting(sqliteStore(t));
  const graph = new Graph(counted.store);
  const nodes: string[] = [];
  for (let i = 0; i < 100; i++) {
    await change(graph, ALICE, (draft) => {
      for (let k = 0; k < 1_000; k++) {
        const rare = i === 50 && k === 500;
        const node = draft.node(rare ? 'Profile' : 'Post', { i, k });
        draft.edge(ALICE, node, rare ? 'Owns' : 'Edge');
        nodes.push(node);
      }
    });
  }
  const costOf = async (work: () => Promise<unknown>) => {
    Object.assign(counted, { gets: 0, idCalls: 0, ids: 0, batches: [] });
    await work();
    const { gets, idCalls, ids, batches } = counted;
    return { gets, idCalls, ids, changes: batches.map((batch) => batch.length) };
  };
  const byNode = await costOf(async () => {
    const [link, ...more] = await readLinks(graph, ALICE, { node: ALICE, other: 'Profile' });
    t.strictSame(link?.node.fields, { i: 50, k: 500 });
    t.equal(more.length, 0);
  });
  t.strictSame(byNode, { gets: 3, idCalls: 1, ids: 1, changes: [] }, 'one neighbour by its type');

  const byEdge = await costOf(() => readLinks(graph, ALICE, { node: ALICE, edge: 'Owns' }));
  t.strictSame(byEdge, { gets: 3, idCalls: 5, ids: 3, changes: [] }, 'one neighbour by the type of its edge');

  const backwards = await costOf(() => readLinks(graph, ALICE, { node: nodes[7] ?? '', direction: 'in' }));
  t.strictSame(backwards, { gets: 2, idCalls: 1, ids: 1, changes: [] }, 'from a node to its root');

  const connect = await costOf(() => change(graph, ALICE, (draft) => draft.child('Post', { last: true })));
  t.strictSame(connect, { gets: 3, idCalls: 0, ids: 0, changes: [4] }, 'one more');

  const disconnect = await costOf(() => change(graph, ALICE, (draft) => draft.deleted.push(nodes[9] ?? '')));
  t.strictSame(disconnect, { gets: 1, idCalls: 2, ids: 1, changes: [4] }, 'one less');

  const tooMany = await costOf(async () => {
    await t.rejects(readLinks(graph, ALICE, { node: ALICE, other: 'Post' }), { code: 'limit_exceeded' });
  });
  t.strictSame(tooMany, { gets: 1, idCalls: 1, ids: LIMITS.reads + 1, changes: [] }, 'all of them at once');

  // A visit of 1,000 nodes is one question, also where the store reads in its thread.
  for (const size of [1_000, 2_500]) {
    const hub = await change(graph, ALICE, (draft) => {
      const hub = draft.node('Hub');
      for (const node of nodes.slice(100, 100 + size)) draft.edge(hub, node);
      return hub;
    });
    const visit = await costOf(async () => {
      const links = await readLinks(graph, ALICE, { node: hub });
      t.strictSame(
        links.map(({ node }) => node.id),
        nodes.slice(100, 100 + size),
      );
    });
    t.strictSame(visit, { gets: size + 1, idCalls: 1, ids: size, changes: [] }, `a visit of ${size} nodes`);
  }
});

test('the event loop goes on while a run reads much', async (t) => {
  const graph = new Graph(sqliteStore(t));
  const hub = await change(graph, ALICE, (draft) => {
    const hub = draft.child('Hub');
    for (let i = 0; i < 1_000; i++) draft.edge(hub, draft.node('A'));
    return hub;
  });
  let turns = 0;
  const count = () => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await readLinks(graph, ALICE, { node: hub });
  t.ok(turns >= 9, `${turns} turns`);
  turns = 0;
  await graph.run(ALICE, LIMITS, async (transaction) => {
    for (const { node } of await transaction.links({ ...ALL, node: hub })) {
      await transaction.links({ ...ALL, node: node.id });
    }
    return { journal: undefined, result: undefined };
  });
  t.ok(turns >= 19, `${turns} turns, one question after the other`);
  clearImmediate(timer);
});

test('everything is there after a restart, and what is connected then comes last', async (t) => {
  const folder = t.testdir({});
  const before = sqliteStore(t, folder);
  const first = await change(new Graph(before), ALICE, (draft) => draft.child('A', { n: 1 }));
  await before.close();
  const graph = new Graph(sqliteStore(t, folder));
  const second = await change(graph, ALICE, (draft) => draft.child('A', { n: 2 }));
  const links = await readLinks(graph, ALICE, { node: ALICE });
  t.strictSame(
    links.map(({ node }) => node.id),
    [first, second],
  );
});
