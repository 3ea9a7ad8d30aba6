import { type Test, test } from 'tap';
import { type Connection, type Hub, Type } from '../../core/index.ts';
import { presenceContract } from '../contract/presence.ts';
import { connect } from '../helpers/hub.ts';
import { Queue } from '../helpers/queue.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { SharedPresence } from '../helpers/shared-presence.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

presenceContract('hubs of one process', async () => {
  const shared = new SharedPresence();
  return () => shared.join();
});

/** Endpoints with presence and without; the token in the query is the user, and what is told of a connection. */
function setUp(hub: Hub) {
  const connections: Connection[] = [];
  const gone = new Queue<'gone'>();
  const seen = hub.endpoint('/seen', {
    envelope: { type: 'type' },
    tokenInQuery: true,
    presence: ({ identity }, channel) => {
      if (channel === 'other') return `another info of ${identity?.user}`;
      if (identity?.user === 'fails') throw new Error('no');
      if (identity?.user === 'long') return 'x'.repeat(1_001);
      return identity?.user === 'hidden' ? undefined : `info of ${identity?.user}`;
    },
  });
  const unseen = hub.endpoint('/unseen', { envelope: { type: 'type' }, tokenInQuery: true });
  for (const endpoint of [seen, unseen])
    endpoint.on('BE', Type.Object({ user: Type.String() }), async ({ user }, connection) => {
      await connection.identify(user);
    });
  hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
  hub.hooks.opened.tap((connection) => void connections.push(connection));
  hub.presence.onGone(() => gone.push('gone'));
  return { hub, seen, unseen, connections, gone };
}

type Started = Awaited<ReturnType<typeof member>>;
const member = (t: Test, network?: SharedNetwork) => startWith(t, setUp, network?.hub());

/** Connects and joins the channels. */
async function enter(
  t: Test,
  { hub, parts }: Started,
  path: string,
  ...channels: string[]
): Promise<Connection> {
  await connect(t, hub, path);
  const connection = parts.connections.at(-1);
  if (connection === undefined) throw new Error('not connected');
  for (const channel of channels) await parts.hub.channels.join(connection, channel);
  return connection;
}

async function inRoom({ parts }: Started): Promise<string[]> {
  const present = await parts.hub.presence.inChannel(parts.seen, 'room');
  return present.map(({ user = 'nobody', info }) => `${user}: ${info}`).sort();
}

const kinds: readonly [string, () => SharedNetwork | undefined][] = [
  ['alone', () => undefined],
  ['in a cluster', () => new SharedNetwork()],
];
for (const [kind, network] of kinds) {
  test(`who is in a channel, and who a user's connections are: ${kind}`, async (t) => {
    const shared = network();
    const here = await member(t, shared);
    const there = shared === undefined ? here : await member(t, shared);
    const ann = await enter(t, here, '/seen?token=ann', 'room', 'other');
    const again = await enter(t, there, '/seen?token=ann');
    const bob = await enter(t, there, '/seen?token=bob', 'room');
    await enter(t, there, '/seen?token=hidden', 'room');
    await enter(t, there, '/seen', 'room');
    await enter(t, there, '/unseen?token=ann', 'room');
    const looker = await enter(t, there, '/seen?token=looker');
    here.parts.hub.channels.assign(ann, ['index']);
    const { presence } = here.parts.hub;
    t.strictSame(await inRoom(here), ['ann: info of ann', 'bob: info of bob', 'nobody: info of undefined']);
    t.strictSame(await inRoom(there), await inRoom(here));
    const { seen, unseen } = here.parts;
    t.strictSame(await presence.inChannel(seen, 'other'), [
      { client: ann.id, user: 'ann', info: 'another info of ann' },
    ]);
    const ofAnn = await presence.ofUser(seen, 'ann');
    t.strictSame(ofAnn.map(({ client }) => client).sort(), [ann.id, again.id].sort());
    for (const { info } of ofAnn) t.equal(info, 'info of ann');
    t.strictSame(await presence.inChannel(seen, 'index'), [], 'only channels that were joined');
    t.strictSame(await presence.inChannel(unseen, 'room'), [], 'an endpoint without presence');
    t.strictSame(await presence.ofUser(unseen, 'ann'), []);

    there.parts.hub.channels.leave(bob, 'room');
    await there.parts.hub.channels.join(looker, 'room');
    t.strictSame(await inRoom(here), [
      'ann: info of ann',
      'looker: info of looker',
      'nobody: info of undefined',
    ]);
    looker.close(4_100, 'done');
    t.strictSame(await inRoom(here), ['ann: info of ann', 'nobody: info of undefined']);
    t.strictSame(await presence.ofUser(seen, 'looker'), []);
  });

  test(`what is told of a connection changes with its identity: ${kind}`, async (t) => {
    const shared = network();
    const here = await member(t, shared);
    const there = shared === undefined ? here : await member(t, shared);
    const one = await enter(t, there, '/seen?token=ann', 'room');
    t.strictSame(await inRoom(here), ['ann: info of ann']);
    await one.identify('bob');
    t.strictSame(await inRoom(here), ['bob: info of bob']);
    t.equal((await here.parts.hub.presence.ofUser(here.parts.seen, 'bob')).length, 1);
    t.strictSame(await here.parts.hub.presence.ofUser(here.parts.seen, 'ann'), []);
    await one.identify('hidden');
    t.strictSame(await inRoom(here), []);
    await one.forget();
    t.strictSame(await inRoom(here), ['nobody: info of undefined']);
  });

  test(`what cannot be told is not, and its plugin is named: ${kind}`, async (t) => {
    const here = await member(t, network());
    await enter(t, here, '/seen?token=fails', 'room');
    await enter(t, here, '/seen?token=long', 'room');
    await enter(t, here, '/seen?token=ann', 'room');
    t.strictSame(await inRoom(here), ['ann: info of ann']);
    const errors = loggedErrors(here.hub);
    t.match(errors.at(0), {
      plugin: 'made-by-a-test',
      msg: /failed in presence of \/seen$/,
      err: { message: 'no' },
    });
    t.match(errors.at(-1), { err: { message: /1000 characters/ } });
  });
}

test('when a hub is gone, so are its connections, and the others are told', async (t) => {
  const network = new SharedNetwork();
  const [here, there] = [await member(t, network), await member(t, network)];
  await enter(t, there, '/seen?token=bob', 'room');
  t.strictSame(await inRoom(here), ['bob: info of bob']);
  await there.hub.stop();
  await here.parts.gone.next();
  t.strictSame(await inRoom(here), []);
  t.strictSame(loggedErrors(here.hub), []);
});

test('while the other hubs cannot be asked, those present are those of this hub', async (t) => {
  const { presence, ...parts } = new SharedNetwork().hub();
  const away = async () => {
    throw new Error('away');
  };
  const here = await startWith(t, setUp, { ...parts, presence: { ...presence, others: away } });
  await enter(t, here, '/seen?token=ann', 'room');
  t.strictSame(await inRoom(here), ['ann: info of ann']);
});
