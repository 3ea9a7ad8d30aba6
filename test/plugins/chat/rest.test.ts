import { test } from 'tap';
import type { Received, TestHub } from '../../helpers/hub.ts';
import { logIn, startChat, tokenOf } from './wire.ts';

async function ask(hub: TestHub, method: string, path: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(hub.origin + path, { method, headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Received) };
}

test('the rooms are listed by id, page by page', async (t) => {
  const hub = await startChat(t);
  const token = await tokenOf(hub, 'root', { profile: 'admin' });
  const ann = await logIn(t, hub, 'ann');
  t.strictSame(await ask(hub, 'GET', '/chat/rooms', token), { status: 200, body: [] });
  const rooms: Received[] = [];
  for (const RoomTypeObject of ['1', '2', '3']) rooms.push(await ann.join({ RoomTypeObject }));
  rooms.sort((a, b) => (a.Uuid < b.Uuid ? -1 : 1));
  t.strictSame((await ask(hub, 'GET', '/chat/rooms', token)).body, rooms);
  t.strictSame((await ask(hub, 'GET', '/chat/rooms?limit=2', token)).body, rooms.slice(0, 2));
  t.strictSame((await ask(hub, 'GET', `/chat/rooms?after=${rooms[1].Uuid}`, token)).body, rooms.slice(2));
  t.equal((await ask(hub, 'GET', '/chat/rooms?limit=0', token)).status, 400);
});

test('the messages of a room are read in pages', async (t) => {
  const hub = await startChat(t);
  const token = await tokenOf(hub, 'service', { scope: 'other chat:admin' });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  const said: Received[] = [];
  for (const text of ['one', 'two', 'three']) {
    ann.post(Uuid, text);
    said.push(await ann.nextPost());
  }
  const path = `/chat/rooms/${Uuid}/messages`;
  t.strictSame((await ask(hub, 'GET', path, token)).body, { messages: said, hasMore: false });
  t.strictSame((await ask(hub, 'GET', `${path}?limit=2`, token)).body, {
    messages: said.slice(1),
    hasMore: true,
  });
  t.strictSame((await ask(hub, 'GET', `${path}?offset=2&limit=2`, token)).body, {
    messages: said.slice(0, 1),
    hasMore: false,
  });
  t.equal((await ask(hub, 'GET', '/chat/rooms/unknown/messages', token)).status, 404);
  t.equal((await ask(hub, 'GET', `${path}?limit=1001`, token)).status, 400);
});

test('a room is deleted, and those who are in it are told', async (t) => {
  const hub = await startChat(t);
  const token = await tokenOf(hub, 'root', { profile: 'admin' });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  t.strictSame(await ask(hub, 'DELETE', `/chat/rooms/${Uuid}`, token), { status: 204, body: undefined });
  t.match(await ann.next(), { '@type': 'DELETE_ROOM', Room: { Uuid, Users: ['ann'] } });
  ann.post(Uuid, 'anybody?');
  t.match(await ann.next(), { error: /not in the room/ });
  t.equal((await ask(hub, 'DELETE', `/chat/rooms/${Uuid}`, token)).status, 404);
});

test('only operators are answered', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  const without = await startChat(t, { operatorScope: '' });
  for (const [method, path] of [
    ['GET', '/chat/rooms'],
    ['GET', `/chat/rooms/${Uuid}/messages`],
    ['DELETE', `/chat/rooms/${Uuid}`],
  ] as const) {
    t.match(await ask(hub, method, path), { status: 401, body: { error: { code: 'unauthorized' } } });
    t.match(await ask(hub, method, path, 'nonsense'), { status: 401 });
    for (const claims of [{}, { profile: 'standard', scope: 'chat:admins' }])
      t.match(await ask(hub, method, path, await tokenOf(hub, 'ann', claims)), {
        status: 403,
        body: { error: { code: 'forbidden' } },
      });
    t.equal((await ask(without, method, path, await tokenOf(without, 'ann', { scope: '' }))).status, 403);
  }
});

test('the routes and messages are in the documents', async (t) => {
  const hub = await startChat(t);
  const { body: routes } = await ask(hub, 'GET', '/openapi.json');
  t.strictSame(Object.keys(routes.paths).sort(), [
    '/chat/rooms',
    '/chat/rooms/{uuid}',
    '/chat/rooms/{uuid}/messages',
  ]);
  t.match(routes.paths['/chat/rooms'].get.responses['200'].content['application/json'].schema, {
    type: 'array',
    items: { properties: { RoomTypeObject: { type: 'string' } } },
  });
  const { body: messages } = await ask(hub, 'GET', '/asyncapi.json');
  const text = JSON.stringify(messages);
  for (const name of ['JOIN', 'HISTORY', 'MAY_HAVE_MORE', 'ROOM_UPDATE', 'ChatMessage']) t.match(text, name);
});
