import { test } from 'tap';
import { HubError } from '../../../core/index.ts';
import type { RoomDecider } from '../../../plugins/chat/service.ts';
import { plugin } from '../../helpers/plugin.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { type ChatClient, logIn, startChat, tokenOf } from './wire.ts';

const decider = (name: string, decide: RoomDecider) => plugin(name, (hub) => hub.use('chat').decide(decide));

async function denied(client: ChatClient, room: object): Promise<string> {
  client.send({ '@type': 'JOIN', Room: room });
  const failed = (await client.all()).find((message) => message['@type'] === 'error');
  if (failed === undefined) throw new Error('not denied');
  return failed.error;
}

test('WORKSPACE rooms are for sessions of the workspace', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann', { workspaces: ['ws1', { id: 'ws2', slug: 'two', roots: ['r'] }] });
  for (const RoomTypeObject of ['ws1', 'ws2']) await ann.join({ Type: 'WORKSPACE', RoomTypeObject });
  for (const RoomTypeObject of ['two', 'ws3', '', 'WS1'])
    t.match(await denied(ann, { Type: 'WORKSPACE', RoomTypeObject }), /not one of yours/, RoomTypeObject);
});

test('USER rooms are for the two users, who may name them in any way', async (t) => {
  const hub = await startChat(t);
  const [ann, bob, eve] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'eve'),
  ];
  const { Uuid, RoomTypeObject } = await ann.join({ Type: 'USER', RoomTypeObject: 'bob' });
  t.equal(RoomTypeObject, 'ann,bob');
  for (const RoomTypeObject of ['ann', 'ann,bob', 'bob,ann'])
    t.equal((await bob.join({ Type: 'USER', RoomTypeObject })).Uuid, Uuid);
  t.match(await denied(eve, { Type: 'USER', RoomTypeObject: 'ann,bob' }), /two other users/);
  for (const RoomTypeObject of ['', 'eve', 'eve,eve', 'ann,bob,eve', ','])
    t.match(
      await denied(eve, { Type: 'USER', RoomTypeObject }),
      /RoomTypeObject of a USER room/,
      RoomTypeObject,
    );
  const trick = await logIn(t, hub, 'ann,bob');
  t.match(await denied(trick, { Type: 'USER', RoomTypeObject: 'ann,bob' }), /RoomTypeObject|two other/);
});

test('NODE and OBJECT rooms are denied where no plugin decides, unless the options say otherwise', async (t) => {
  const strict = await startChat(t);
  const ann = await logIn(t, strict, 'ann', { profile: 'admin' });
  for (const Type of ['NODE', 'OBJECT'])
    t.match(
      await denied(ann, { Type, RoomTypeObject: 'n1' }),
      new RegExp(`nothing lets you join this ${Type} room`),
    );
  const reading = await startChat(t, { undecided: 'read-only' });
  const bob = await logIn(t, reading, 'bob');
  const { Uuid } = await bob.join({ Type: 'NODE', RoomTypeObject: 'n1' });
  bob.post(Uuid, 'hello');
  t.match(await bob.next(), { '@type': 'error', error: 'you may only read in this room' });
});

test('a plugin decides: read-write, read-only, denied, or leaves it to the next and to the rules', async (t) => {
  const first = decider('first', async ({ login, type, object }) => {
    await new Promise(setImmediate);
    if (object === 'refused') throw new HubError('forbidden', 'not today');
    if (login === 'eve') return { deny: 'not eve' };
    return type === 'NODE' ? (login === 'ann' ? 'read-write' : 'read-only') : undefined;
  });
  const second = decider('second', ({ type }) => (type === 'OBJECT' ? 'read-write' : undefined));
  const hub = await startChat(t, {}, { plugins: [first, second] });
  const [ann, bob, eve] = [
    await logIn(t, hub, 'ann'),
    await logIn(t, hub, 'bob'),
    await logIn(t, hub, 'eve'),
  ];
  const node = { Type: 'NODE', RoomTypeObject: 'n1' };
  const { Uuid } = await ann.join(node);
  await bob.join(node);
  t.equal(await denied(eve, node), 'not eve');
  t.equal(await denied(eve, { Type: 'GLOBAL' }), 'not eve', 'also over the rules of the type');
  t.equal(await denied(ann, { Type: 'GLOBAL', RoomTypeObject: 'refused' }), 'not today');
  bob.post(Uuid, 'may I?');
  t.match(await bob.next(), { error: 'you may only read in this room' });
  ann.post(Uuid, 'no');
  t.match(await bob.nextPost(), { Message: 'no' }, 'who may only read gets what is said');
  await ann.join({ Type: 'OBJECT', RoomTypeObject: 'o1' });
  await ann.join({ Type: 'GLOBAL' });
  t.match(await denied(ann, { Type: 'WORKSPACE', RoomTypeObject: 'x' }), /not one of yours/);
});

