import { test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import { refusedUpgrade } from '../../helpers/refused-upgrade.ts';
import { get, openBoard, openDashboard, startField } from './field-kit.ts';

const users = {
  ann: { see: ['south'], command: ['north'] },
  ben: { see: ['south'], command: [] },
  eve: { see: ['*'], command: [] },
};

async function startTwo(t: Parameters<typeof openBoard>[0], options = {}) {
  const hub = await startField(t, { users, ...options });
  const north = await openBoard(t, hub, 'north');
  const south = await openBoard(t, hub, 'south');
  const tell = () => {
    north.send({ event: 'temperature', data: { time: 1, record: 1 } });
    south.send({ event: 'temperature', data: { time: 1, record: 1 } });
  };
  const all = await openDashboard(t, hub, 'root', { controllers: ['*'] });
  tell();
  await all.next('temperature');
  await all.next('temperature');
  return { hub, north, south, tell, all };
}

test('two users see and command different controllers', async (t) => {
  const { hub, tell, north } = await startTwo(t);
  const [ann, ben] = [await openDashboard(t, hub, 'ann', {}), await openDashboard(t, hub, 'ben', {})];
  const names = (list: { controller: string }[]) => list.map(({ controller }) => controller).sort();
  t.strictSame([names(ann.latest.readings), names(ben.latest.readings)], [['north', 'south'], ['south']]);
  t.strictSame(
    [names(ann.latest.controllers), names(ben.latest.controllers)],
    [['north', 'south'], ['south']],
  );
  tell();
  t.equal((await ben.next()).data.controller, 'south');
  await ann.next('temperature');
  await ann.next('temperature');
  t.equal(ben.waiting.length, 0);

  for (const client of [ann, ben]) {
    for (const controller of ['north', 'south', 'unheard-of']) {
      client.send({ event: 'start_irrigation', data: { controller, zones: ['z'], seconds: 5 } });
      client.send({ event: 'stop_irrigation', data: { controller, zones: ['z'] } });
    }
  }
  t.equal((await north.next()).event, 'start_irrigation');
  t.equal((await north.next()).event, 'stop_irrigation');
  for (let i = 0; i < 4; i++) t.equal((await ann.next('error')).data.code, 'forbidden');
  for (let i = 0; i < 6; i++) t.equal((await ben.next('error')).data.code, 'forbidden');
  t.equal(north.waiting.length, 0);
  ben.send({ event: 'watch', data: { controllers: ['north'] } });
  t.match(await ben.next('error'), { data: { code: 'forbidden', message: /"north"/ } });
});

test('the history is for those who may see the controller', async (t) => {
  const { hub } = await startTwo(t);
  const ask = async (claims: Record<string, unknown> | undefined, controller: string) =>
    (await get(hub, '/irrigation/telemetry', { controller, event: 'temperature' }, claims)).status;
  t.strictSame(
    [await ask({ controllers: ['north'] }, 'north'), await ask({ controllers: ['north'] }, 'south')],
    [200, 403],
  );
  const { json } = await get(hub, '/irrigation/controllers', {}, { controllers: ['south'] });
  t.equal(json.controllers.length, 1);
  t.match(json.controllers[0], {
    controller: 'south',
    online: true,
    events: ['controller_online', 'temperature'],
  });
  t.match(json.controllers[0].sensors, { temperature: { scale: 1 } });
  t.equal((await fetch(`${hub.origin}/irrigation/controllers`)).status, 401);
  t.equal((await fetch(`${hub.origin}/irrigation/telemetry?controller=north&event=temperature`)).status, 401);
});

test('the claim "controllers" lets a token command them, unless the option says that it only shows them', async (t) => {
  const { hub, north } = await startTwo(t);
  const start = { event: 'start_irrigation', data: { controller: 'north', zones: ['z'], seconds: 5 } };
  const cem = await openDashboard(t, hub, 'cem', { controllers: ['north', 7] });
  cem.send(start);
  t.equal((await north.next()).event, 'start_irrigation');
  const { hub: strict, north: other } = await startTwo(t, { claim: 'see' });
  const again = await openDashboard(t, strict, 'cem', { controllers: ['north'] });
  t.equal(again.latest.readings.length, 1);
  again.send(start);
  t.equal((await again.next('error')).data.code, 'forbidden');
  t.equal(other.waiting.length, 0);
});

test('a dashboard is that of its user, a controller speaks for itself, and nobody comes in without a token', async (t) => {
  const { hub, all } = await startTwo(t);
  t.match(await refusedUpgrade(t, hub, '/'), { status: 401 });
  t.match(await refusedUpgrade(t, hub, '/clients/ann'), { status: 401 });
  const ann = await hub.identity.sign('ann', {});
  const stranger = await connect(t, hub, `/clients/ben?token=${ann}`);
  t.match(await stranger.closed, { code: 4503, reason: /not of the user "ben"/ });
  for (const claims of [
    {},
    { controller: '' },
    { controller: ['north'] },
    { controller: 'a/b' },
    { controller: '*' },
  ]) {
    const token = await hub.identity.sign('board', claims);
    const board = await connect(t, hub, `/?token=${token}`);
    t.match(await board.closed, { code: 4503, reason: /claim "controller"/ }, JSON.stringify(claims));
  }
  const south = await openBoard(t, hub, 'south');
  south.send({ event: 'temperature', data: { time: 1, record: 1, controller: 'north' } });
  t.match(await south.next(), { event: 'error', data: { code: 'forbidden', message: /speaks for itself/ } });
  south.send({
    event: 'temperature',
    data: { time: 2, record: 2, controller: 'south', received_at: 7, at: 7, mark: 'x', value: 9 },
  });
  const { data } = await all.next('temperature');
  t.match(data, { controller: 'south', record: 2, value: 2 });
  t.not(data.received_at, 7);
  t.equal(data.mark, undefined);
  for (const event of ['latest', 'command', 'controller_offline', 'sensor_stale', 'start_irrigation']) {
    south.send({ event, data: {} });
    t.match(await south.next(), { event: 'error', data: { code: 'reserved_event' } });
  }
});

test('who loses the identity loses the view with it', async (t) => {
  const { hub, tell, all } = await startTwo(t);
  const seconds = Math.floor(Date.now() / 1_000);
  const token = await hub.identity.sign('ann', { exp: seconds + 3 });
  const ann = await connect(t, hub, `/clients/ann?token=${token}`, { typeField: 'event' });
  await ann.next('latest');
  t.match(await ann.closed, { code: 4002 });
  tell();
  await all.next('temperature');
});
