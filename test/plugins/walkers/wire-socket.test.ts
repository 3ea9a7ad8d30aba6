import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import { PUBLIC_ROOT, person, startWalkers, visit } from './wire.ts';

const BOTH = `{ methods: ['websocket', 'post'] }`;
const FILES = {
  'basics.ts': `
import { node, Root, socket, Type, walker } from 'hub:walker';
const A = node('A', { val: Type.Integer({ default: 0 }) });
const both = ${BOTH} as const;
export const create_graph = walker({ specs: both }).entry(Root, (w, here) => {
  const a = A({ val: 0 });
  here.connect(a);
  w.report(here);
  w.report(a);
});
export const increment = walker({ specs: both, has: { by: Type.Integer({ default: 1 }) } })
  .entry(Root, (w, here) => { w.visit(here.out(A)); })
  .entry(A, (w, here) => { here.val += w.by; w.report(here.val); });
export const who = walker({ specs: { ...both, auth: true } }).entry(Root, (w) => w.report([w.root.id, w.user, w.client]));
export const guest = walker({ specs: { ...both, auth: false } }).entry(Root, (w) => w.report([w.root.id, w.user]));
export const only_post = walker().entry(Root, () => {});
export const hidden = walker({ specs: { ...both, private: true } }).entry(Root, () => {});
export const on_node = walker({ specs: { ...both, entry_type: 'NODE' } }).entry([Root, A], (w) => w.report('here'));
export const on_root = walker({ specs: { ...both, entry_type: 'ROOT' } }).entry(Root, (w) => w.report('here'));
export const fails = walker({ specs: both }).entry(Root, (w, here) => { here.connect(A()); throw new Error('no luck'); });
export const loops = walker({ specs: { ...both, limits: { cpuMs: 50 } } }).entry(Root, () => { for (;;); });
export const secret = walker({ specs: { ...both, excluded: ['level'] }, has: { level: Type.Integer({ default: 1 }) } })
  .entry(Root, (w) => w.report(w.level));
export const answers = walker({ specs: both }).entry(Root, (w) => { w.status(201); w.respond({ made: true }); });
export const tell = walker({
  specs: both,
  has: { to: Type.String(), ids: Type.Array(Type.String(), { default: [] }), text: Type.String() },
}).entry(Root, (w) => {
  const data = { text: w.text };
  if (w.to === 'self') socket.notify_self(data);
  if (w.to === 'users') socket.notify_users(w.ids, data);
  if (w.to === 'channels') socket.notify_channels(w.ids, data);
  if (w.to === 'clients') socket.notify_clients(w.ids, data);
});
export const progress = walker({ specs: both, has: { steps: Type.Integer({ default: 5 }) } }).entry(Root, (w) => {
  for (let step = 1; step <= w.steps; step++) socket.notify_self({ type: 'progress', step });
  w.report('done');
});
`,
};

const started = shared(async (lasting) => ({ hub: await startWalkers(lasting, FILES) }));

test('a connection is told its names, again on request', async (t) => {
  const { hub } = await started();
  const { root, token } = await person(hub);
  const guest = await visit(t, hub);
  t.match(guest.id, /^\d{10}:[0-9a-f]{32}$/);
  t.match(guest.channel, /^\d{10}:[0-9a-f]{32}$/);
  t.equal(guest.root, PUBLIC_ROOT);
  const user = await visit(t, hub, token, '?channel_id=blue%20room');
  t.strictSame([user.root, user.channel], [root, 'blue room']);
  user.send({ type: 'connection' });
  t.strictSame(await user.next(), {
    type: 'connection',
    data: { client_id: user.id, root_id: root, channel_id: 'blue room' },
  });
});

test('a walker event runs the walker on the root or a node, and is answered when it asks for it', async (t) => {
  const { hub } = await started();
  const { root, token } = await person(hub);
  const user = await visit(t, hub, token);
  const made = await user.walk('create_graph');
  const [, a] = made.reports;
  t.strictSame(made, {
    status: 200,
    reports: [
      { id: root, context: {} },
      { id: a.id, context: { val: 0 } },
    ],
  });
  t.match(a.id, /^n:A:[0-9a-f]{24}$/);
  t.strictSame(await user.walk('increment', { by: 2 }), { status: 200, reports: [2] });
  user.send({ type: 'walker', walker: 'increment', context: { by: 3 } });
  t.strictSame(await user.walk('increment', {}, a.id), { status: 200, reports: [6] });
  t.strictSame(user.waiting, [], 'without response there is no answer');
  user.send({ type: 'walker', walker: 'answers', response: true });
  t.strictSame(await user.next(), { made: true });
});

