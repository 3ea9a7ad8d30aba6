import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { irrigationOn } from '../../plugins/irrigation/index.ts';
import type { Client } from '../helpers/hub.ts';
import {
  MINUTE,
  openBoard,
  openDashboard,
  type TestClock,
  testClock,
} from '../plugins/irrigation/field-kit.ts';
import { PUBLIC_ROOT, person, request, startWalkers, visit } from '../plugins/walkers/wire.ts';

const RULES = readFileSync(new URL('../../walkers/irrigation.ts', import.meta.url), 'utf8');
/** What the command line does: runs a walker that has no endpoint, on the public root. */
const PREPARE = `
import { Root, spawn, Type, walker } from 'hub:walker';
import { irrigation_report, set_dry_soil, set_frost_alarm } from './irrigation.ts';
const Texts = Type.Array(Type.String());
export const dry = walker({ specs: { auth: false }, has: { controller: Type.String() } }).entry(Root, (w, here) => {
  spawn(set_dry_soil({ controller: w.controller, zones: ['zone2'], pause: 0 }), here);
});
export const frost = walker({ specs: { auth: false }, has: { root_ids: Texts } }).entry(Root, (w, here) => {
  spawn(set_frost_alarm({ controller: 'north', root_ids: w.root_ids }), here);
});
export const report = walker({ specs: { auth: false, grants: ['irrigation'] } }).entry(Root, (w, here) => {
  spawn(irrigation_report(), here);
});
`;

async function startRules(t: Parameters<typeof openBoard>[0], options = {}) {
  const clock = testClock();
  const files = { 'irrigation.ts': RULES, 'prepare.ts': PREPARE };
  const hub = await startWalkers(
    t,
    files,
    {},
    { plugins: [irrigationOn(clock)({ clock: 'unix-ms', ...options })] },
  );
  const dashboard = await openDashboard(t, hub);
  const board = await openBoard(t, hub, 'north');
  return { hub, clock, dashboard, board };
}

/** One reading a minute of soil, and of rain if there is one. */
async function minutes(
  { clock, board, dashboard }: { clock: TestClock; board: Client; dashboard: Client },
  count: number,
  moisture: number,
  rain?: number,
) {
  for (let i = 0; i < count; i++) {
    if (rain !== undefined) board.send({ event: 'rain', data: { time: clock.now(), record: rain } });
    board.send({ event: 'soil_moisture', data: { time: clock.now(), record: moisture } });
    await dashboard.next('soil_moisture');
    await clock.advance(MINUTE);
  }
}

test('dry soil is watered, after ten minutes of it and not in the rain', async (t) => {
  const field = await startRules(t, {
    sensors: { soil_moisture: { unit: '%', scale: 1, offset: 0, interval: 90, max: 60 } },
  });
  const { hub, clock, dashboard, board } = field;
  t.equal((await request(hub, '/walker/dry', { body: { controller: 'north' } })).status, 200);
  await minutes(field, 10, 25);
  await minutes(field, 5, 15, 1);
  // What cannot be true is no drought, and what is late is none of now.
  board.send({ event: 'soil_moisture', data: { time: clock.now(), record: -4_000 } });
  await minutes(field, 10, 15, 0);
  const marker = { event: 'note', data: {} };
  board.send(marker);
  await dashboard.next('note');
  t.equal(board.waiting.length, 0, 'it rained');
  await clock.advance(200 * MINUTE);
  await minutes(field, 1, 15, 0);
  const { event, data } = await board.next();
  t.strictSame([event, data.zones, data.seconds], ['start_irrigation', ['zone2'], 900]);
  t.match((await dashboard.next('command')).data, { by: 'walker dry_soil', state: 'sent' });
});

test('frost is told to users, once, and so is its end', async (t) => {
  const { hub, clock, board, dashboard } = await startRules(t);
  const ann = await person(hub);
  const user = await visit(t, hub, ann.token);
  await request(hub, '/walker/frost', { body: { root_ids: [ann.root] } });
  for (const record of [5, 0.5, 0.2, 1.5, 2.5]) {
    board.send({ event: 'temperature', data: { time: clock.now(), record } });
    await dashboard.next('temperature');
    await clock.advance(MINUTE);
  }
  t.match(await user.next(), { type: 'frost', controller: 'north', is_cold: true, value: 0.5 });
  t.match(await user.next(), { type: 'frost', controller: 'north', is_cold: false, value: 2.5 });
  t.equal(user.waiting.length, 0);
});

