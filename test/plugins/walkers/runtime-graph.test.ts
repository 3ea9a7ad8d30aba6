import { test } from 'tap';
import { type Json, MemoryGraph, OTHER_ROOT, ROOT, startPool } from './runtime-helpers.ts';

const HEAD = `import { walker, node, edge, Root, AnyNode, Type, socket, topics, ref, destroy, spawn } from 'hub:walker';
export const A = node('A', { val: Type.Integer({ default: 0 }) });
export const B = node('B', { tags: Type.Array(Type.String(), { default: [] }) });
export const Follows = edge('Follows', { since: Type.String({ default: 'ever' }) });
`;
const contexts = (values: readonly Json[]) => values.map((value) => value.context ?? value);

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

test('visits are breadth first in the order queued; entry abilities come before exit abilities on each node', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `${HEAD}
export const walk = walker()
  .entry(Root, (w, here) => {
    const [a, b, c] = [A({ val: 1 }), A({ val: 2 }), B({ tags: ['leaf'] })];
    here.connect(a); here.connect(b); a.connect(c); b.connect(c);
    w.report(['in root', w.visit(here.out()), w.visit([])]);
  })
  .entry(AnyNode, (w, here) => w.report(['any', here.id.split(':')[1]]))
  .entry([A, B], (w, here) => { w.report(['A or B', here]); w.visit(here.out()); })
  .exit(A, (w, here) => w.report(['left A', here.val]))
  .exit(Root, (w) => w.report('left root'));
export const stop = walker()
  .entry(Root, (w, here) => { w.visit([here, here]); w.report('first'); w.disengage(); w.report('to the end of the ability'); })
  .entry(Root, (w) => w.report('never'))
  .exit(Root, (w) => w.report('never'));
export const outer = walker().entry(Root, (w, here) => {
  const inner = spawn(stop(), here);
  w.report('goes on');
});`,
  });
  const graph = new MemoryGraph();
  const { values } = await run(built, 'walk', graph);
  t.same(
    values.map((value) => (value[1]?.context === undefined ? value : [value[0], value[1].context])),
    [
      ['in root', true, false],
      ['any', ''],
      'left root',
      ['any', 'A'],
      ['A or B', { val: 1 }],
      ['left A', 1],
      ['any', 'A'],
      ['A or B', { val: 2 }],
      ['left A', 2],
      ['any', 'B'],
      ['A or B', { tags: ['leaf'] }],
      ['any', 'B'],
      ['A or B', { tags: ['leaf'] }],
    ],
  );
  t.same((await run(built, 'stop', graph)).values, ['first', 'to the end of the ability']);
  t.same((await run(built, 'outer', graph)).values, ['first', 'to the end of the ability', 'goes on']);
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
export const grant = walker({ has: { id: Type.String() } }).entry(Root, (w) => {
  const a = ref(w.id, A);
  a.grant('CONNECT', '${OTHER_ROOT}');
  a.revoke();
});
export const join = walker({ has: { a: Type.String() } }).entry(Root, (w, here) => { here.connect(ref(w.a)); });`
      .replace('has: { id:', 'has: { a:')
      .replace('ref(w.id, A)', 'ref(w.a, A)'),
  });
  const made: Json = await run(built, 'make', graph);
  const { id } = made.values[0];
  t.same(made.journal.nodes[0].access, { all: 'READ', roots: {} });
  const asOther = { root: OTHER_ROOT, node: OTHER_ROOT, fields: { a: id } };
  t.match(await run(built, 'join', graph, asOther), {
    ok: false,
    message: `connect(): no CONNECT access to node ${id}`,
  });
  const granted: Json = await run(built, 'grant', graph, { fields: { a: id } });
  t.same(granted.journal.access, { [id]: { all: 'NO_ACCESS', roots: { [OTHER_ROOT]: 'CONNECT' } } });
  t.ok((await run(built, 'join', graph, asOther)).ok);
});

test('fields: defaults, enums by their names, every error at once', async (t) => {
  const { build, run, pool } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
const Mood = { GOOD: 1, BAD: 2 } as const;
const Person = node('Person', { mood: Type.Enum(Mood, { default: 1 }), moods: Type.Array(Type.Enum(Mood), { default: [] }) });
export const say = walker({ has: {
  text: Type.String({ minLength: 2, maxLength: 4, pattern: '^a' }),
  times: Type.Integer({ default: 1, minimum: 1, maximum: 3 }),
  mood: Type.Enum(Mood, { default: 2 }),
  where: Type.Optional(Type.Object({ x: Type.Number(), y: Type.Number({ default: 0 }) }, { additionalProperties: false })),
  any: Type.Union([Type.Null(), Type.Record(Type.String(), Type.Boolean()), Type.Literal('no')], { default: null }),
} }).entry(Root, (w, here) => {
  w.report([w.text, w.times, w.mood, w.where, w.any, 'other' in w]);
  const person = Person({ moods: ['BAD', 1] });
  w.report([person.mood, person.moods]);
  w.report(person);
});`,
  });
  const good = await run(built, 'say', graph, {
    fields: { text: 'ab', where: { x: 1 }, mood: 'GOOD', other: 1 },
  });
  t.same(good.values.slice(0, 2), [
    ['ab', 1, 1, { x: 1, y: 0 }, null, false],
    [1, [2, 1]],
  ]);
  t.same(good.values[2].context, { mood: 'GOOD', moods: ['BAD', 'GOOD'] });
  const bad = await run(built, 'say', graph, {
    fields: { times: 4, mood: 'SO SO', where: { x: 'x', z: 1 }, any: 'yes' },
  });
  t.match(bad, {
    code: 'invalid',
    errors: [
      { loc: ['text'], msg: 'Field required', type: 'missing' },
      { loc: ['times'], type: 'less_than_equal' },
      { loc: ['mood'], type: 'enum' },
      { loc: ['where', 'x'], type: 'float_type' },
      { loc: ['where', 'z'], type: 'extra_forbidden' },
      { loc: ['any'], type: 'union_error' },
    ],
  });
  const listed: Json = await pool.list(built, {
    ...good.cost,
    ...(await import('../../../plugins/walkers/runtime/limits.ts')).DEFAULT_LIMITS,
  });
  t.same(listed.walkers[0].has.required, ['text']);
  t.same(listed.walkers[0].has.properties.mood, { default: 'BAD', enum: ['GOOD', 'BAD'] });
});