test('walkers know for whom they run', async (t) => {
  const { hub } = await started();
  const { root, token, email } = await person(hub);
  const user = await visit(t, hub, token);
  const { reports } = await user.walk('who');
  t.match(reports, [
    [root, { email, root_id: root, roles: [] }, { client_id: user.id, channel_id: user.channel }],
  ]);
  t.strictSame((await (await visit(t, hub)).walk('guest')).reports, [[PUBLIC_ROOT, null]]);
});

test('what may not run is refused in words, and nothing of a failed walker is stored', async (t) => {
  const { hub } = await started();
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  const guest = await visit(t, hub);
  const refused = async (who: typeof user, walker: string, error: string | RegExp, node?: string) =>
    t.match(await who.walk(walker, {}, node), { type: 'walker', error }, walker);
  await refused(guest, 'create_graph', 'Event create_graph requires to be authenticated!');
  await refused(user, 'guest', 'Event guest requires to be unauthenticated!');
  for (const walker of ['missing', 'only_post', 'hidden', '__proto__', 'constructor'])
    await refused(user, walker, `Event ${walker} does not exist!`);
  await refused(user, 'on_node', 'Event on_node needs a node to start on!');
  await refused(user, 'on_root', 'Event on_root can only start on the root!', user.root);
  await refused(user, 'create_graph', /^you have no access to n:A:0+/, 'n:A:000000000000000000000000');
  await refused(user, 'create_graph', /^you have no access to nonsense/, 'nonsense');
  await refused(user, 'fails', 'no luck');
  await refused(user, 'loops', /50 ms/);
  t.strictSame(await user.walk('increment'), { status: 200, reports: [] });
  t.ok(hub.logged.some(({ at }) => /^walkers\/basics\.ts:\d+:\d+$/.test(String(at))));
});

test('what is not valid is answered with a list of what is wrong', async (t) => {
  const { hub } = await started();
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  const answered = async (message: unknown, error: unknown) => {
    user.send(message);
    t.match(await user.next(), { error }, JSON.stringify(message));
  };
  await answered({ type: 'nonsense' }, 'Not a valid event!');
  await answered('not json', /JSON/);
  await answered({}, /must be a string/);
  await answered({ type: 'walker' }, [{ loc: ['walker'], msg: 'Field required', type: 'missing' }]);
  await answered({ type: 'walker', walker: 1 }, [{ loc: ['walker'], type: 'string_type' }]);
  await answered({ type: 'walker', walker: 'who', context: [] }, [{ loc: ['context'], type: 'dict_type' }]);
  await answered({ type: 'user', root_ids: [], data: {} }, [{ loc: ['root_ids'], type: 'too_short' }]);
  await answered({ type: 'channel', channel_ids: ['x'] }, [{ loc: ['data'], type: 'missing' }]);
  await answered({ type: 'client', client_ids: [1], data: {} }, [
    { loc: ['client_ids', 0], type: 'string_type' },
  ]);
  await answered({ type: 'walker', walker: 'increment', response: true, context: { by: 'x' } }, [
    { loc: ['context', 'by'], msg: 'Input should be a valid integer', type: 'int_type' },
  ]);
  t.strictSame(await user.walk('secret', { level: 9 }), { status: 200, reports: [1] }, 'excluded');
});

test('walkers notify the one who triggered them, users, channels and clients', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const user = await visit(t, hub, ann.token, '?channel_id=c1');
  const [bob1, bob2] = [await visit(t, hub, bob.token, '?channel_id=c1'), await visit(t, hub, bob.token)];
  const guest = await visit(t, hub, undefined, '?channel_id=c2');
  const tell = (to: string, ids: string[], text: string) =>
    user.send({ type: 'walker', walker: 'tell', context: { to, ids, text } });
  tell('self', [], 'one');
  t.strictSame(await user.next(), { text: 'one' });
  tell('users', [bob.root, bob.root], 'two');
  t.strictSame(await bob1.next(), { text: 'two' });
  t.strictSame(await bob2.next(), { text: 'two' });
  tell('users', [PUBLIC_ROOT], 'three');
  t.strictSame(await guest.next(), { text: 'three' });
  tell('channels', ['c1', 'c2'], 'four');
  for (const one of [user, bob1, guest]) t.strictSame(await one.next(), { text: 'four' });
  tell('clients', [bob2.id, 'nobody', `1:${'0'.repeat(32)}`], 'five');
  t.strictSame(await bob2.next(), { text: 'five' });
  tell('clients', [user.id, bob1.id, guest.id], 'six');
  for (const one of [user, bob1, guest]) t.strictSame(await one.next(), { text: 'six' });
});

