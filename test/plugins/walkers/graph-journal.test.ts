import fc from 'fast-check';
import { test } from 'tap';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { ALICE, BOB, change, contents, fieldsOf, flaws, LIMITS, memoryStore, newId } from './graph-kit.ts';

const PRIVATE = { all: 'NO_ACCESS', roots: {} };

function commit(graph: Graph, journal: unknown): Promise<unknown> {
  return graph.begin(ALICE, LIMITS).commit(journal);
}

test('a journal that no sound child sends is refused whole, and the field is named', async (t) => {
  const store = await memoryStore(t);
  const graph = new Graph(store);
  const { mine, edge } = await change(graph, ALICE, (draft) => {
    const mine = draft.node('A');
    return { mine, edge: draft.edge(ALICE, mine) };
  });
  const theirs = await change(graph, BOB, (draft) => draft.node('A', { theirs: true }));
  const before = await contents(store);

  const id = newId('n', 'A');
  const other = newId('n', 'A');
  const node = { id, type: 'A', root: ALICE, fields: {}, access: PRIVATE };
  const link = { id: newId('e', 'Edge'), type: 'Edge', from: id, to: mine, fields: {} };
  const good = { nodes: [node], edges: [link], fields: { [mine]: { n: 1 } }, deleted: [other], access: {} };
  let deep: unknown = 0;
  for (let i = 0; i < 100_000; i++) deep = [deep];

  const forged: [unknown, RegExp][] = [
    [null, /^journal: it must be object/],
    ['', /^journal: it must be object/],
    [[], /^journal: it must be object/],
    [{ ...good, access: undefined }, /'access'/],
    [{ ...good, extra: 1 }, /unknown property "extra"/],
    [{ ...good, nodes: {} }, /\/nodes must be array/],
    [{ ...good, nodes: [null] }, /\/nodes\/0 must be object/],
    [{ ...good, nodes: [{ ...node, id: 'n:A:1' }] }, /\/nodes\/0\/id must match pattern/],
    [{ ...good, nodes: [{ ...node, id: 'n:A B:000000000000000000000001' }] }, /\/nodes\/0\/id must match/],
    [{ ...good, nodes: [{ ...node, id: `${id}\n` }] }, /\/nodes\/0\/id must match/],
    [{ ...good, nodes: [{ ...node, type: 'B' }] }, /\/nodes\/0\/type must be that of /],
    [{ ...good, nodes: [{ ...node, id: BOB, type: '' }] }, /\/nodes\/0\/type must match/],
    [{ ...good, nodes: [{ ...node, root: BOB }] }, /\/nodes\/0\/root must be n::0+a11c, found n::0+b0b/],
    [{ ...good, nodes: [{ ...node, root: id }] }, /\/nodes\/0\/root must match/],
    [{ ...good, nodes: [{ ...node, fields: [] }] }, /\/nodes\/0\/fields must be object/],
    [{ ...good, nodes: [{ ...node, fields: { deep } }] }, /\/nodes\/0 is nested too deeply/],
    [{ ...good, nodes: [{ ...node, bytes: 1 }] }, /\/nodes\/0 has an unknown property "bytes"/],
    [
      { ...good, nodes: [{ ...node, access: { all: 'ROOT', roots: {} } }] },
      /\/nodes\/0\/access\/all must be one of/,
    ],
    [
      { ...good, nodes: [{ ...node, access: { all: 'READ', roots: { x: 'READ' } } }] },
      /\/nodes\/0\/access\/roots/,
    ],
    [
      { ...good, nodes: [{ ...node, access: { all: 'READ', roots: { [BOB]: 1 } } }] },
      /\/roots\/n::0+b0b must be/,
    ],
    [{ ...good, nodes: [node, node] }, /\/nodes\/1\/id is .*, which is in \/nodes\/0\/id already/],
    [{ ...good, nodes: [{ ...node, id: theirs }] }, /\/nodes\/0\/id is that of something that is there/],
    [{ ...good, edges: [{ ...link, id: edge }] }, /\/edges\/0\/id is that of something that is there/],
    [{ ...good, edges: [{ ...link, id }] }, /\/edges\/0\/id must match/],
    [{ ...good, edges: [{ ...link, type: 'Knows' }] }, /\/edges\/0\/type must be that of /],
    [{ ...good, edges: [{ ...link, from: 'x y' }] }, /\/edges\/0\/from must match/],
    [{ ...good, edges: [{ ...link, to: edge }] }, /\/edges\/0\/to must match/],
    [{ ...good, edges: [{ ...link, to: other }] }, /\/edges\/0\/to is .*, which is in \/deleted\/0 already/],
    [{ ...good, edges: [{ ...link, fields: { n: 1 } }] }, /\/edges\/0\/fields must be empty/],
    [{ ...good, edges: [{ ...link, order: 1 }] }, /\/edges\/0 has an unknown property "order"/],
    [{ ...good, fields: { order: {} } }, /\/fields /],
    [{ ...good, fields: JSON.parse('{"__proto__":{}}') }, /\/fields /],
    [{ ...good, fields: { [mine]: 1 } }, /\/fields\/n:A:[0-9a-f]+ must be object/],
    [{ ...good, fields: { [id]: {} } }, /\/fields has n:A:[0-9a-f]+, which is in \/nodes\/0\/id already/],
    [{ ...good, fields: { [other]: {} } }, /\/fields has n:A:[0-9a-f]+, which is in \/deleted\/0 already/],
    [{ ...good, fields: { [edge]: { n: 1 } } }, /\/fields\/e:Edge:[0-9a-f]+ must be empty/],
    [{ ...good, deleted: ['order'] }, /\/deleted\/0 must match/],
    [{ ...good, deleted: [`l ${mine} in  Edge`] }, /\/deleted\/0 must match/],
    [{ ...good, deleted: [ALICE] }, /\/deleted\/0 is n::0+a11c, and a root cannot be destroyed/],
    [{ ...good, deleted: [other, other] }, /\/deleted\/1 is n:A:[0-9a-f]+, which is in \/deleted\/0 already/],
    [{ ...good, deleted: [id] }, /\/deleted\/0 is n:A:[0-9a-f]+, which is in \/nodes\/0\/id already/],
    [{ ...good, access: { [edge]: PRIVATE } }, /\/access /],
    [
      { ...good, access: { [mine]: { all: 'READ' } } },
      /\/access\/n:A:[0-9a-f]+ must have required property 'roots'/,
    ],
    [
      { ...good, access: { [id]: PRIVATE } },
      /\/access has n:A:[0-9a-f]+, which is in \/nodes\/0\/id already/,
    ],
  ];
  for (const [journal, message] of forged) {
    await t.rejects(commit(graph, journal), { code: 'invalid_journal', statusCode: 500, message });
  }
  t.strictSame(await contents(store), before, 'none of it was stored');
  t.equal(await commit(graph, good), 'stored', 'and without the mistake it is');
  t.strictSame(flaws(await contents(store)), []);
});

