import { test } from 'tap';
import { type ChatClient, logIn, startChat } from './wire.ts';

async function refused(client: ChatClient, room: object): Promise<string> {
  client.send({ '@type': 'JOIN', Room: room });
  return (await client.next('error')).error;
}

test('there are so many rooms, and a user makes so many of them', async (t) => {
  const hub = await startChat(t, { rooms: 3, roomsPerUser: 2 });
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const root = await logIn(t, hub, 'root', { profile: 'admin' });
  for (const RoomTypeObject of ['1', '2']) await ann.join({ RoomTypeObject });
  t.match(await refused(ann, { RoomTypeObject: '3' }), 'you made 2 rooms, which is the limit');
  await ann.join({ RoomTypeObject: '1' });
  await bob.join({ RoomTypeObject: '3' });
  t.match(await refused(bob, { RoomTypeObject: '4' }), 'there are 3 rooms, which is the limit');
  root.send({ '@type': 'DELETE_ROOM', Room: { RoomTypeObject: '1' } });
  await root.next('DELETE_ROOM');
  await ann.join({ RoomTypeObject: '4' });
});

test('a room takes so many users, each with any number of sessions', async (t) => {
  const hub = await startChat(t, { usersPerRoom: 2 });
  const names = ['ann', 'ann', 'bob', 'ann', 'bob'];
  const clients = await Promise.all(names.map((name) => logIn(t, hub, name)));
  for (const client of clients) await client.join();
  const eve = await logIn(t, hub, 'eve');
  t.match(await refused(eve, {}), 'there are 2 users in the room, which is the limit');
  for (const client of [clients[2], clients[4]]) client?.send({ '@type': 'LEAVE', Room: {} });
  await clients[4]?.all();
  t.match(await eve.join(), { Users: ['ann', 'eve'] });
});

test('no more users than that get in when all come at once', async (t) => {
  const single = 'hubs let users in by what they know of each other, and all at once they may let in more';
  const hub = await startChat(t, { usersPerRoom: 3 }, { single });
  const clients = await Promise.all(Array.from({ length: 10 }, (_, i) => logIn(t, hub, `user${i}`)));
  for (const client of clients) client.send({ '@type': 'JOIN', Room: {} });
  const first = await Promise.all(clients.map((client) => client.next()));
  t.equal(first.filter((message) => message['@type'] === 'error').length, 7);
});

test('sessions of one user that come at once take one place', async (t) => {
  const hub = await startChat(t, { usersPerRoom: 2 });
  const names = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'ann' : 'bob'));
  const clients = await Promise.all(names.map((name) => logIn(t, hub, name)));
  for (const client of clients) client.send({ '@type': 'JOIN', Room: {} });
  for (const client of clients) t.match(await client.next(), { '@type': 'ROOM_UPDATE' });
});

test('a session is in so many rooms at a time', async (t) => {
  const hub = await startChat(t, { roomsPerSession: 2 });
  const ann = await logIn(t, hub, 'ann');
  for (const RoomTypeObject of ['1', '2', '1']) await ann.join({ RoomTypeObject });
  t.match(await refused(ann, { RoomTypeObject: '3' }), 'a session may be in 2 rooms at a time');
  ann.send({ '@type': 'LEAVE', Room: { RoomTypeObject: '1' } });
  await ann.join({ RoomTypeObject: '3' });
});

test('the longest message is an option', async (t) => {
  const hub = await startChat(t, { messageBytes: 10_000 });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  ann.post(Uuid, 'x'.repeat(9_000));
  t.equal((await ann.nextPost()).Message.length, 9_000);
});
