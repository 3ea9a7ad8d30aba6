import { type Test, test } from 'tap';
import type { Received } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { type ChatClient, logIn, startChat } from './wire.ts';

async function take(client: ChatClient, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) taken.push((await client.nextPost()).Message);
  return taken;
}

test('50 clients that post at once see one order, which is that of the history', async (t) => {
  const hub = await startChat(t, {}, { data: t.testdir() });
  const names = Array.from({ length: 50 }, (_, i) => `user${i}`);
  const clients = await Promise.all(names.map((name) => logIn(t, hub, name)));
  const rooms = await Promise.all(clients.map((client) => client.join()));
  const [{ Uuid }] = rooms;
  t.equal(new Set(rooms.map((room) => room.Uuid)).size, 1, 'joined at once, they made one room');
  const each = 10;
  for (let i = 0; i < each; i++)
    for (const [index, client] of clients.entries()) client.post(Uuid, `${index} ${i}`);
  const seen = await Promise.all(clients.map((client) => take(client, each * clients.length)));
  const [first = []] = seen;
  for (const other of seen) if (other.join() !== first.join()) t.fail('somebody saw another order');
  t.equal(new Set(first).size, each * clients.length, 'every post once');
  for (const index of clients.keys()) {
    const own = first.filter((text) => text.startsWith(`${index} `));
    t.strictSame(
      own,
      Array.from({ length: each }, (_, i) => `${index} ${i}`),
      'in the order of their author',
    );
  }
  const late = await logIn(t, hub, 'late');
  await late.join();
  t.strictSame(await take(late, first.length), first);
});

test('who joins while others post gets everything once, in order: what was before, then what is new', async (t) => {
  // Takes its time, so that much is said while somebody is about to join.
  const slow = plugin('slow', (hub) =>
    hub.hooks.authorizeSubscribe.tap(async () => {
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
      return undefined;
    }),
  );
  const hub = await startChat(t, { history: 10_000 }, { data: t.testdir(), plugins: [slow] });
  const ann = await logIn(t, hub, 'ann');
  const { Uuid } = await ann.join();
  let said = 0;
  let isOver = false;
  const talk = async () => {
    while (!isOver) {
      for (let i = 0; i < 5; i++) ann.post(Uuid, `${++said}`);
      await take(ann, 5);
    }
  };
  const talking = talk();
  const numbers = async (client: ChatClient, to: number) => {
    const seen: number[] = [];
    while (seen.at(-1) !== to) seen.push(Number((await client.nextPost()).Message));
    return seen;
  };
  const joiners: ChatClient[] = [];
  for (let i = 0; i < 15; i++) {
    const joiner = await logIn(t, hub, `joiner${i}`);
    await joiner.join();
    joiners.push(joiner);
  }
  isOver = true;
  await talking;
  const all = Array.from({ length: said }, (_, i) => i + 1);
  t.ok(said > 15, `${said} messages`);
  for (const joiner of joiners) t.strictSame(await numbers(joiner, said), all);
});

/** A hub where bob's joining waits at the last moment, until it may go on. */
async function startGated(t: Test) {
  const gate = { reached: Promise.withResolvers<void>(), open: Promise.withResolvers<void>() };
  const slow = plugin('slow', (hub) =>
    hub.hooks.authorizeSubscribe.tap(async ({ connection }) => {
      if (connection.identity?.user !== 'id-bob') return undefined;
      gate.reached.resolve();
      await gate.open.promise;
      return undefined;
    }),
  );
  const hub = await startChat(t, {}, { plugins: [slow] });
  const [ann, bob] = [await logIn(t, hub, 'ann', { profile: 'admin' }), await logIn(t, hub, 'bob')];
  return { hub, gate, ann, bob };
}

test('a message that was deleted while somebody joined is deleted for them, too', async (t) => {
  const { hub, gate, ann, bob } = await startGated(t);
  const { Uuid: RoomUuid } = await ann.join();
  ann.post(RoomUuid, 'one');
  const one = await ann.nextPost();
  bob.send({ '@type': 'JOIN', Room: {} });
  await gate.reached.promise;
  ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid: one.Uuid } });
  await ann.next('DELETE_MSG');
  ann.post(RoomUuid, 'two');
  const two = await ann.nextPost();
  await hub.settled();
  gate.open.resolve();
  const got: Received[] = await bob.all();
  t.match(got, [{ '@type': 'ROOM_UPDATE' }, one, { '@type': 'DELETE_MSG', Message: one }, two]);
});

test('who joins while more is said than is kept for that has to try again', async (t) => {
  const { hub, gate, ann, bob } = await startGated(t);
  const { Uuid } = await ann.join();
  bob.send({ '@type': 'JOIN', Room: {} });
  await gate.reached.promise;
  for (let said = 0; said <= 1_000; said += 91) {
    for (let i = 0; i < 91; i++) ann.post(Uuid, 'blah');
    await take(ann, 91);
  }
  await hub.settled();
  gate.open.resolve();
  t.match(await bob.all(), [{ '@type': 'error', error: /try again/ }]);
  t.strictSame(await ann.all(), [], 'nobody was told that bob came or went');
  t.match(await bob.join(), { Users: ['ann', 'bob'] });
});

test('who joins while the room is deleted is in no room', async (t) => {
  const { hub, gate, ann, bob } = await startGated(t);
  const { Uuid } = await ann.join();
  bob.send({ '@type': 'JOIN', Room: {} });
  await gate.reached.promise;
  ann.send({ '@type': 'DELETE_ROOM', Room: {} });
  await ann.next('DELETE_ROOM');
  await hub.settled();
  gate.open.resolve();
  t.match(await bob.all(), [{ '@type': 'error', error: /the room ended while you joined/ }]);
  t.not((await bob.join()).Uuid, Uuid);
});