test("a farmer's rules work on her own thresholds, on controllers that she may see, with what she may do", async (t) => {
  const users = {
    ann: { see: [], command: ['north'] },
    ben: { see: [], command: ['south'] },
    cem: { see: ['north'], command: [] },
  };
  const field = await startRules(t, { users, rules: [] });
  const { hub, clock, board, dashboard } = field;
  const farmers = [];
  for (const name of ['ann', 'ben', 'cem']) {
    const token = await hub.identity.sign(name, {});
    const send = async (method: string, path: string, body?: object) => {
      const { status } = await request(hub, path, { method, token, body });
      t.equal(status, 200, `${name} ${path}`);
    };
    const rule = { controller: 'north', zones: [name], minutes: 2, pause: 0 };
    await send('POST', '/walker/set_dry_soil', rule);
    await send('POST', '/walker/set_frost_alarm', { controller: 'north', root_ids: ['n::somebody'] });
    for (const walker of ['dry_soil', 'frost_alarm']) await send('PUT', `/switch/${walker}`);
    farmers.push({ name, client: await visit(t, hub, token) });
  }
  await minutes(field, 1, 15);
  t.match(await board.next(), { event: 'start_irrigation', data: { zones: ['ann'] } });
  t.match(await dashboard.next('command'), { data: { by: 'walker dry_soil', zones: ['ann'] } });
  const tell = async (record: number) => {
    board.send({ event: 'temperature', data: { time: clock.now(), record } });
    await dashboard.next('temperature');
  };
  await tell(0);
  for (const { name, client } of farmers) {
    if (name !== 'ben') t.match(await client.next(), { type: 'frost', is_cold: true });
  }
  t.equal(board.waiting.length, 0, 'who may not command it waters nothing');
  const [, ben] = farmers;
  t.strictSame(ben?.client.waiting, [], 'who may not see it hears nothing of it');
  const refused = hub.logged.filter(({ walker, code }) => walker === 'dry_soil' && code === 'forbidden');
  t.equal(refused.length, 1, 'the log says why');
});

test('the report has the last day of every sensor', async (t) => {
  const field = await startRules(t);
  await minutes(field, 3, 20);
  const { body } = await request(field.hub, '/walker/report');
  t.strictSame(body.reports[0].context.lines, ['north soil_moisture: 20 to 20, mean 20.0, now 20']);
});

test('a walker may do what its user may, and no more', async (t) => {
  const act = `
import { grant, Root, Type, walker } from 'hub:walker';
const irrigation = grant('irrigation');
const specs = { grants: ['irrigation'] } as const;
const has = { controller: Type.String() };
export const water = walker({ specs, has }).entry(Root, (w) => {
  w.report(irrigation.start({ controller: w.controller, zones: ['a'], seconds: 5 }).state);
});
export const look = walker({ specs, has }).entry(Root, (w) => {
  w.report(irrigation.latest({}).length);
  w.report(irrigation.window({ controller: w.controller, event: 'rain', minutes: 5 }).count);
});
`;
  const clock = testClock();
  const users: Record<string, { see: string[]; command: string[] }> = {};
  const hub = await startWalkers(
    t,
    { 'act.ts': act },
    {},
    { plugins: [irrigationOn(clock)({ users, rules: [] })] },
  );
  const [north] = [await openBoard(t, hub, 'north'), await openBoard(t, hub, 'south')];
  const dashboard = await openDashboard(t, hub);
  north.send({ event: 'rain', data: { time: 1, record: 1 } });
  await dashboard.next('rain');
  const ann = await person(hub);
  const call = (walker: string, controller: string) =>
    request(hub, `/walker/${walker}`, { token: ann.token, body: { controller } });
  t.equal((await call('water', 'north')).status, 403);
  t.equal((await call('look', 'north')).status, 403);
  t.equal(ann.root === PUBLIC_ROOT, false);
});
