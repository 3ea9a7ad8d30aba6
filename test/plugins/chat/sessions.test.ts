import { test } from 'tap';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';
import { connectChat, logIn, startChat, tokenOf } from './wire.ts';

test('a session begins with a token in any of the three forms, on both addresses', async (t) => {
  const hub = await startChat(t);
  const jwt = await tokenOf(hub, 'ann');
  for (const path of ['/chat', '/ws/chat'])
    for (const first of [{ '@type': 'subscribe', jwt }, { '@type': 'register', jwt }, `register:${jwt}`]) {
      const client = await connectChat(t, hub, path);
      client.send(first);
      t.match(await client.join(), { Users: ['ann'] });
    }
});

test('an empty token is an error and a close', async (t) => {
  const hub = await startChat(t);
  for (const first of [{ '@type': 'subscribe', jwt: '' }, { '@type': 'register' }, 'register:']) {
    const client = await connectChat(t, hub);
    client.send(first);
    t.strictSame(await client.next(), { '@type': 'error', error: 'empty jwt' });
    t.strictSame(await client.closed, { code: 4501, reason: 'empty jwt' });
  }
});

test('an invalid or expired token is an error with the reason and a close, also where there is a session', async (t) => {
  const hub = await startChat(t);
  const good = await tokenOf(hub, 'ann');
  const forged = `${good.slice(0, -4)}AAAA`;
  for (const [jwt, reason] of [
    [forged, /not valid/],
    ['nonsense', /not valid/],
    [await tokenOf(hub, 'ann', {}, -60), /expired/],
  ] as const) {
    const client = await logIn(t, hub, 'ann');
    client.send({ '@type': 'subscribe', jwt });
    const { '@type': type, error } = await client.next();
    t.equal(type, 'error');
    t.match(error, reason);
    t.match(await client.closed, { code: 4501, reason });
  }
});

test('without a session nothing can be done in rooms', async (t) => {
  const hub = await startChat(t);
  const client = await connectChat(t, hub);
  const Room = { Type: 'GLOBAL' };
  for (const type of ['JOIN', 'LEAVE', 'HISTORY', 'DELETE_ROOM', 'POST', 'DELETE_MSG']) {
    client.send({ '@type': type, Room, Message: { RoomUuid: 'x' } });
    t.match(await client.next(), { '@type': 'error', error: /subscribe with a token first/ }, type);
  }
});

test('unsubscribe clears the session and keeps the connection', async (t) => {
  const hub = await startChat(t);
  const [ann, bob] = [await logIn(t, hub, 'ann'), await logIn(t, hub, 'bob')];
  const { Uuid } = await bob.join();
  await ann.join();
  ann.send({ '@type': 'unsubscribe' });
  t.match(await bob.next('ROOM_UPDATE'), { Room: { Users: ['bob', 'ann'] } });
  t.match(await bob.next('ROOM_UPDATE'), { Room: { Users: ['bob'] } });
  bob.post(Uuid, 'alone');
  await bob.nextPost();
  ann.send({ '@type': 'HISTORY', Room: { Uuid } });
  t.match(await ann.next(), { error: /subscribe with a token first/ }, 'and not the post');
  ann.send({ '@type': 'subscribe', jwt: await tokenOf(hub, 'ann') });
  t.match(await ann.join(), { Users: ['bob', 'ann'] });
});

test('unknown types are ignored, and what is no JSON is an error and a close', async (t) => {
  const hub = await startChat(t);
  const client = await logIn(t, hub, 'ann');
  for (const message of [{ '@type': 'WHAT' }, { '@type': 99 }, { '@type': -1 }, { nothing: 1 }, {}])
    client.send(message);
  t.strictSame(await client.all(), []);
  client.send('nonsense');
  t.match(await client.next(), { '@type': 'error', error: /not acceptable JSON/ });
  t.match(await client.closed, { code: 4502 });
});

test('a message of more than 2,048 bytes is refused', async (t) => {
  // What is longer than any endpoint accepts cuts the connection; most hubs have one that accepts more.
  const other = plugin('other', (hub) => void hub.endpoint('/other', { envelope: { type: 'type' } }));
  const hub = await startChat(t, {}, { plugins: [other] });
  const client = await logIn(t, hub, 'ann');
  const { Uuid } = await client.join();
  const post = (length: number) => {
    const empty = JSON.stringify({ '@type': 'POST', Message: { RoomUuid: Uuid, Message: '' } });
    client.post(Uuid, 'x'.repeat(length - empty.length));
  };
  post(2_049);
  t.match(await client.next(), { '@type': 'error', error: /2049 bytes, at most 2048/ });
  post(2_048);
  t.ok((await client.nextPost()).Message.length > 1_900);
});

test('an expired session is warned, leaves its rooms, and may subscribe again', async (t) => {
  const gone = new Queue<string>();
  const watch = plugin('watch', (hub) => hub.hooks.unsubscribed.tap(({ channel }) => gone.push(channel)));
  const hub = await startChat(t, {}, { plugins: [watch] });
  const ann = await connectChat(t, hub);
  ann.send({
    '@type': 'subscribe',
    jwt: await hub.identity.sign('ann', { exp: (Date.now() + 2_000) / 1_000 }),
  });
  t.match(await ann.next(), { '@type': 'error', error: /expires in \d+ s/ });
  const { Uuid } = await ann.join();
  t.equal(await gone.next(), Uuid);
  t.match(await ann.next('error'), { error: /has expired/ });
  const bob = await logIn(t, hub, 'bob');
  t.match(await bob.join(), { Uuid, Users: ['bob'] });
  bob.post(Uuid, 'secret');
  await bob.nextPost();
  ann.post(Uuid, 'still here?');
  t.match(await ann.next(), { error: /subscribe with a token first/ }, 'it got nothing more');
  ann.send({ '@type': 'subscribe', jwt: await tokenOf(hub, 'ann') });
  t.match(await ann.join(), { Users: ['bob', 'ann'] });
});

test('claims have the names the options give them, and sensible values where a token has none', async (t) => {
  const claims = {
    user: 'uid',
    name: ['nick', 'login'],
    profile: 'kind',
    roles: 'groups',
    workspaces: 'spaces',
    scope: 'may',
  };
  const asked: unknown[] = [];
  const watch = plugin('watch', (hub) => {
    hub.use('chat').decide((question) => {
      asked.push(question);
      return 'read-write';
    });
  });
  const hub = await startChat(t, { claims }, { plugins: [watch] });
  const room = { type: 'GLOBAL', object: '' };
  const full = {
    uid: 'u1',
    login: 'ann',
    kind: 'shared',
    groups: ['r1'],
    spaces: ['a', { id: 'b', slug: 'x' }, 7, {}],
  };
  const odd = { uid: 7, login: '', kind: 'king', groups: 'r1', spaces: { id: 'a' } };
  for (const given of [full, odd]) {
    const client = await connectChat(t, hub);
    client.send({ '@type': 'subscribe', jwt: await hub.identity.sign('subject', given) });
    await client.join();
  }
  t.strictSame(asked, [
    { user: 'u1', login: 'ann', profile: 'shared', roles: ['r1'], workspaces: ['a', 'b'], ...room },
    { user: 'subject', login: 'subject', profile: 'standard', roles: [], workspaces: [], ...room },
  ]);
});
