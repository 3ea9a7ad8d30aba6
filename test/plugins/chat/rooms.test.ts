/** The rows of the protocol's table, one after the other. */
import { test } from 'tap';
import { logIn, startChat } from './wire.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('JOIN makes the room, adds the user and tells everybody in it, then sends what was said before', async (t) => {
  const hub = await startChat(t);
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const before = Math.floor(Date.now() / 1_000);
  const room = await ann.join({ Type: 'GLOBAL', RoomTypeObject: 'lobby', RoomLabel: 'The Lobby' });
  t.match(room, {
    Uuid: UUID,
    Type: 'GLOBAL',
    RoomTypeObject: 'lobby',
    RoomLabel: 'The Lobby',
    Users: ['ann'],
  });
  t.ok(room.LastUpdated >= before);
  for (const text of ['one', 'two']) ann.post(room.Uuid, text);
  const said = [await ann.nextPost(), await ann.nextPost()];

  bob.send({ '@type': 'JOIN', Room: { Type: 'GLOBAL', RoomTypeObject: 'lobby', RoomLabel: 'Another name' } });
  const update = {
    '@type': 'ROOM_UPDATE',
    Room: { ...room, Users: ['ann', 'bob'], LastUpdated: said[1].Timestamp },
  };
  t.strictSame(await bob.all(), [update, ...said]);
  t.strictSame(await ann.all(), [update]);
  bob.send({ '@type': 'JOIN', Room: { Type: 'GLOBAL', RoomTypeObject: 'lobby' } });
  t.strictSame(await bob.all(), [update, ...said], 'joining again sends it again');
  t.strictSame(await ann.all(), [], 'and concerns nobody else');
});

test('a room is found by its type and object', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann', { workspaces: ['a', 'b'] });
  const ids = new Set<string>();
  for (const Room of [
    { Type: 'GLOBAL', RoomTypeObject: 'a' },
    { Type: 'GLOBAL', RoomTypeObject: 'b' },
    { Type: 'GLOBAL' },
    { Type: 'WORKSPACE', RoomTypeObject: 'a' },
    { Type: 'WORKSPACE', RoomTypeObject: 'b' },
  ])
    ids.add((await ann.join(Room)).Uuid);
  t.equal(ids.size, 5);
});

test('types are names or numbers, and what holds its default may be left out', async (t) => {
  const hub = await startChat(t, { undecided: 'read-write' });
  const ann = await logIn(t, hub, 'ann', { workspaces: ['a'], profile: 'admin' });
  const objects = ['', 'a', 'bob', 'n', 'o'];
  for (const [number, Type] of ['GLOBAL', 'WORKSPACE', 'USER', 'NODE', 'OBJECT'].entries()) {
    const RoomTypeObject = objects[number];
    const room = await ann.join({ Type, RoomTypeObject });
    t.equal(room.Type, Type);
    ann.send({ '@type': 0, Room: { Type: number, RoomTypeObject } });
    t.match(await ann.next('ROOM_UPDATE'), { Room: { Uuid: room.Uuid, Type } });
  }
  ann.send({ Room: {} });
  const { Room: room } = await ann.next('ROOM_UPDATE');
  t.match(room, { Type: 'GLOBAL', RoomTypeObject: '', RoomLabel: '' });
  const { Uuid } = room;
  ann.send({ '@type': 2, Message: { RoomUuid: Uuid, Message: 'by number' } });
  const said = await ann.nextPost();
  t.equal(said.Message, 'by number');
  ann.send({ '@type': 3, Room: {} });
  t.match(await ann.all(), [{ '@type': 'ROOM_UPDATE', Room: { Uuid } }, said]);
  ann.send({ '@type': 4, Message: { RoomUuid: Uuid, Uuid: said.Uuid } });
  t.strictSame(await ann.next(), { '@type': 'DELETE_MSG', Message: said });
  ann.send({ '@type': 1, Room: {} });
  ann.send({ '@type': 5, Room: {} });
  t.match(await ann.next(), { '@type': 'DELETE_ROOM', Room: { Uuid, Users: [] } });
});

