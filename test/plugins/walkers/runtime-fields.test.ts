import { test } from 'tap';
import { DEFAULT_LIMITS } from '../../../plugins/walkers/runtime/limits.ts';
import { contexts, HEAD, type Json, MemoryGraph, startPool } from './runtime-helpers.ts';

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
  const listed: Json = await pool.list(built, DEFAULT_LIMITS);
  t.same(listed.walkers[0].has.required, ['text']);
  t.same(listed.walkers[0].has.properties.mood, { default: 'BAD', enum: ['GOOD', 'BAD'] });
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
