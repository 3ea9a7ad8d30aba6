import { test } from 'tap';
import type { Hub } from '../../../core/index.ts';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { type ChatClient, logIn, startChat, tokenOf } from './wire.ts';

test('rooms of others are not to be had by their ids', async (t) => {
  const hub = await startChat(t);
  const ann = await logIn(t, hub, 'ann', { workspaces: ['a'] });
  const { Uuid } = await ann.join({ Type: 'WORKSPACE', RoomTypeObject: 'a' });
  ann.post(Uuid, 'secret');
  const said = await ann.nextPost();
  const eve = await logIn(t, hub, 'eve', { workspaces: ['e'] });
  await eve.join({ Type: 'WORKSPACE', RoomTypeObject: 'e' });
  const Room = { Uuid, Type: 'WORKSPACE', RoomTypeObject: 'e' };
  eve.send({ '@type': 'JOIN', Room });
  const { Room: own } = await eve.next('ROOM_UPDATE');
  t.not(own.Uuid, Uuid, 'JOIN finds by type and object alone');
  const unknown = [];
  for (const RoomUuid of [Uuid, 'unknown']) {
    eve.post(RoomUuid, 'let me in');
    eve.send({ '@type': 'DELETE_MSG', Message: { RoomUuid, Uuid: said.Uuid } });
    unknown.push(
      (await eve.next('error')).error.replace(RoomUuid, ''),
      (await eve.next('error')).error.replace(RoomUuid, ''),
    );
  }
  t.equal(new Set(unknown).size, 1, 'whether there is such a room is not told');
  eve.send({ '@type': 'LEAVE', Room });
  eve.send({ '@type': 'HISTORY', Room });
  t.match(await eve.next('error'), { error: /not one of yours/ });
  eve.send({ '@type': 'DELETE_MSG', Message: { RoomUuid: own.Uuid, Uuid: said.Uuid } });
  t.match(await eve.next('error'), { error: /no such message/ });
  ann.post(Uuid, 'still here');
  t.match(await ann.next(), { Message: 'still here' });
});

test('the names of rooms cannot hold HTML, and labels are cleaned', async (t) => {
  const hub = await startChat(t);
  const eve = await logIn(t, hub, 'eve');
  for (const RoomTypeObject of ['<img src=x>', 'a"b', 'a\u0000b', 'x'.repeat(257)]) {
    eve.send({ '@type': 'JOIN', Room: { RoomTypeObject } });
    t.match(await eve.next(), { '@type': 'error', error: /\/Room\/RoomTypeObject must/ });
  }
  const label = 'Tea <b>&</b> <script>alert(1)</script>cake';
  t.equal((await eve.join({ RoomTypeObject: 'o', RoomLabel: label })).RoomLabel, 'Tea &amp; cake');
  const tricky = await eve.join({ RoomTypeObject: '__proto__', RoomLabel: 'constructor' });
  t.match(tricky, { RoomTypeObject: '__proto__', RoomLabel: 'constructor', Users: ['eve'] });
});