test('a decider that fails, or says what is no verdict, denies and is logged', async (t) => {
  const odd = decider('odd', (({ object }: { object: string }) => {
    if (object === 'throws') throw new Error('secret detail');
    return { no: false, nothing: null, text: 'readonly', empty: {} }[object];
  }) as unknown as RoomDecider);
  const hub = await startChat(t, {}, { plugins: [odd] });
  const ann = await logIn(t, hub, 'ann');
  for (const RoomTypeObject of ['throws', 'no', 'nothing', 'text', 'empty'])
    t.equal(
      await denied(ann, { RoomTypeObject }),
      'the hub failed to decide whether you may join',
      RoomTypeObject,
    );
  t.equal(loggedErrors(hub).length, 5);
  t.match(loggedErrors(hub)[0], { decider: 'odd', msg: /"odd" failed to decide/ });
});

test('deciders are taken on during set-up only', async (t) => {
  const late: { decide?: () => void } = {};
  const keeps = plugin('keeps', (hub) => {
    const chat = hub.use('chat');
    late.decide = () => chat.decide(() => 'read-write');
  });
  await startChat(t, {}, { plugins: [keeps] });
  t.throws(() => late.decide?.(), /"keeps" may decide about rooms of chat only during set-up/);
});

test('a refreshed token of the same user has the rooms decided again', async (t) => {
  const roles = decider('roles', ({ type, roles }) => {
    if (type !== 'NODE') return undefined;
    return roles.includes('writer')
      ? 'read-write'
      : roles.includes('reader')
        ? 'read-only'
        : { deny: 'no role' };
  });
  const hub = await startChat(t, {}, { plugins: [roles] });
  const bob = await logIn(t, hub, 'bob', { roles: ['writer'] });
  const node = { Type: 'NODE', RoomTypeObject: 'n1' };
  await bob.join(node);
  const ann = await logIn(t, hub, 'ann', { roles: ['writer'] });
  const { Uuid } = await ann.join(node);
  const refresh = async (claims: object) =>
    ann.send({ '@type': 'subscribe', jwt: await tokenOf(hub, 'ann', claims) });
  await refresh({ roles: ['writer', 'more'] });
  ann.post(Uuid, 'still writing');
  t.match(await ann.nextPost(), { Message: 'still writing' });
  await refresh({ roles: ['reader'] });
  ann.post(Uuid, 'reading only');
  t.match(await ann.next(), { error: 'you may only read in this room' });
  bob.post(Uuid, 'for readers');
  t.match(await ann.nextPost(), { Message: 'for readers' });
  await bob.all();
  await refresh({ roles: [] });
  t.match(await bob.next('ROOM_UPDATE'), { Room: { Users: ['bob'] } });
  ann.post(Uuid, 'nothing');
  t.match(await ann.next(), { error: /not in the room/ });
  bob.post(Uuid, 'not for ann');
  await bob.nextPost();
  t.strictSame(await ann.all(), []);
});

test('other plugins may object by the hook of the core', async (t) => {
  const objects = plugin('objects', (hub) =>
    hub.hooks.authorizeSubscribe.tap(({ connection }) =>
      connection.identity?.user === 'id-eve' ? { deny: 'the hub does not like eve' } : undefined,
    ),
  );
  const hub = await startChat(t, {}, { plugins: [objects] });
  t.equal(await denied(await logIn(t, hub, 'eve'), {}), 'the hub does not like eve');
  t.match(await (await logIn(t, hub, 'ann')).join(), { Users: ['ann'] });
});