test('a node grants to a bounded number of roots', async (t) => {
  const graph = new Graph(await memoryStore(t));
  const roots = Array.from(
    { length: 1_001 },
    (_, i) => [`n::${String(i).padStart(24, '0')}`, 'READ'] as const,
  );
  const granting = (count: number) =>
    change(graph, ALICE, (draft) =>
      draft.node('A', {}, { roots: Object.fromEntries(roots.slice(0, count)) }),
    );
  await granting(1_000);
  await t.rejects(granting(1_001), {
    code: 'invalid_journal',
    message: /\/nodes\/0\/access\/roots must NOT have more than 1000/,
  });
});

test('whatever a child sends, what is stored fits together and what others own stays', async (t) => {
  /** Mostly what it should be. */
  const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.oneof(
      { weight: 40, arbitrary },
      fc.constantFrom('order', '__proto__', 'l n:A: in', '', null, BOB, []),
    );
  const known = (kind: string, types: string[]) =>
    fc
      .tuple(fc.constantFrom(...types), fc.nat(4))
      .map(([type, n]) => `${kind}:${type}:${String(n).padStart(24, '0')}`);
  const nodeId = known('n', ['A', 'B']);
  const edgeId = known('e', ['Edge', 'Knows']);
  const end = fc.oneof({ weight: 4, arbitrary: nodeId }, fc.constantFrom(ALICE, BOB));
  const fields = fc.dictionary(fc.constantFrom('n', '__proto__', 'root'), fc.jsonValue({ maxDepth: 1 }));
  const access = mostly(
    fc.record({ all: fc.constantFrom('READ', 'WRITE'), roots: fc.dictionary(end, fc.constant('READ')) }),
  );
  const typed = <T extends { id: unknown }>(record: T) => ({
    ...record,
    type: String(record.id).split(':')[1] ?? '',
  });
  const node = fc.record({ id: mostly(nodeId), root: mostly(fc.constant(ALICE)), fields, access }).map(typed);
  const edge = fc
    .record({ id: mostly(edgeId), from: mostly(end), to: mostly(end), fields })
    .map((edge) => typed({ ...edge, fields: String(edge.id).startsWith('e:Edge') ? {} : edge.fields }));
  const list = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 2 });
  const few = <T>(keys: fc.Arbitrary<string>, values: fc.Arbitrary<T>) =>
    fc.dictionary(keys, values, { maxKeys: 1 });
  const journal = fc.record({
    nodes: list(node),
    edges: list(edge),
    fields: few(fc.oneof(nodeId, edgeId), mostly(fields)),
    deleted: list(mostly(fc.oneof(nodeId, edgeId))),
    access: few(nodeId, access),
  });
  let stored = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mostly(journal), { minLength: 1, maxLength: 20 }), async (journals) => {
      const store = await memoryStore(t);
      const graph = new Graph(store);
      const theirs = await change(graph, BOB, (draft) => draft.child('A', { n: 1 }, { all: 'CONNECT' }));
      for (const journal of journals) {
        const before = await contents(store);
        try {
          await commit(graph, JSON.parse(JSON.stringify(journal)));
          stored++;
        } catch (error) {
          if (!(error instanceof Error && 'code' in error)) throw error;
          const after = await contents(store);
          t.strictSame([...after.keys()], [...before.keys()]);
        }
      }
      t.strictSame(flaws(await contents(store)), []);
      t.strictSame(await fieldsOf(graph, BOB, theirs), { n: 1 });
    }),
    { numRuns: 300 },
  );
  t.ok(stored > 50, `${stored} journals were good ones`);
});
