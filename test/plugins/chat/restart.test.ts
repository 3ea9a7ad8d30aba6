import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Test, test } from 'tap';
import type { Received } from '../../helpers/hub.ts';
import { type ChatClient, connectChat, logIn, startChat } from './wire.ts';

test('after a restart rooms and messages are there, and nobody is in them', async (t) => {
  const data = t.testdir();
  const first = await startChat(t, {}, { data });
  const [ann, bob] = [await logIn(t, first, 'ann'), await logIn(t, first, 'bob')];
  const room = await ann.join({ RoomTypeObject: 'x', RoomLabel: 'The room' });
  await bob.join({ RoomTypeObject: 'x' });
  const said: Received[] = [];
  for (const text of ['one', 'two', 'three']) {
    ann.post(room.Uuid, text);
    said.push(await ann.nextPost());
  }
  ann.send({ '@type': 'DELETE_MSG', Message: { RoomUuid: room.Uuid, Uuid: said[2].Uuid } });
  await ann.next('DELETE_MSG');
  const gone = await ann.join({ RoomTypeObject: 'gone' });
  ann.post(gone.Uuid, 'gone');
  await ann.nextPost();
  const root = await logIn(t, first, 'root', { profile: 'admin' });
  root.send({ '@type': 'DELETE_ROOM', Room: { Uuid: gone.Uuid } });
  await root.next('DELETE_ROOM');
  await first.stop();

  const second = await startChat(t, {}, { data });
  const again = await logIn(t, second, 'ann');
  const { LastUpdated, ...rest } = await again.join({ RoomTypeObject: 'x' });
  t.strictSame(rest, {
    Uuid: room.Uuid,
    Type: 'GLOBAL',
    RoomTypeObject: 'x',
    RoomLabel: 'The room',
    Users: ['ann'],
  });
  t.equal(LastUpdated, said[1].Timestamp);
  t.strictSame(await again.all(), said.slice(0, 2));
  again.post(room.Uuid, 'four');
  const four = await again.nextPost();
  again.send({ '@type': 'DELETE_MSG', Message: { RoomUuid: room.Uuid, Uuid: four.Uuid } });
  t.match(await again.next(), { '@type': 'DELETE_MSG' }, 'ids lead to their messages after a restart, too');
  t.not((await again.join({ RoomTypeObject: 'gone' })).Uuid, gone.Uuid);
  t.strictSame(await again.all(), []);
});

const SECRET = 'a secret that outlives the hub processes';

interface HubProcess {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startProcess(t: Test, data: string): Promise<HubProcess> {
  const child = fork(new URL('./hub-process.ts', import.meta.url), [data, SECRET]);
  t.teardown(() => child.kill('SIGKILL'));
  const [port] = await once(child, 'message');
  return { child, port };
}

test('kill -9 in a storm of posts loses none that somebody saw, and keeps their order', async (t) => {
  const data = t.testdir();
  const signer = await startChat(t, {}, { identity: { secret: SECRET } });
  const jwt = await signer.identity.sign('ann');
  const open = async (hub: HubProcess): Promise<{ client: ChatClient; room: string }> => {
    const client = await connectChat(t, hub);
    client.send({ '@type': 'subscribe', jwt });
    return { client, room: (await client.join({})).Uuid };
  };
  const hub = await startProcess(t, data);
  const posters = [await open(hub), await open(hub), await open(hub)];
  const { client: watcher } = await open(hub);
  const seen: string[] = [];
  let next = 0;
  for (const { client, room } of posters) for (let i = 0; i < 8; i++) client.post(room, `${next++}`);
  while (seen.length < 300) {
    seen.push((await watcher.nextPost()).Message);
    const poster = posters[next % posters.length];
    poster?.client.post(poster.room, `${next++}`);
  }
  hub.child.kill('SIGKILL');
  await once(hub.child, 'exit');

  const { client, room } = await open(await startProcess(t, data));
  const stored = (await client.all()).map(({ Message }) => Message);
  t.strictSame(stored.slice(0, seen.length), seen);
  client.post(room, 'and on');
  t.match(await client.nextPost(), { Message: 'and on' });
});
