import { test } from 'tap';
import { type Access, allows, LEVELS, type Level } from '../../../plugins/walkers/graph/access.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { PUBLIC_ROOT } from '../../../plugins/walkers/graph/records.ts';
import {
  ALICE,
  BOB,
  change,
  contents,
  fieldsOf,
  flaws,
  memoryStore,
  newId,
  readLinks,
  readNodes,
} from './graph-kit.ts';

const CAROL = 'n::0000000000000000000ca201';

/** Ways in which a node of Alice's gives Bob a level. */
const GRANTS: readonly [string, (level: Level) => Access][] = [
  ['granted to everybody', (level) => ({ all: level, roots: {} })],
  ['granted to the root', (level) => ({ all: 'NO_ACCESS', roots: { [BOB]: level } })],
  [
    'granted to the root, everybody may more',
    (level) => ({ all: 'WRITE', roots: { [BOB]: level, [CAROL]: 'WRITE' } }),
  ],
];

for (const [how, accessFor] of GRANTS) {
  for (const level of LEVELS) {
    const may = (needed: Level) => allows(level, needed);

    test(`${level} ${how}: what another user may do with a node`, async (t) => {
      const store = await memoryStore(t);
      const graph = new Graph(store);
      const own = await change(graph, BOB, (draft) => draft.node('B', { n: 1 }, { all: 'CONNECT' }));
      const { x, edge } = await change(graph, ALICE, (draft) => {
        const x = draft.child('A', { n: 1 }, accessFor(level));
        return { x, edge: draft.edge(own, x, 'Knows', { n: 1 }) };
      });

      const [seen] = await readNodes(graph, BOB, [x]);
      t.equal(seen !== null, may('READ'), 'it is seen');
      const [link] = await readLinks(graph, BOB, { node: own });
      t.equal(link?.node.id, may('READ') ? x : undefined, 'it is walked onto');
      t.equal((await readLinks(graph, BOB, { node: x, direction: 'in' })).length > 0, may('READ'));

      await change(graph, BOB, (draft) => {
        draft.fields[x] = { n: 2 };
        draft.fields[own] = { n: 2 };
      });
      t.strictSame(await fieldsOf(graph, ALICE, x), { n: may('WRITE') ? 2 : 1 }, 'changed with WRITE');
      t.strictSame(await fieldsOf(graph, BOB, own), { n: 2 }, 'the rest of such a run is stored');

      for (const direction of ['out', 'in'] as const) {
        const made = change(graph, BOB, (draft) => {
          const node = draft.node('B');
          if (direction === 'out') draft.edge(node, x);
          else draft.edge(x, node);
          draft.fields[own] = { n: 3 };
          return node;
        });
        if (may('CONNECT')) {
          const links = await readLinks(graph, BOB, { node: await made, direction });
          t.equal(links[0]?.node.id, x, `connected ${direction}`);
        } else {
          await t.rejects(made, {
            code: 'forbidden',
            statusCode: 403,
            message: `an edge to or from ${x} needs the access level CONNECT on it`,
          });
          t.strictSame(await fieldsOf(graph, BOB, own), { n: 2 }, 'nothing of such a run is stored');
        }
      }

      await change(graph, BOB, (draft) => {
        draft.access[x] = { all: 'WRITE', roots: { [BOB]: 'WRITE' } };
      });
      const [after] = await readNodes(graph, ALICE, [x]);
      t.strictSame(
        after?.access,
        may('WRITE') ? { all: 'WRITE', roots: { [BOB]: 'WRITE' } } : accessFor(level),
        'granted with WRITE',
      );

      // The edge has an end at Bob's node.
      await change(graph, BOB, (draft) => {
        draft.fields[edge] = { n: 2 };
      });
      const [again] = await readLinks(graph, ALICE, { node: x, direction: 'in', edge: 'Knows' });
      t.strictSame(again?.edge.fields, { n: 2 });

      await change(graph, BOB, (draft) => draft.deleted.push(x));
      t.equal((await readNodes(graph, ALICE, [x]))[0] === null, may('WRITE'), 'destroyed with WRITE');
      t.strictSame(flaws(await contents(store)), []);
    });
  }
}

