import { test } from 'tap';
import { contexts, HEAD, type Json, MemoryGraph, OTHER_ROOT, startPool } from './runtime-helpers.ts';

test('what a walker makes is reported, journaled, and found by the next run', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
export const make = walker().entry(Root, (w, here) => {
  const a = A({ val: 3 });
  const b = B({});
  const follows = here.connect(a, Follows({ since: '2026' }));
  here.connect(b);
  b.connect(a);
  w.report([follows, follows.from === here, follows.to === a]);
  w.report({ nested: [a, { b }] });
  w.report(here.out().map((node) => node.id) .length);
});
export const look = walker().entry(Root, (w, here) => {
  w.report(here.out());
  w.report(here.out(A).map((a) => a.val));
  w.report(here.out(undefined, Follows).length);
  w.report(here.in().length);
  w.report(here.out(B)[0].out(A)[0] === here.out(A)[0]);
  w.report(here.out(A)[0].in(Root)[0] === here);
  w.report(here.out(A)[0].both().length);
  w.report(here.edges(Follows).map((one) => one.since));
  w.report([A.is(here), Root.is(here), AnyNode.is(here), AnyNode.is({ id: here.id })]);
});`,
  });
  const made = await run(built, 'make', graph);
  const [[follows, ...ends], nested, count] = made.values;
  t.match(follows.id, /^e:Follows:[0-9a-f]{24}$/);
  t.same([follows.context, ...ends], [{ since: '2026' }, true, true]);
  t.match(nested.nested[0].id, /^n:A:[0-9a-f]{24}$/);
  t.same(contexts([nested.nested[0], nested.nested[1].b]), [{ val: 3 }, { tags: [] }]);
  t.equal(count, 2);

  const { values } = await run(built, 'look', graph);
  t.same(contexts(values[0]), [{ val: 3 }, { tags: [] }]);
  t.same(values.slice(1), [[3], 1, 0, true, true, 2, ['2026'], [false, true, true, false]]);
});

test('changes, nested ones too, are journaled once and only when there are any', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
export const make = walker().entry(Root, (w, here) => { here.connect(B()); here.connect(A(), Follows()); });
export const read = walker().entry(Root, (w, here) => { w.report(here.out()); here.edges(Follows); });
export const change = walker().entry(Root, (w, here) => {
  here.out(B)[0].tags.push('x');
  here.out(A)[0].val += 1;
  here.edges(Follows)[0].since = 'now';
});
export const wrong = walker().entry(Root, (w, here) => { here.out(A)[0].val = 'text'; });
export const forget = walker().entry(Root, (w, here) => {
  const [a] = here.out(A);
  w.report([here.disconnect(B), here.disconnect(B), here.disconnect(a), here.out().length]);
  destroy(a);
  destroy(a);
  const brief = A();
  here.connect(brief);
  destroy(brief);
  w.report([here.out().length, ref(a.id), ref(here.id) === here]);
});`,
  });
  await run(built, 'make', graph);
  const read = await run(built, 'read', graph);
  t.notOk('journal' in read, 'reading changes nothing');
  const changed: Json = await run(built, 'change', graph);
  t.same(Object.values(changed.journal.fields), [{ tags: ['x'] }, { val: 1 }, { since: 'now' }]);
  t.equal(changed.cost.writes, 3);
  const wrong = await run(built, 'wrong', graph);
  t.match(wrong, { ok: false, code: 'error', message: 'TypeError: A.val: Input should be a valid integer' });
  const forgot: Json = await run(built, 'forget', graph);
  t.same(forgot.values, [
    [true, false, true, 0],
    [0, null, true],
  ]);
  t.same(forgot.journal.deleted.length, 3, 'two edges and a node');
  t.same([forgot.journal.nodes, forgot.journal.edges], [[], []], 'what came and went is not stored');
  t.equal(graph.edges.length, 0);
});

test('access: granted and revoked in the journal, CONNECT needed on both ends of an edge', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
export const make = walker().entry(Root, (w, here) => { const a = A(); here.connect(a); a.grant('READ'); w.report(a); });
export const let_in = walker({ has: { a: Type.String() } }).entry(Root, (w) => {
  const a = ref(w.a, A);
  a.grant('CONNECT', '${OTHER_ROOT}');
  a.revoke();
});
export const join = walker({ has: { a: Type.String() } }).entry(Root, (w, here) => { here.connect(ref(w.a)); });`,
  });
  const made: Json = await run(built, 'make', graph);
  const { id } = made.values[0];
  t.same(made.journal.nodes[0].access, { all: 'READ', roots: {} });
  const asOther = { root: OTHER_ROOT, node: OTHER_ROOT, fields: { a: id } };
  t.match(await run(built, 'join', graph, asOther), {
    ok: false,
    message: `connect(): no CONNECT access to node ${id}`,
  });
  const granted: Json = await run(built, 'let_in', graph, { fields: { a: id } });
  t.same(granted.journal.access, { [id]: { all: 'NO_ACCESS', roots: { [OTHER_ROOT]: 'CONNECT' } } });
  t.ok((await run(built, 'join', graph, asOther)).ok);
});
