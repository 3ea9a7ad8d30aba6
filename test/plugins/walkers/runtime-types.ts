/** Compiled, never run: what TypeScript knows about a walker. A line after `@ts-expect-error` must not compile. */
import {
  AnyNode,
  destroy,
  edge,
  grant,
  node,
  Root,
  ref,
  socket,
  spawn,
  Type,
  topics,
  walker,
} from 'hub:walker';
import { Type as Schemas, type TSchema } from '../../../core/index.ts';
import type { Walkers } from '../../../plugins/walkers/service.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(result: Same<A, B>): unknown => result;

export const A = node('A', { val: Type.Integer() });
export const Follows = edge('Follows', { since: Type.String() });
export const Person = node('Person', {
  name: Type.String(),
  tags: Type.Array(Type.String(), { default: [] }),
  mood: Type.Enum({ GOOD: 1, BAD: 2 }),
  note: Type.Optional(Type.String()),
  home: Type.Object({ street: Type.String(), number: Type.Optional(Type.Integer()) }),
  scores: Type.Record(Type.String(), Type.Number()),
  kind: Type.Union([Type.Literal('user'), Type.Null()]),
});

export const create_graph = walker().entry(Root, (w, here) => {
  const a = A({ val: 0 });
  here.connect(a);
  same<number, typeof a.val>(true);
  const follows = here.connect(a, Follows({ since: '2026' }));
  same<string, typeof follows.since>(true);
  w.report(here);
  // @ts-expect-error a root has no fields
  here.val;
});

export const send_chat_to_group = walker({
  specs: { methods: ['websocket', 'post'], summary: 'Chat with a channel', as_query: ['text'] },
  has: {
    channel_id: Type.String(),
    text: Type.String({ default: 'hi' }),
    sure: Type.Optional(Type.Boolean()),
  },
})
  .entry(Root, (w) => socket.notify_channels([w.channel_id], { type: 'chat', data: { message: w.text } }))
  .entry(A, (w, here) => {
    here.val += 1;
    same<boolean | undefined, typeof w.sure>(true);
    w.visit(here.out());
    // @ts-expect-error a number is not text
    here.val = 'x';
  })
  .entry([A, Person], (_w, here) => {
    if (Person.is(here)) same<1 | 2, typeof here.mood>(true);
    else same<number, typeof here.val>(true);
  })
  .exit(Root, (w) => w.report('done'));

export const all = walker().entry(AnyNode, (w, here) => {
  const people = here.out(Person, Follows);
  for (const person of people) {
    same<string | undefined, typeof person.note>(true);
    same<number | undefined, typeof person.home.number>(true);
    same<number | undefined, (typeof person.scores)['x'] | undefined>(true);
    same<'user' | null, typeof person.kind>(true);
  }
  same<string, (typeof people)[number]['name']>(true);
  for (const link of here.edges(Follows, 'both')) same<string, typeof link.since>(true);
  const found = ref('n:A:000000000000000000000001', A);
  if (found !== null) {
    same<number, typeof found.val>(true);
    destroy(found);
  }
  const walked = spawn(send_chat_to_group({ channel_id: 'c' }), w.root);
  same<string, typeof walked.text>(true);
  here.grant('READ');
  here.revoke(w.root);
  topics.publish('seen', { id: here.id });
  w.root.grant('WRITE', 'n::000000000000000000000001');
  // @ts-expect-error there is no such level
  here.grant('ALL');
});

// @ts-expect-error a field without a default is needed
send_chat_to_group({});
// @ts-expect-error there is no such field
walker({ specs: { as_query: ['nothing'] }, has: { a: Type.String() } });
// @ts-expect-error a node is no edge
new Object(create_graph).connect(A({ val: 1 }), A({ val: 1 }));
// @ts-expect-error nodes are not filtered by an edge type
export const filtered = walker().entry(Follows, () => {});
// @ts-expect-error a field that is not described
Person({ name: 'a', mood: 1, home: { street: 'b' }, scores: {}, kind: null, age: 3 });
Person({ name: 'a', mood: 1, home: { street: 'b' }, scores: {}, kind: null });

export const upload = walker({ has: { file: Type.File({ maxBytes: 10 }) } }).entry(Root, (w) => {
  same<number, typeof w.file.size>(true);
});

// What a plugin declares (orchard.ts) is known to walkers.
const orchard = grant('orchard');
export const water = walker({ specs: { grants: ['orchard'] } }).entry(Root, () => {
  const opened = orchard.open({ valve: 'a' });
  same<{ minutes: number }, typeof opened>(true);
  same<number | null, ReturnType<typeof orchard.moisture>>(true);
  orchard.hang();
  // @ts-expect-error it needs a valve
  orchard.open({ minutes: 3 });
  // @ts-expect-error there is no such function
  orchard.shut();
});
// @ts-expect-error nobody offers that
grant('heating');
// @ts-expect-error nobody offers that
walker({ specs: { grants: ['heating'] } });

declare const walkers: Walkers;
const described = (result: TSchema) => ({
  open: walkers.fn({
    doc: '',
    parameters: Schemas.Object({ valve: Schemas.String(), minutes: Schemas.Integer({ default: 1 }) }),
    result: Schemas.Object({ minutes: Schemas.Integer() }),
    call: ({ valve, minutes }) => {
      same<string, typeof valve>(true);
      same<number, typeof minutes>(true);
      return { minutes };
    },
  }),
  moisture: walkers.fn({
    doc: '',
    parameters: Schemas.Object({ field: Schemas.String() }),
    result: Schemas.Number(),
    call: () => 1,
  }),
  hang: walkers.fn({ doc: '', parameters: Schemas.Object({}), result: Schemas.Null(), call: () => null }),
  fail: walkers.fn({
    doc: '',
    parameters: Schemas.Object({ how: Schemas.String() }),
    result,
    call: () => '',
  }),
});
const { fail: untyped, ...typed } = described(Schemas.String());
const fail = walkers.fn({
  doc: '',
  parameters: Schemas.Object({ how: Schemas.String() }),
  result: Schemas.String(),
  call: () => '',
});
walkers.provide('orchard', { ...typed, fail });
// @ts-expect-error the result is not what the grant declares
walkers.provide('orchard', { ...typed, fail: untyped });
// @ts-expect-error a function is missing
walkers.provide('orchard', typed);
// @ts-expect-error its argument is not what the grant declares
walkers.provide('orchard', { ...typed, fail, moisture: typed.open });
// @ts-expect-error a result that the schema does not describe
walkers.fn({ doc: '', parameters: Schemas.Object({}), result: Schemas.Integer(), call: () => 'x' });