test('a level that is granted, changed and revoked counts from the next run on', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const x = await change(graph, ALICE, (draft) => draft.child('A'));
  const grant = (access: Access) =>
    change(graph, ALICE, (draft) => {
      draft.access[x] = access;
    });
  const seen = async () => (await readNodes(graph, BOB, [x]))[0]?.access;
  t.equal(await seen(), undefined);
  await grant({ all: 'READ', roots: {} });
  t.strictSame(await seen(), { all: 'READ', roots: {} });
  await grant({ all: 'READ', roots: { [BOB]: 'NO_ACCESS' } });
  t.equal(await seen(), undefined);
  await grant({ all: 'NO_ACCESS', roots: { [BOB]: 'CONNECT', [CAROL]: 'WRITE' } });
  t.strictSame(
    await seen(),
    { all: 'NO_ACCESS', roots: { [BOB]: 'CONNECT' } },
    'what others were granted is not told',
  );
  await grant({ all: 'NO_ACCESS', roots: { [BOB]: 'WRITE', [CAROL]: 'WRITE' } });
  t.strictSame(await seen(), { all: 'NO_ACCESS', roots: { [BOB]: 'WRITE', [CAROL]: 'WRITE' } });
  await grant({ all: 'NO_ACCESS', roots: {} });
  t.equal(await seen(), undefined);
});

test('a level that is revoked while a run is under way does not count any more', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const x = await change(graph, ALICE, (draft) => draft.child('A', { n: 1 }, { all: 'WRITE' }));
  let attempts = 0;
  await graph.run(
    BOB,
    { reads: 10, readBytes: 1_000, writes: 10, recordBytes: 1_000 },
    async (transaction) => {
      const [seen] = await transaction.nodes([x]);
      if (attempts++ === 0) {
        t.not(seen, null);
        await change(graph, ALICE, (draft) => {
          draft.access[x] = { all: 'NO_ACCESS', roots: {} };
        });
      } else {
        t.equal(seen, null);
      }
      const journal = { nodes: [], edges: [], fields: { [x]: { n: 2 } }, deleted: [], access: {} };
      return { journal, result: undefined };
    },
  );
  t.equal(attempts, 2);
  t.strictSame(await fieldsOf(graph, ALICE, x), { n: 1 });
});

test('an edge is removed or changed by whoever has WRITE on one of its ends, and nobody else', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const a = await change(graph, ALICE, (draft) => draft.child('A', {}, { all: 'CONNECT' }));
  const other = await change(graph, ALICE, (draft) => draft.child('A', {}, { all: 'CONNECT' }));
  const { b, mine, theirs } = await change(graph, BOB, (draft) => {
    const b = draft.child('B', {}, { all: 'CONNECT' });
    return { b, mine: draft.edge(b, a, 'Knows', { n: 1 }), theirs: draft.edge(a, other, 'Knows', { n: 1 }) };
  });
  const knows = async (node: string) => {
    const links = await readLinks(graph, BOB, { node, edge: 'Knows' });
    return links.map(({ edge }) => edge);
  };
  await change(graph, CAROL, (draft) => {
    draft.fields[mine] = { n: 2 };
    draft.deleted.push(theirs);
  });
  await change(graph, BOB, (draft) => {
    draft.deleted.push(theirs);
  });
  t.strictSame(await knows(b), [{ id: mine, type: 'Knows', from: b, to: a, fields: { n: 1 } }]);
  t.strictSame(await knows(a), [{ id: theirs, type: 'Knows', from: a, to: other, fields: { n: 1 } }]);

  await change(graph, ALICE, (draft) => {
    draft.fields[theirs] = { n: 2 };
    draft.deleted.push(mine);
  });
  t.strictSame(await knows(b), []);
  t.strictSame((await knows(a))[0]?.fields, { n: 2 });
  t.strictSame(flaws(await contents(store)), []);
});

test('a node belongs to the root whose run made it, wherever it hangs', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const a = await change(graph, ALICE, (draft) => draft.child('A', {}, { all: 'CONNECT' }));
  const b = await change(graph, BOB, (draft) => {
    const b = draft.node('B');
    draft.edge(a, b);
    return b;
  });
  t.equal((await readNodes(graph, BOB, [b]))[0]?.root, BOB);
  t.strictSame(
    await readLinks(graph, ALICE, { node: a }),
    [],
    "Alice's own edge leads to what she may not see",
  );
  t.equal((await readLinks(graph, BOB, { node: a })).length, 1);
});

