/** Rooms over several hubs of one process, which can be cut off from each other. */
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import type { Received, TestHub } from '../../helpers/hub.ts';
import { type SharedBroker, SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { type ChatClient, logIn, startChat } from './wire.ts';

interface Member {
  readonly hub: TestHub;
  readonly broker: SharedBroker;
}

async function startCluster(t: Test): Promise<[Member, Member, Member]> {
  const network = new SharedNetwork();
  const store = await sharedStore();
  const join = async () => {
    const parts = network.hub();
    const secret = 'the same on all hubs of the cluster';
    const limits = { messagesPerSecond: 1_000_000, burst: 1_000_000 };
    const options = { ...parts, limits, identity: { secret }, plugins: [store.plugin] };
    return { hub: await startChat(t, { history: 10_000 }, options), broker: parts.broker };
  };
  return [await join(), await join(), await join()];
}

/** Asks again until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(20);
}

/** All that is in the room, and who, as a hub tells it. */
async function replica(client: ChatClient, Room: object) {
  await client.all();
  client.send({ '@type': 'HISTORY', Room });
  const [update, ...messages] = await client.all();
  return { users: update.Room.Users, messages };
}

const KINDS = ['post', 'post', 'post', 'join', 'leave', 'delete', 'cut', 'restore', 'pause'] as const;
const command = fc.record({ kind: fc.constantFrom(...KINDS), who: fc.nat({ max: 5 }) });

test('whatever comes to three hubs that lose each other: all have one order, and every post that was seen once', async (t) => {
  const hubs = await startCluster(t);
  const hubOf = (index: number) => hubs[index % 3] ?? hubs[0];
  const people = await Promise.all(
    Array.from({ length: 6 }, (_, i) => logIn(t, hubOf(i).hub, `user${i}`, { profile: 'admin' })),
  );
  const watchers = await Promise.all(hubs.map(({ hub }, i) => logIn(t, hub, `watcher${i}`)));
  let runs = 0;

  const run = async (commands: readonly { kind: (typeof KINDS)[number]; who: number }[]) => {
    const Room = { RoomTypeObject: `${++runs}` };
    let Uuid = '';
    for (const client of [...watchers, ...people]) await client.all();
    for (const client of [...watchers, ...people]) ({ Uuid } = await client.join(Room));
    for (const client of [...watchers, ...people]) await client.all();
    /** What came to everybody. */
    const got: Received[][] = people.map(() => []);
    const seen: Received[][] = watchers.map(() => []);
    const take = async () => {
      for (const [i, client] of people.entries()) got[i]?.push(...(await client.all()));
      for (const [i, client] of watchers.entries()) seen[i]?.push(...(await client.all()));
    };
    for (const [n, { kind, who }] of commands.entries()) {
      const client = people[who];
      const { broker } = hubOf(who);
      if (kind === 'post') client?.post(Uuid, `${n}`);
      else if (kind === 'join') client?.send({ '@type': 'JOIN', Room });
      else if (kind === 'leave') client?.send({ '@type': 'LEAVE', Room });
      else if (kind === 'cut') broker.cut();
      else if (kind === 'restore') broker.restore();
      else if (kind === 'pause') await take();
      else {
        await take();
        const own = got[who]?.findLast(({ Author }) => Author === `user${who}`);
        client?.send({ '@type': 'DELETE_MSG', Message: { RoomUuid: Uuid, Uuid: own?.Uuid ?? '' } });
      }
    }
    for (const { broker } of hubs) broker.restore();

    const posts = (messages: readonly Received[] = []) =>
      messages.filter((message) => message['@type'] === undefined);
    const deleted = (messages: readonly Received[] = []) =>
      messages.filter((message) => message['@type'] === 'DELETE_MSG').map(({ Message }) => Message.Uuid);
    let stored: Received[] = [];
    await until(async () => {
      await take();
      const [one, ...others] = await Promise.all(watchers.map((client) => replica(client, Room)));
      stored = one?.messages ?? [];
      const isWhole = (messages: readonly Received[]) => {
        const gone = new Set(deleted(messages));
        return ids(posts(messages).filter((post) => !gone.has(post.Uuid))) === ids(stored);
      };
      return others.every((other) => JSON.stringify(other) === JSON.stringify(one)) && seen.every(isWhole);
    });
    const all = stored.map((message) => message.Uuid);
    if (new Set(all).size !== all.length) throw new Error('a message is there twice');
    for (const [who, messages] of got.entries()) {
      const gone = deleted(seen[0]);
      for (const post of posts(messages))
        if (!all.includes(post.Uuid) && !gone.includes(post.Uuid)) throw new Error(`lost ${post.Message}`);
      const own = stored
        .filter(({ Author }) => Author === `user${who}`)
        .map(({ Message }) => Number(Message));
      if (own.join() !== own.toSorted((a, b) => a - b).join()) throw new Error(`out of order: ${own}`);
    }
    for (const client of [...watchers, ...people]) client.send({ '@type': 'LEAVE', Room });
    for (const client of [...watchers, ...people]) await client.all();
  };
  await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 40 }), run), { numRuns: 25 });
  for (const { hub } of hubs) t.strictSame(loggedErrors(hub), []);
});

