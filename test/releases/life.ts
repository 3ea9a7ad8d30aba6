/** An installation as it is used: what is done under one release, and what there must be of it under the next. */
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { Test } from 'tap';
import type { ConfiguredPlugin } from '../../core/index.ts';
import chat from '../../plugins/chat/index.ts';
import cityio from '../../plugins/cityio/index.ts';
import irrigation from '../../plugins/irrigation/index.ts';
import redis from '../../plugins/redis/index.ts';
import topics from '../../plugins/topics/index.ts';
import users from '../../plugins/users/index.ts';
import walkers from '../../plugins/walkers/index.ts';
import { connect, type Received, startHub, type TestHub } from '../helpers/hub.ts';
import { makeCells, makeTable } from '../plugins/cityio/city.ts';
import { counting } from '../plugins/topics/counting.ts';
import { bearer, newUser, PASSWORD, post } from '../plugins/users/helpers.ts';

/** Of every installation that is recorded. */
const SECRET = 'of installations that tests record, and of no other';
const EMAIL = 'ann@example.org';
const SIDE = 2;
const HEIGHT = 7;
const MODULE = { Cells: 4 };
const MESSAGE = 'before the new release';
const READING = { time: Date.UTC(2026, 10, 1), record: 125 };
/** Readings of a release long ago are still kept: 100 years. */
const DAYS = 36_525;

const everything = (url: string, prefix: string): ConfiguredPlugin[] => [
  redis({ url, prefix }),
  cityio(),
  users({ hashMemory: 7_168, hashPasses: 1 }),
  topics(),
  counting,
  chat(),
  irrigation({ rawDays: DAYS, rollupDays: DAYS }),
  walkers({ folder: join(import.meta.dirname, 'walkers'), processes: 1 }),
];

export function startEverything(t: Test, url: string, prefix: string): Promise<TestHub> {
  return startHub(t, { identity: { secret: SECRET }, plugins: everything(url, prefix) });
}

const tokenOf = (claims: Readonly<Record<string, unknown>>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET));

async function call(hub: TestHub, path: string, token?: string, body?: unknown): Promise<Received> {
  const response = await fetch(`${hub.origin}${path}`, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...(token && bearer(token)) },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const roomToken = () => tokenOf({ sub: 'ann', name: 'ann' });
const JOIN = { '@type': 'JOIN', Room: { Type: 'GLOBAL', RoomTypeObject: 'all' } };

/** Enters the room. */
async function enter(t: Test, hub: TestHub) {
  const client = await connect(t, hub, '/chat', { typeField: '@type' });
  client.send({ '@type': 'subscribe', jwt: await roomToken() });
  client.send(JOIN);
  const { Room } = await client.next('ROOM_UPDATE');
  return { client, room: Room.Uuid };
}

/** Leaves something of every plugin, all of it acknowledged. */
export async function live(t: Test, hub: TestHub): Promise<void> {
  const ann = await newUser(hub, EMAIL);
  await call(hub, '/walker/tally', ann.token, {});

  await call(hub, '/api/table/town', undefined, makeTable(SIDE, 'town'));
  const painter = await connect(t, hub, '/interface');
  painter.send({ type: 'LISTEN', content: { gridId: 'town' } });
  await painter.next('TABLE_SNAPSHOT');
  painter.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(SIDE, HEIGHT) } });
  await painter.next('GEOGRIDDATA_UPDATE');
  await call(hub, '/api/table/town/module', undefined, MODULE);

  const { client, room } = await enter(t, hub);
  client.send({ '@type': 'POST', Message: { RoomUuid: room, Message: MESSAGE } });
  while ((await client.next()).Message !== MESSAGE);

  await publish(hub, 1);

  const dashboard = await connect(t, hub, `/clients/ann?token=${await dashboardToken()}`, {
    typeField: 'event',
  });
  const board = await connect(t, hub, `/?token=${await tokenOf({ sub: 'c1', controller: 'c1' })}`);
  board.send({ event: 'leaf_wetness', data: READING });
  await dashboard.next('leaf_wetness');
}

const publish = async (hub: TestHub, n: number) =>
  call(hub, '/topics/count.x', await tokenOf({ sub: 'service', scope: 'topics:publish' }), { n });

const dashboardToken = () => tokenOf({ sub: 'ann', controllers: ['*'] });

/** What a hub on the same Redis has of it. */
export async function found(t: Test, hub: TestHub) {
  const { body } = await post(hub, 'login', { email: EMAIL, password: PASSWORD });
  const tally = await call(hub, '/walker/tally', body.token, {});
  const table = await call(hub, '/api/table/town');
  const { client } = await enter(t, hub);
  const { Message } = await client.next();
  const reader = await connect(t, hub, '/topics');
  reader.send({ type: 'subscribe', topics: ['count.*'] });
  await reader.next('subscribed');
  await publish(hub, 2);
  const { event } = await reader.next('event');
  const path = `/irrigation/telemetry?controller=c1&event=leaf_wetness&from=${READING.time}`;
  const { rows } = await call(hub, path, await dashboardToken());
  return {
    email: body.user?.email,
    tally: tally.reports,
    height: table.GEOGRIDDATA[0].height,
    module: table.module,
    message: Message,
    event,
    record: rows[0]?.data.record,
  };
}

export const EXPECTED = {
  email: EMAIL,
  tally: [2],
  height: HEIGHT,
  module: MODULE,
  message: MESSAGE,
  event: { n: 2 },
  record: READING.record,
};

/** A client of the user in the channel that `speak` speaks to. */
export async function listen(t: Test, hub: TestHub) {
  const { body } = await post(hub, 'login', { email: EMAIL, password: PASSWORD });
  const client = await connect(t, hub, '/websocket?channel_id=lobby', { headers: bearer(body.token) });
  await client.next('connection');
  return client;
}

/** Notifies clients on other hubs. */
export async function speak(hub: TestHub): Promise<void> {
  const { body } = await post(hub, 'login', { email: EMAIL, password: PASSWORD });
  await call(hub, '/walker/tell', body.token, {});
}

/** What those who listen get of it, in this order. */
export const HEARD = [{ to: 'user' }, { to: 'channel' }];