test('notifications leave in order while the walker runs; log, status, body, user, client and event are there', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
export const tell = walker().entry(Root, (w, here) => {
  socket.notify_self({ progress: 1 });
  here.out();
  socket.notify_users([here.id], { progress: 2 });
  socket.notify_channels(['c'], 3);
  socket.notify_clients(['1:2'], undefined);
  topics.publish('done', [here]);
  console.log('text', { a: 1 }, 7);
  console.error(new Error('shown'));
  w.status(201);
  w.respond({ user: w.user, client: w.client, event: w.event, root: w.root });
});`,
  });
  let toldBefore = -1;
  const told: Json[] = [];
  const outcome: Json = await run(built, 'tell', graph, {
    user: { email: 'a@b.c' },
    client: { client_id: '1:2', channel_id: 'c' },
    event: { moisture: 3 },
    host: {
      notify: (to, targets, data) => void told.push([to, targets, JSON.parse(data.text)]),
      links: () => {
        toldBefore = told.length;
        return [];
      },
    },
  });
  t.equal(toldBefore, 1, 'the first one was here before the walker went on');
  t.same(told, [
    ['self', [], { progress: 1 }],
    ['users', [ROOT], { progress: 2 }],
    ['channels', ['c'], 3],
    ['clients', ['1:2'], null],
  ]);
  t.same(outcome.told, [['topic', 'done', [{ id: ROOT, context: {} }]]]);
  t.equal(outcome.log[0], 'info: text {"a":1} 7');
  t.match(outcome.log[1], /^error: Error: shown\n {4}at file:\/\/\/walkers\/a\.ts:14:17/);
  t.same(outcome.reply, {
    status: 201,
    body: {
      user: { email: 'a@b.c' },
      client: { client_id: '1:2', channel_id: 'c' },
      event: { moisture: 3 },
      root: { id: ROOT, context: {} },
    },
  });
});

test('a field that the type does not have cannot be set; one that is optional can', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `${HEAD}
const C = node('C', { note: Type.Optional(Type.String()) });
export const make = walker().entry(Root, (w, here) => { const c = C(); here.connect(c); w.report(c); });
export const set = walker().entry(Root, (w, here) => { here.out(C)[0].note = 'set'; });
export const mistype = walker().entry(Root, (w, here) => { here.out(C)[0].nóte = 'set'; });
export const on_root = walker().entry(Root, (w, here) => { here.note = 'set'; });`,
  });
  const graph = new MemoryGraph();
  t.same(contexts((await run(built, 'make', graph)).values), [{}]);
  const set: Json = await run(built, 'set', graph);
  t.same(Object.values(set.journal.fields), [{ note: 'set' }]);
  for (const name of ['mistype', 'on_root'])
    t.match(await run(built, name, graph), {
      code: 'error',
      message: /Cannot add property/,
      at: /^walkers\/a\.ts:/,
    });
});