test('notifications of a walker come in order and before its answer', async (t) => {
  const { hub } = await started();
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  user.send({ type: 'walker', walker: 'progress', response: true, context: { steps: 20 } });
  for (let step = 1; step <= 20; step++) t.strictSame(await user.next(), { type: 'progress', step });
  t.strictSame(await user.next(), { status: 200, reports: ['done'] });
});

test('who may send to whom is a policy', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const user = await visit(t, hub, ann.token, '?channel_id=c1');
  const other = await visit(t, hub, bob.token, '?channel_id=c2');
  const guest = await visit(t, hub, undefined, '?channel_id=c1');
  const data = { type: 'chat', data: { message: 'hi' } };
  const toUser = { type: 'user', root_ids: [bob.root], data };
  const toChannel = { type: 'channel', channel_ids: ['c1'], data };
  const toClient = { type: 'client', client_ids: [other.id], data };
  user.send(toUser);
  t.strictSame(await other.next(), data, 'as it is');
  user.send(toClient);
  t.strictSame(await other.next(), data);
  guest.send(toChannel);
  t.strictSame(await user.next(), data);
  t.strictSame(await guest.next(), data, 'the sender is a member, too');
  for (const message of [toUser, toClient]) {
    guest.send(message);
    t.match(await guest.next(), { error: /only be sent by logged-in users/ });
  }
  other.send(toChannel);
  t.match(await other.next(), { error: /only be sent by members of the channel c1/ });

  const open = { userEvents: 'anybody', clientEvents: 'nobody', channelEvents: 'users' } as const;
  const second = await startWalkers(t, FILES, open);
  const stranger = await visit(t, second);
  const listener = await visit(t, second);
  stranger.send({ ...toUser, root_ids: [PUBLIC_ROOT] });
  t.strictSame(await listener.next(), data);
  t.strictSame(await stranger.next(), data);
  stranger.send({ ...toClient, client_ids: [listener.id] });
  t.match(await stranger.next(), { error: /not allowed here/ });
  stranger.send(toChannel);
  t.match(await stranger.next(), { error: /logged-in users/ });
});

test('change_user makes the connection another user, or nobody', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const client = await visit(t, hub, undefined, '?channel_id=c');
  const becomes = async (token: string | undefined, root: string) => {
    client.send({ type: 'change_user', ...(token !== undefined && { token: `Bearer ${token}` }) });
    t.match(await client.next(), {
      type: 'connection',
      data: { client_id: client.id, root_id: root, channel_id: 'c' },
    });
    await client.settled();
  };
  const sender = await visit(t, hub, bob.token);
  const notify = async (root_ids: string[], n: number) => {
    sender.send({ type: 'user', root_ids, data: { n } });
    // Handled in order, so the notification has left by then.
    t.match(await sender.walk('on_root'), { status: 200 });
    await client.settled();
  };
  await becomes(ann.token, ann.root);
  t.match(await client.walk('who'), { reports: [[ann.root]] });
  await notify([ann.root], 1);
  t.strictSame(await client.next(), { n: 1 });
  await becomes(bob.token, bob.root);
  await notify([ann.root, PUBLIC_ROOT], 2);
  t.match(await client.walk('who'), { reports: [[bob.root]] });
  await becomes(undefined, PUBLIC_ROOT);
  await notify([ann.root], 3);
  await notify([PUBLIC_ROOT], 4);
  t.strictSame(await client.next(), { n: 4 });
  t.match(await client.walk('who'), { error: /requires to be authenticated/ });
  client.send({ type: 'change_user', token: 'Bearer nonsense' });
  t.match(await client.next(), { error: /token/ });
});
