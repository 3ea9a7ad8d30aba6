import { test } from 'tap';
import type { Rehearsal, Rehearsed } from '../../../plugins/walkers/rehearsal.ts';
import { shared } from '../../helpers/hub.ts';
import { orchard } from './orchard.ts';
import { type Person, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'water.ts': `
import { destroy, grant, node, Root, socket, topics, Type, walker } from 'hub:walker';
const water = grant('orchard');
const Field = node('Field', { name: Type.String(), opened: Type.Integer({ default: 0 }) });
const specs = { methods: ['websocket', 'post'], grants: ['orchard'] } as const;
export const make = walker({ specs, has: { name: Type.String() } }).entry(Root, (w, here) => { here.connect(Field({ name: w.name })); });
export const list = walker({ specs }).entry(Root, (w, here) => w.report(here.out(Field).map(({ name, opened }) => [name, opened])));
export const step = walker({ specs, has: { dry: Type.Number({ default: 0.5 }) } })
  .entry(Root, (w, here) => { w.visit(here.out(Field)); })
  .entry(Field, (w, here) => {
    const moisture = water.moisture({ field: here.name });
    if (moisture === null || moisture >= w.dry) return;
    const { minutes } = water.open({ valve: here.name });
    here.opened += minutes;
    socket.notify_users([w.root.id], { opened: here.name, at: new Date().toISOString() });
    topics.publish('irrigated', here.name);
    console.log('opened', here.name);
    w.report([here.name, here.opened, w.user?.email]);
  });
export const drop = walker({ specs }).entry(Root, (w, here) => { w.visit(here.out(Field)); }).entry(Field, (w, here) => destroy(here));
export const time = walker({ specs }).entry(Root, (w) => {
  w.report([Date.now(), new Date().getTime(), new Date(5).getTime(), Date(), new Date() instanceof Date, new Date().constructor === Date, w.event]);
});
export const fail = walker({ specs }).entry(Root, (w, here) => {
  console.log('before');
  throw new Error('no luck');
});
`,
};

const NOON = Date.parse('2026-06-01T12:00:00Z');

const started = shared(async (lasting) => {
  const garden = orchard();
  return { garden, hub: await startWalkers(lasting, FILES, {}, { plugins: [garden.plugin] }) };
});

async function start() {
  const { hub, garden } = await started();
  const user = await person(hub);
  const stored = async () => (await request(hub, '/walker/list', { token: user.token })).body.reports[0];
  for (const name of ['north', 'south'])
    await request(hub, '/walker/make', { token: user.token, body: { name } });
  return { hub, garden, user, stored };
}

/** Plays a step in which every field is so wet. */
function step({ root }: Person, moisture: number, more: Rehearsal = {}): Rehearsal {
  const grants: Rehearsal['grants'] = {
    orchard: { moisture: () => moisture, open: ({ minutes }) => ({ minutes: minutes * 2 }) },
  };
  return { root, now: NOON, grants, ...more };
}

const reportsOf = (played: Rehearsed): unknown => (played.ok ? played.reports : played.message);

test('a rehearsal runs a walker for a user with clock and functions replaced; nothing comes of it', async (t) => {
  const { hub, garden, user, stored } = await start();
  const client = await visit(t, hub, user.token);
  const played = await garden.walkers.rehearse('step', step(user, 0.1));
  const at = '2026-06-01T12:00:00.000Z';
  t.match(played, {
    ok: true,
    reports: [
      ['north', 10, user.email],
      ['south', 10, user.email],
    ],
    notifications: ['north', 'south'].map((opened) => ({
      to: 'users',
      targets: [user.root],
      data: { opened, at },
    })),
    topics: [
      { topic: 'irrigated', data: 'north' },
      { topic: 'irrigated', data: 'south' },
    ],
    log: [{ level: 'info', text: 'opened north' }, {}],
  });
  t.strictSame(await stored(), [
    ['north', 0],
    ['south', 0],
  ]);
  t.strictSame(garden.calls, [], 'the real valve stays shut');
  t.match(await client.walk('list'), { status: 200 });
  t.strictSame(client.waiting, [], 'no notification came before that answer');
  const wet = await garden.walkers.rehearse('step', step(user, 0.9, { fields: { dry: 0.95 } }));
  t.strictSame(wet.notifications.length, 2, 'fields are given');
});

test('on a stage, each rehearsal finds what those before it have changed', async (t) => {
  const { garden, user, stored } = await start();
  const { walkers } = garden;
  const stage = walkers.stage();
  const play = async (name: string, more: Rehearsal = {}) =>
    reportsOf(await walkers.rehearse(name, step(user, 0.1, { stage, ...more })));
  await play('step');
  t.strictSame(await play('step'), [
    ['north', 20, user.email],
    ['south', 20, user.email],
  ]);
  await play('make', { fields: { name: 'west' } });
  t.strictSame(await play('list'), [
    [
      ['north', 20],
      ['south', 20],
      ['west', 0],
    ],
  ]);
  await play('drop');
  t.strictSame(await play('list'), [[]]);
  await play('make', { fields: { name: 'east' } });
  t.strictSame(await play('list'), [[['east', 0]]]);
  const other = await walkers.rehearse('list', step(user, 0.1, { stage: walkers.stage() }));
  const real = [
    ['north', 0],
    ['south', 0],
  ];
  t.strictSame(reportsOf(other), [real], 'another stage has nothing of it');
  t.strictSame(await stored(), real);
});

test('the clock of a rehearsal stands still; that of other runs goes on', async (t) => {
  const { hub, garden, user } = await start();
  const played = await garden.walkers.rehearse('time', { root: user.root, now: NOON, event: { n: 1 } });
  const text = new Date(NOON).toString();
  t.strictSame(reportsOf(played), [[NOON, NOON, 5, text, true, true, { n: 1 }]]);
  const before = Date.now();
  const { body } = await request(hub, '/walker/time', { token: user.token });
  const [now, made, five, , ...same] = body.reports[0];
  t.ok(now >= before && made >= now && made <= Date.now());
  t.strictSame([five, ...same], [5, true, true, null]);
});

test('a rehearsal says how a walker fails, and calls nothing that is not replaced', async (t) => {
  const { garden, user } = await start();
  const { walkers } = garden;
  const { root } = user;
  t.match(await walkers.rehearse('fail', { root }), {
    ok: false,
    code: 'error',
    message: 'no luck',
    at: /^walkers\/water\.ts:\d+:9$/,
    log: [{ text: 'before' }],
  });
  const grants: Rehearsal['grants'] = { orchard: { moisture: () => 0 } };
  t.match(await walkers.rehearse('step', { root, grants }), {
    code: 'error',
    message: 'orchard.open(): it is not replaced in this rehearsal',
  });
  t.match(await walkers.rehearse('step', { root }), {
    code: 'error',
    message: /moisture\(\): it is not replaced/,
  });
  t.match(await walkers.rehearse('make', { root }), { code: 'invalid', errors: [{ loc: ['name'] }] });
  t.match(await walkers.rehearse('list', { root, node: 'n:A:000000000000000000000000' }), {
    code: 'forbidden',
  });
  await t.rejects(walkers.rehearse('none'), { code: 'not_found', message: 'there is no walker none' });
  await t.rejects(walkers.rehearse('list', { root: 'x' }), { code: 'invalid_request', message: /^root: / });
  t.strictSame(garden.calls, []);
});