test('POST: the server sets id, author and time; everybody in the room gets the bare message', async (t) => {
  const hub = await startChat(t);
  const [ann, bob, eve] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'eve'),
  ];
  const { Uuid: RoomUuid } = await ann.join();
  await bob.join();
  await eve.join({ Type: 'GLOBAL', RoomTypeObject: 'elsewhere' });
  const forged = { Uuid: 'mine', Author: 'bob', Timestamp: 1, RoomUuid, Message: 'hello' };
  ann.send({
    '@type': 'POST',
    Room: { Uuid: 'ignored' },
    Message: { ...forged, Activity: { type: 'Like' } },
  });
  const before = Math.floor(Date.now() / 1_000) - 1;
  const said = await ann.nextPost();
  t.match(said, { Uuid: UUID, RoomUuid, Message: 'hello', Author: 'ann', Activity: { type: 'Like' } });
  t.strictSame(Object.keys(said), ['Uuid', 'RoomUuid', 'Message', 'Author', 'Timestamp', 'Activity']);
  t.ok(said.Timestamp >= before);
  t.strictSame(await bob.nextPost(), said);
  t.strictSame(await eve.all(), []);
});

test('DELETE_MSG: its author deletes a message, for everybody and for good', async (t) => {
  const hub = await startChat(t);
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const { Uuid: RoomUuid } = await ann.join();
  await bob.join();
  for (const text of ['one', 'two', 'three']) ann.post(RoomUuid, text);
  const [one, two, three] = [await bob.nextPost(), await bob.nextPost(), await bob.nextPost()];
  const { Uuid } = two;
  bob.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid, Author: 'bob' } });
  t.match(await bob.next(), { '@type': 'error', error: /only its author/ });
  ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid } });
  t.strictSame(await bob.next(), { '@type': 'DELETE_MSG', Message: two });
  await ann.next('DELETE_MSG');
  ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid } });
  for (const id of ['', 'nonsense', one.Uuid.replace(/.$/, 'x'), '00000000-ffff-8000-8000-000000000000'])
    ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid: id } });
  for (let i = 0; i < 5; i++) t.match(await ann.next(), { '@type': 'error', error: /no such message/ });
  const carl = await logIn(t, hub, 'carl');
  await carl.join();
  t.strictSame(await carl.all(), [one, three]);
});

test('LEAVE: nothing more comes, and the others are told', async (t) => {
  const hub = await startChat(t);
  const [ann, bob, second] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'bob'),
  ];
  const { Uuid } = await ann.join();
  await bob.join();
  await second.join();
  for (const client of [ann, second]) await client.all();
  second.send({ '@type': 'LEAVE', Room: { Type: 'GLOBAL' } });
  t.strictSame(await second.all(), []);
  t.strictSame(await ann.all(), [], 'bob is there with another session');
  bob.send({ '@type': 'LEAVE', Room: { Uuid } });
  t.match(await ann.next('ROOM_UPDATE'), { Room: { Uuid, Users: ['ann'] } });
  ann.post(Uuid, 'alone');
  await ann.nextPost();
  bob.post(Uuid, 'me too');
  t.match(await bob.next('error'), { error: /not in the room/ });
  for (const Room of [{ Uuid }, { Uuid: 'unknown' }, { RoomTypeObject: 'unknown' }])
    bob.send({ '@type': 'LEAVE', Room });
  t.strictSame(await bob.all(), [], 'leaving what one is not in is nothing');
});

test('DELETE_ROOM: for profile admin; the room and its messages go', async (t) => {
  const hub = await startChat(t);
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const root = await logIn(t, hub, 'root', { profile: 'admin' });
  const { Uuid } = await ann.join();
  const room = await bob.join();
  ann.post(Uuid, 'gone soon');
  await bob.nextPost();
  await ann.all();
  bob.send({ '@type': 'DELETE_ROOM', Room: { Uuid } });
  t.match(await bob.next(), { '@type': 'error', error: /only the profile admin/ });
  root.send({ '@type': 'DELETE_ROOM', Room: { Uuid } });
  const deleted = { '@type': 'DELETE_ROOM', Room: { ...room, LastUpdated: Number } };
  t.match(await root.all(), [deleted]);
  for (const client of [ann, bob]) t.match(await client.all(), [deleted]);
  ann.post(Uuid, 'anybody?');
  t.match(await ann.next(), { error: /not in the room/ });
  const again = await ann.join();
  t.not(again.Uuid, Uuid, 'a new room');
  t.strictSame(await ann.all(), [], 'without the old messages');
  root.send({ '@type': 'DELETE_ROOM', Room: { Uuid } });
  t.match(await root.next(), { error: /no such room/ });
  await root.join();
  root.send({ '@type': 'DELETE_ROOM', Room: {} });
  t.match(
    await root.all(),
    [{ '@type': 'DELETE_ROOM', Room: { Users: ['ann', 'root'] } }],
    'one who is in it is told once',
  );
});