const ids = (messages: readonly Received[]) => messages.map(({ Uuid }) => Uuid).join();

test('a hub that was cut off: its members get what they missed, in order, and lose what was deleted', async (t) => {
  const [a, b] = await startCluster(t);
  const [ann, bob] = [await logIn(t, a.hub, 'ann', { profile: 'admin' }), await logIn(t, b.hub, 'bob')];
  const { Uuid: RoomUuid } = await ann.join();
  await bob.join();
  await ann.all();
  const gone = await ann.join({ RoomTypeObject: 'gone' });
  await bob.join({ RoomTypeObject: 'gone' });
  ann.post(RoomUuid, 'one');
  const one = await bob.nextPost();
  b.broker.cut();
  for (const text of ['two', 'three', 'four']) ann.post(RoomUuid, text);
  await ann.nextPost();
  const two = await ann.nextPost();
  const carl = await logIn(t, a.hub, 'carl');
  await carl.join();
  for (const { Uuid } of [one, two]) {
    ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid } });
    await ann.next('DELETE_MSG');
  }
  ann.send({ '@type': 'DELETE_ROOM', Room: { RoomTypeObject: 'gone' } });
  const made = await carl.join({ RoomTypeObject: 'new' });
  b.broker.restore();

  const got: Received[] = [];
  await until(async () => {
    got.push(...(await bob.all()));
    return (
      got.some((message) => message['@type'] === 'DELETE_ROOM') &&
      got.some(({ Message }) => Message === 'four')
    );
  });
  const texts = got.filter((message) => message['@type'] === undefined).map(({ Message }) => Message);
  t.strictSame(texts, ['three', 'four'], 'what was said and not deleted');
  const deleted = got
    .filter((message) => message['@type'] === 'DELETE_MSG')
    .map(({ Message }) => Message.Message);
  t.strictSame(deleted, ['one', 'two']);
  t.match(got.find((message) => message['@type'] === 'DELETE_ROOM')?.Room, { Uuid: gone.Uuid });
  t.equal((await bob.join({ RoomTypeObject: 'new' })).Uuid, made.Uuid);
  bob.send({ '@type': 'HISTORY', Room: { Uuid: RoomUuid } });
  t.match(await bob.next('ROOM_UPDATE'), { Room: { Users: ['ann', 'bob', 'carl'] } });
});

test('hubs that are asked for a room of one name at once make one', async (t) => {
  const hubs = await startCluster(t);
  const clients = await Promise.all(
    Array.from({ length: 12 }, (_, i) => logIn(t, hubs[i % 3]?.hub ?? hubs[0].hub, `user${i}`)),
  );
  const rooms = await Promise.all(clients.map((client) => client.join({ RoomTypeObject: 'x' })));
  t.equal(new Set(rooms.map(({ Uuid }) => Uuid)).size, 1);
  for (const client of clients) client.post(rooms[0].Uuid, 'hello');
  const seen = await Promise.all(
    clients.map(async (client) => {
      const authors: string[] = [];
      while (authors.length < clients.length) authors.push((await client.nextPost()).Author);
      return authors.join();
    }),
  );
  t.equal(new Set(seen).size, 1, 'and see one order');
});

test('while its hub cannot hear the others, nobody waits for ever to join', async (t) => {
  const [a, b] = await startCluster(t);
  const ann = await logIn(t, a.hub, 'ann');
  await ann.join();
  const bob = await logIn(t, b.hub, 'bob');
  b.broker.cut();
  bob.send({ '@type': 'JOIN', Room: {} });
  t.match(await bob.next(), { '@type': 'error', error: /other hubs cannot be reached .*try again/ });
  b.broker.restore();
  t.match(await bob.join(), { Users: ['ann', 'bob'] });
});
