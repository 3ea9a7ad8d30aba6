import { test } from 'tap';
import { Queue } from '../../helpers/queue.ts';
import { connectChat, logIn, startChat, startChatAt, TestClock, tokenOf } from './wire.ts';

const ping = (Room: object) => ({ '@type': 'JOIN', Room, Message: { Message: 'PING' } });

test('a user silent for 20 s leaves the room; every message about a room is a sign of life', async (t) => {
  const clock = new TestClock();
  const hub = await startChatAt(t, clock);
  const [ann, bob, carl] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'carl'),
  ];
  const { Uuid } = await ann.join();
  await bob.join();
  await carl.join();
  await hub.settled();
  clock.pass(19);
  ann.send(ping({}));
  bob.post(Uuid, 'here');
  await bob.all();
  await ann.all();
  await hub.settled();
  clock.pass(1);
  t.match(await ann.next(), { '@type': 'ROOM_UPDATE', Room: { Users: ['ann', 'bob'] } });
  carl.post(Uuid, 'and me?');
  t.match(await carl.next('error'), { error: /not in the room/ });
  await hub.settled();
  clock.pass(18);
  ann.send({ '@type': 'HISTORY', Room: { Uuid } });
  t.match(await ann.all(), [{ '@type': 'ROOM_UPDATE' }, { Message: 'here' }]);
  await hub.settled();
  clock.pass(1);
  t.match(await ann.next(), { Room: { Users: ['ann'] } });
  t.strictSame(await carl.all(), [], 'who left is told nothing');
  await bob.all();
  await hub.settled();
  clock.pass(20);
  t.match(await bob.join(), { Users: ['bob'] });
});

test('one session of a user is a sign of life for all of them', async (t) => {
  const clock = new TestClock();
  const hub = await startChatAt(t, clock);
  const [first, second] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'ann')];
  const { Uuid } = await first.join();
  await second.join();
  for (let i = 0; i < 3; i++) {
    await hub.settled();
    clock.pass(15);
    first.send(ping({}));
    await first.all();
  }
  first.post(Uuid, 'still two');
  t.match(await second.nextPost(), { Message: 'still two' });
  await hub.settled();
  clock.pass(20);
  for (const client of [first, second]) {
    client.post(Uuid, 'too late');
    t.match(await client.next('error'), { error: /not in the room/ });
  }
});

test('a heartbeat never makes a room, and is silent where it changes nothing', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  ann.send(ping({ RoomTypeObject: 'x' }));
  t.strictSame(await ann.all(), []);
  ann.send({ '@type': 'HISTORY', Room: { RoomTypeObject: 'x' } });
  t.match(await ann.next(), { error: 'there is no such room' });
  const { Uuid } = await ann.join();
  ann.post(Uuid, 'hello');
  await ann.nextPost();
  ann.send(ping({}));
  t.strictSame(await ann.all(), []);
});

test('a heartbeat after the silence brings the user back, without the history', async (t) => {
  const clock = new TestClock();
  const hub = await startChatAt(t, clock);
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const { Uuid } = await ann.join();
  ann.post(Uuid, 'before');
  await ann.nextPost();
  await hub.settled();
  clock.pass(20);
  await bob.join();
  await bob.all();
  ann.send(ping({}));
  t.match(await bob.all(), [{ '@type': 'ROOM_UPDATE', Room: { Users: ['bob', 'ann'] } }]);
  t.match(await ann.all(), [{ '@type': 'ROOM_UPDATE', Room: { Users: ['bob', 'ann'] } }]);
  ann.post(Uuid, 'again');
  t.match(await bob.nextPost(), { Message: 'again', Author: 'ann' });
});

test('lost connections leave their rooms, the last one of a user with a word to the others', async (t) => {
  const hub = await startChat(t);
  const [ann, bob, second] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'bob'),
  ];
  const rooms = [{}, { RoomTypeObject: 'other' }];
  for (const room of rooms) for (const client of [ann, bob, second]) await client.join(room);
  await ann.all();
  bob.socket.terminate();
  await bob.closed;
  t.strictSame(await ann.all(), []);
  second.socket.terminate();
  const updates = new Queue<string>();
  for (const _ of rooms) {
    const { Room } = await ann.next('ROOM_UPDATE');
    t.strictSame(Room.Users, ['ann']);
    updates.push(Room.RoomTypeObject);
  }
  t.strictSame([await updates.next(), await updates.next()].sort(), ['', 'other']);
});

test('a connection lost while it joins is in no room', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann');
  await ann.join();
  const jwt = await tokenOf(hub, 'bob');
  for (let i = 0; i < 5; i++) {
    const bob = await connectChat(t, hub);
    bob.send({ '@type': 'subscribe', jwt });
    bob.send({ '@type': 'JOIN', Room: {} });
    bob.socket.close();
    await bob.closed;
  }
  for (;;) {
    const { Users } = await ann.join();
    if (Users.length === 1) break;
  }
  t.pass('only ann is left');
});