test('what is posted is cleaned for everybody and for the history', async (t) => {
  const hub = await startChat(t);
  const [ann, eve] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'eve')];
  const { Uuid: RoomUuid } = await ann.join();
  await eve.join();
  const posts: [string, string][] = [
    ['<script>alert(1)</script>hello', 'hello'],
    ['<b onclick="x()">bold</b> & <i>it</i>', '<b>bold</b> &amp; <i>it</i>'],
    ['<img src=x onerror=alert(1)>pic', 'pic'],
    ['<a href="javascript:alert(1)">go</a>', '<a rel="nofollow noopener noreferrer">go</a>'],
    [
      '<a href="https://example.com/?a=1&amp;b=2">go</a>',
      '<a href="https://example.com/?a=1&amp;b=2" rel="nofollow noopener noreferrer">go</a>',
    ],
    ['<iframe src="//evil"></iframe><svg/onload=alert(1)>x', 'x'],
    ['<scr<script>ipt>alert(1)</script>', 'ipt&gt;alert(1)'],
    ['</div><style>*{display:none}</style>end', 'end'],
    ['1 < 2 and 3 > 2', '1 &lt; 2 and 3 &gt; 2'],
    ['plain "quotes" and \'more\'', 'plain "quotes" and \'more\''],
  ];
  for (const [text] of posts) eve.post(RoomUuid, text);
  for (const [text, clean] of posts) t.equal((await ann.nextPost()).Message, clean, text);
  const Activity = {
    '<b>k</b>': ['<script>x</script>ok', { deep: '<img src=x>' }],
    n: 1,
    yes: true,
    none: null,
  };
  eve.send({ '@type': 'POST', Message: { RoomUuid, Message: 'liked', Activity } });
  t.strictSame((await ann.nextPost()).Activity, { k: ['ok', { deep: '' }], n: 1, yes: true, none: null });
  const late = await logIn(t, hub, 'late');
  await late.join();
  for (const [text, clean] of posts) t.equal((await late.nextPost()).Message, clean, text);
});

test('malformed messages are errors that name the field, and nothing breaks', async (t) => {
  const hub = await startChat(t);
  const eve = await logIn(t, hub, 'eve');
  const { Uuid: RoomUuid } = await eve.join();
  const bad: [object, RegExp][] = [
    [{ '@type': 'JOIN' }, /required property 'Room'/],
    [{ '@type': 'JOIN', Room: 'x' }, /\/Room must be object/],
    [{ '@type': 'JOIN', Room: { Type: 'GALAXY' } }, /\/Room\/Type must be one of .*GLOBAL/],
    [{ '@type': 'JOIN', Room: { Type: 5 } }, /\/Room\/Type must be one of/],
    [{ '@type': 'POST' }, /required property 'Message'/],
    [{ '@type': 'POST', Message: { RoomUuid, Message: 7 } }, /\/Message\/Message must be string/],
    [{ '@type': 'POST', Message: { RoomUuid, Activity: [] } }, /\/Message\/Activity must be object/],
    [{ '@type': 'POST', Message: { Message: 'nowhere' } }, /not in the room ""/],
    [{ '@type': 'subscribe', jwt: 7 }, /\/jwt must be string/],
  ];
  for (const [message, reason] of bad) {
    eve.send(message);
    t.match(await eve.next(), { '@type': 'error', error: reason }, JSON.stringify(message));
  }
  eve.send(`{"@type":"POST","Message":{"RoomUuid":"${RoomUuid}","Message":"\\ud800 half"}}`);
  eve.post(RoomUuid, 'fine');
  t.match(await eve.nextPost(), { Message: /half/ });
  t.match(await eve.nextPost(), { Message: 'fine' });
  t.strictSame(loggedErrors(hub), []);
});

test('with the token of another user, a connection leaves all its rooms before anything else comes', async (t) => {
  const asked = new Queue<string>();
  const gate = Promise.withResolvers<void>();
  const slow = plugin('slow', (hub) => {
    hub.hooks.authorizeSubscribe.tap(
      async ({ connection }) => {
        const user = connection.identity?.user ?? '';
        asked.push(user);
        if (user === 'id-eve') await gate.promise;
        return undefined;
      },
      { stage: -10 },
    );
  });
  const hub = await startChat(t, {}, { plugins: [slow] });
  const ann = await logIn(t, hub, 'ann', { workspaces: ['a'] });
  const bob = await logIn(t, hub, 'bob', { workspaces: ['a'] });
  const rooms: string[] = [];
  for (const room of [{ Type: 'WORKSPACE', RoomTypeObject: 'a' }, {}, { RoomTypeObject: 'more' }]) {
    rooms.push((await ann.join(room)).Uuid);
    await bob.join(room);
  }
  await bob.all();
  await ann.all();
  ann.send({ '@type': 'subscribe', jwt: await tokenOf(hub, 'eve', { workspaces: ['a'] }) });
  for (const _ of rooms) t.match(await bob.next('ROOM_UPDATE'), { Room: { Users: ['bob'] } });
  for (const RoomUuid of rooms) {
    bob.post(RoomUuid, 'not for eve');
    await bob.nextPost();
    ann.post(RoomUuid, 'as whom?');
    t.match(await ann.next(), { '@type': 'error', error: /not in the room/ });
  }
  ann.send({ '@type': 'JOIN', Room: { Type: 'WORKSPACE', RoomTypeObject: 'a' } });
  for (let login = await asked.next(); login !== 'id-eve'; ) login = await asked.next();
  gate.resolve();
  t.match(await ann.next('ROOM_UPDATE'), { Room: { Users: ['bob', 'eve'] } });
  ann.post(rooms[0] ?? '', 'it is me');
  t.match(await bob.nextPost(), { Author: 'eve', Message: 'it is me' });
});