test('destroying a node takes the edges to nodes of others with it, whoever made them', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const a = await change(graph, ALICE, (draft) => draft.child('A', {}, { all: 'CONNECT' }));
  const b = await change(graph, BOB, (draft) => {
    const b = draft.child('B', { to: a });
    draft.edge(b, a);
    draft.edge(a, b, 'Knows', { n: 1 });
    return b;
  });
  t.equal((await readLinks(graph, BOB, { node: b, direction: 'both' })).length, 3);
  await change(graph, ALICE, (draft) => draft.deleted.push(a));
  t.strictSame(
    (await readLinks(graph, BOB, { node: b, direction: 'both' })).map(({ node }) => node.id),
    [BOB],
  );
  t.strictSame(await readNodes(graph, BOB, [a]), [null], 'the reference that is left leads nowhere');
  t.strictSame(flaws(await contents(store)), []);
});

test('the public root is that of everybody who is not logged in, and of nobody who is', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const [open, closed] = await change(graph, PUBLIC_ROOT, (draft) => [
    draft.child('A', { n: 1 }, { all: 'READ' }),
    draft.child('A', { n: 1 }),
  ]);
  await change(graph, PUBLIC_ROOT, (draft) => {
    draft.fields[closed] = { n: 2 };
  });
  t.strictSame(await fieldsOf(graph, PUBLIC_ROOT, closed), { n: 2 }, 'another guest changed it');
  t.strictSame(
    (await readNodes(graph, ALICE, [PUBLIC_ROOT, open, closed])).map((node) => node?.id),
    [undefined, open, undefined],
  );
  const everybody = await change(graph, ALICE, (draft) => draft.child('A', { n: 1 }, { all: 'READ' }));
  t.strictSame(await fieldsOf(graph, PUBLIC_ROOT, everybody), { n: 1 }, 'everybody includes guests');
  const loggedIn = await change(graph, ALICE, (draft) =>
    draft.child('A', { n: 1 }, { all: 'READ', roots: { [PUBLIC_ROOT]: 'NO_ACCESS' } }),
  );
  t.equal(await fieldsOf(graph, PUBLIC_ROOT, loggedIn), undefined);
});

test("a root's own fields and access work like those of any node", async (t) => {
  const graph = new Graph(await memoryStore(t));
  const shared = await change(graph, ALICE, (draft) => {
    draft.access[ALICE] = { all: 'NO_ACCESS', roots: { [BOB]: 'CONNECT' } };
    return draft.child('A', {}, { all: 'READ' });
  });
  t.strictSame(
    (await readLinks(graph, BOB, { node: ALICE })).map(({ node }) => node.id),
    [shared],
  );
  await change(graph, BOB, (draft) => draft.edge(ALICE, draft.node('B')));
  await change(graph, BOB, (draft) => {
    draft.fields[ALICE] = { mine: true };
  });
  t.strictSame(await fieldsOf(graph, ALICE, ALICE), {});
  t.strictSame(await readLinks(graph, CAROL, { node: ALICE }), []);
});

test('what is not there and what may not be seen cannot be told apart', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const hidden = await change(graph, ALICE, (draft) => draft.child('A'));
  const failures: unknown[] = [];
  for (const id of [hidden, newId('n', 'A'), CAROL]) {
    t.strictSame(await readNodes(graph, BOB, [id]), [null]);
    t.strictSame(await readLinks(graph, BOB, { node: id, direction: 'both' }), []);
    await change(graph, BOB, (draft) => {
      draft.fields[id] = { n: 2 };
      draft.access[id] = { all: 'WRITE', roots: {} };
    });
    const connecting = change(graph, BOB, (draft) => draft.edge(BOB, id));
    failures.push(await connecting.catch((error) => error.message.replace(id, 'ID')));
  }
  t.equal(new Set(failures).size, 1, String(failures[0]));
  t.strictSame(await readNodes(graph, ALICE, [CAROL]), [null], 'no root came to be');
});