test('a token swap between a post and the next one changes the author in between', async (t) => {
  const hub = await startChat(t);
  const client = await logIn(t, hub, 'ann');
  const watcher = await logIn(t, hub, 'bob');
  const { Uuid } = await client.join();
  await watcher.join();
  const jwt = await tokenOf(hub, 'eve');
  client.post(Uuid, 'one');
  client.send({ '@type': 'subscribe', jwt });
  client.post(Uuid, 'two');
  client.send({ '@type': 'JOIN', Room: {} });
  client.post(Uuid, 'three');
  const said = [await watcher.nextPost(), await watcher.nextPost()];
  t.match(said, [
    { Author: 'ann', Message: 'one' },
    { Author: 'eve', Message: 'three' },
  ]);
});

/** On whichever of the hubs. */
const connectionOf = (hubs: readonly Hub[], user: string) =>
  hubs.flatMap((hub) => hub.connectionsOf(user))[0];

test('a session that ends while it joins is in no room', async (t) => {
  const gate = { reached: Promise.withResolvers<void>(), open: Promise.withResolvers<void>() };
  const slow = plugin('slow', (hub) =>
    hub.use('chat').decide(async ({ login }) => {
      if (login !== 'ann') return undefined;
      gate.reached.resolve();
      await gate.open.promise;
      return 'read-write';
    }),
  );
  const hubs: Hub[] = [];
  const forgets = plugin('forgets', (hub) => void hubs.push(hub));
  const hub = await startChat(t, {}, { plugins: [slow, forgets] });
  const ann: ChatClient = await logIn(t, hub, 'ann');
  ann.send({ '@type': 'JOIN', Room: {} });
  await gate.reached.promise;
  await connectionOf(hubs, 'id-ann')?.forget();
  gate.open.resolve();
  t.match(await ann.next(), { '@type': 'error', error: /session ended/ });
  t.match(await (await logIn(t, hub, 'bob')).join(), { Users: ['bob'] });
});

test('while a newer token is being decided about, nothing can be posted with it', async (t) => {
  const gate = { reached: Promise.withResolvers<void>(), open: Promise.withResolvers<void>() };
  const hubs: Hub[] = [];
  const slow = plugin('slow', (hub) => {
    hubs.push(hub);
    hub.use('chat').decide(async ({ roles }) => {
      if (!roles.includes('reader')) return 'read-write';
      gate.reached.resolve();
      await gate.open.promise;
      return 'read-only';
    });
  });
  const hub = await startChat(t, {}, { plugins: [slow] });
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const { Uuid } = await ann.join();
  await bob.join();
  await ann.all();
  const jwt = await tokenOf(hub, 'ann', { roles: ['reader'] });
  const renewed = connectionOf(hubs, 'id-ann')?.identify(jwt);
  await gate.reached.promise;
  ann.post(Uuid, 'quick');
  t.match(await ann.next(), { error: /not in the room/ });
  gate.open.resolve();
  await renewed;
  ann.post(Uuid, 'late');
  t.match(await ann.next(), { error: 'you may only read in this room' });
  bob.post(Uuid, 'both are there');
  t.match(await ann.nextPost(), { Message: 'both are there' });
});
