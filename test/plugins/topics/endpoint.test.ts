/** The endpoint `/topics`. */
import { type Test, test } from 'tap';
import { Type } from '../../../core/index.ts';
import { type Client, connect } from '../../helpers/hub.ts';
import { type Setup, startTopics, type TopicsHub } from './wire.ts';

const Reading = Type.Object({ zone: Type.Integer(), user: Type.Optional(Type.String()) });

/** A hub with a topic for everybody, one for a user, one for those of a workspace, and one for nobody. */
function start(t: Test, setup: Setup = {}): Promise<TopicsHub> {
  return startTopics(t, {
    ...setup,
    define: (topics) => {
      const schema = Reading;
      topics.define('farm.open', { schema, summary: 'all', audience: () => ({ keys: ['everybody'] }) });
      topics.define('farm.own', {
        schema,
        summary: 'one',
        audience: ({ user }) => ({ keys: [`user:${user}`] }),
      });
      topics.define('farm.ws', {
        schema,
        summary: 'some',
        audience: () => ({ keys: ['workspace:w1', 'role:r1'] }),
      });
      topics.define('farm.inner', { schema, summary: 'none' });
      topics.define('news.*', {
        schema: Type.Unknown(),
        summary: 'news',
        audience: () => ({ keys: ['everybody'] }),
      });
    },
  });
}

async function open(t: Test, hub: TopicsHub, user?: string, claims = {}): Promise<Client> {
  await hub.settled();
  const query = user === undefined ? '' : `?token=${await hub.identity.sign(user, claims)}`;
  return connect(t, hub, `/topics${query}`);
}

/** Subscribes, and gives the answer. */
async function follow(client: Client, topics: string[], since?: { epoch: string; offset: number }) {
  client.send({ type: 'subscribe', topics, ...(since && { since }) });
  return client.next('subscribed');
}

/** Topics and zones of the events that came until now. */
async function got(client: Client): Promise<string[]> {
  await client.settled();
  client.send({ type: 'unsubscribe', topics: ['none.of.this'] });
  const events: string[] = [];
  for (;;) {
    const message = await client.next();
    if (message.type === 'unsubscribed') return events;
    events.push(`${message.topic} ${message.event.zone ?? message.event}`);
  }
}

test('a client gets the events of the topics and families it named, once, if it may', async (t) => {
  const hub = await start(t);
  const claims = { roles: ['r1'], workspaces: ['w1'] };
  const ann = await open(t, hub, 'ann', claims);
  const bob = await open(t, hub, 'bob');
  const guest = await open(t, hub);
  const some = await open(t, hub, 'ann', claims);
  const none = await open(t, hub, 'ann', claims);
  for (const client of [ann, bob, guest]) {
    t.match(await follow(client, ['*', 'farm.*', 'farm.open']), {
      topics: ['*', 'farm.*', 'farm.open'],
      offset: 0,
    });
  }
  await follow(some, ['farm.open', 'news.*']);
  hub.topics.publish('farm.open', { zone: 1 });
  hub.topics.publish('farm.own', { zone: 2, user: 'ann' });
  hub.topics.publish('farm.ws', { zone: 3 });
  hub.topics.publish('farm.inner', { zone: 4 });
  hub.topics.publish('news.city.parks', 'green');
  hub.topics.publish('news.sports', 'won');
  const news = ['news.city.parks green', 'news.sports won'];
  t.strictSame(await got(ann), ['farm.open 1', 'farm.own 2', 'farm.ws 3', ...news]);
  t.strictSame(await got(bob), ['farm.open 1', ...news]);
  t.strictSame(await got(guest), ['farm.open 1', ...news]);
  t.strictSame(await got(some), ['farm.open 1', ...news]);
  t.strictSame(await got(none), []);
});

test('offsets rise, and a family that was unsubscribed is silent', async (t) => {
  const hub = await start(t);
  const client = await open(t, hub);
  const { epoch, offset } = await follow(client, ['farm.*', 'news.*']);
  t.match(epoch, /^[0-9a-f]{16}$/);
  t.equal(offset, 0);
  for (let zone = 1; zone <= 3; zone++) hub.topics.publish('farm.open', { zone });
  for (let zone = 1; zone <= 3; zone++) {
    t.strictSame(await client.next(), { type: 'event', topic: 'farm.open', offset: zone, event: { zone } });
  }
  client.send({ type: 'unsubscribe', topics: ['farm.*'] });
  t.strictSame(await client.next(), { type: 'unsubscribed', topics: ['farm.*'] });
  hub.topics.publish('farm.open', { zone: 4 });
  hub.topics.publish('news.x', 'on');
  t.strictSame(await got(client), ['news.x on']);
});

test('who comes back gets what was missed, in order and without gap to what comes after', async (t) => {
  const hub = await start(t);
  const first = await open(t, hub, 'ann');
  const { epoch } = await follow(first, ['farm.*']);
  hub.topics.publish('farm.open', { zone: 1 });
  t.strictSame(await got(first), ['farm.open 1']);
  first.socket.terminate();
  hub.topics.publish('farm.own', { zone: 2, user: 'ann' });
  hub.topics.publish('farm.own', { zone: 3, user: 'bob' });
  hub.topics.publish('news.x', 'not asked for');
  hub.topics.publish('farm.open', { zone: 4 });
  const back = await open(t, hub, 'ann');
  t.match(await follow(back, ['farm.*'], { epoch, offset: 1 }), { recovered: true, epoch, offset: 5 });
  hub.topics.publish('farm.open', { zone: 5 });
  t.strictSame(await got(back), ['farm.own 2', 'farm.open 4', 'farm.open 5']);
  await follow(back, ['farm.open', 'news.*'], { epoch, offset: 0 });
  t.strictSame(await got(back), ['news.x not asked for'], 'what it follows already it has already');
  const other = await open(t, hub, 'ann');
  t.notOk('recovered' in (await follow(other, ['*'])), 'without since nothing is brought');
  t.match(
    await follow(await open(t, hub), ['*'], { epoch, offset: 6 }),
    { recovered: true },
    'nothing was missed',
  );
});

test('it says plainly when it cannot bring what was missed', async (t) => {
  const hub = await start(t, { options: { history: 3 } });
  const client = await open(t, hub);
  const { epoch } = await follow(client, ['farm.*']);
  for (let zone = 1; zone <= 5; zone++) hub.topics.publish('farm.open', { zone });
  await got(client);
  const cases: [string, number, boolean, string[]][] = [
    [epoch, 2, true, ['farm.open 3', 'farm.open 4', 'farm.open 5']],
    [epoch, 1, false, []],
    [epoch, 6, false, []],
    ['0123456789abcdef', 2, false, []],
  ];
  for (const [ofEpoch, offset, recovered, events] of cases) {
    const back = await open(t, hub);
    const answer = await follow(back, ['farm.*'], { epoch: ofEpoch, offset });
    t.match(answer, { recovered, epoch, offset: 5 });
    t.strictSame(await got(back), events);
  }
  const restarted = await start(t);
  t.match(await follow(await open(t, restarted), ['farm.*'], { epoch, offset: 0 }), { recovered: false });
});

test('the history is bounded by its size, too', async (t) => {
  const hub = await start(t, { options: { historyBytes: 100 } });
  const { epoch } = await follow(await open(t, hub), ['*']);
  for (const letter of ['a', 'b', 'c']) hub.topics.publish('news.x', letter.repeat(40));
  const since = async (offset: number) =>
    (await follow(await open(t, hub), ['*'], { epoch, offset })).recovered;
  t.equal(await since(1), true);
  t.equal(await since(0), false);
  hub.topics.publish('news.x', 'd'.repeat(200));
  t.equal(await since(3), false, 'one event may be too large for it');
  t.equal(await since(4), true);
});

test('more than may wait for a reader is not brought', async (t) => {
  const hub = await start(t, { limits: { outboxBytes: 1_024 } });
  const { epoch } = await follow(await open(t, hub), ['*']);
  for (let n = 0; n < 15; n++) hub.topics.publish('news.x', 'ä'.repeat(20));
  const since = async (offset: number) => {
    const client = await open(t, hub);
    return [(await follow(client, ['*'], { epoch, offset })).recovered, (await got(client)).length];
  };
  t.strictSame(await since(0), [false, 0]);
  t.strictSame(await since(10), [true, 5]);
});

test('a token in a message changes what is seen, and so does its end', async (t) => {
  const hub = await start(t);
  const client = await open(t, hub);
  await follow(client, ['farm.*']);
  const own = (zone: number) => hub.topics.publish('farm.own', { zone, user: 'ann' });
  own(1);
  client.send({ type: 'identify', token: await hub.identity.sign('ann', {}, 2) });
  // In either order: among several hubs, who is identified has to be heard of first.
  const said = [await client.next(), await client.next()];
  t.match(
    said.find(({ type }) => type === 'identified'),
    { user: 'ann' },
  );
  t.match(
    said.find(({ error }) => error !== undefined),
    { error: { code: 'token_expiring' } },
  );
  own(2);
  t.match(await client.next(), { event: { zone: 2 } });
  t.match(await client.next(), { error: { code: 'token_expired' } });
  for (const _ of ['begun', 'expired']) await hub.identified.next();
  own(3);
  t.strictSame(await got(client), []);
  client.send({ type: 'identify', token: await hub.identity.sign('ann') });
  await client.next('identified');
  own(4);
  t.strictSame(await got(client), ['farm.own 4'], 'what it follows stays');
});

test('what a client asks for in vain is said, and its subscriptions stay as they were', async (t) => {
  const hub = await start(t, { options: { subscriptions: 6, sessionKeys: 10 } });
  const client = await open(t, hub);
  await follow(client, ['farm.*', 'a', 'b']);
  const refused = async (message: object, code: string) => {
    client.send(message);
    t.match(await client.next(), { error: { code } }, JSON.stringify(message).slice(0, 80));
  };
  for (const topic of ['a.*.b', '**', '.a', 'a..b', 'a b', '*.a', 'a.', `${'a.'.repeat(10)}a`])
    await refused({ type: 'subscribe', topics: ['news.*', topic] }, 'invalid_topic');
  for (const topics of ['*', [], [7], [''], ['x'.repeat(300)], Array(101).fill('a')])
    await refused({ type: 'subscribe', topics }, 'invalid_message');
  await refused({ type: 'subscribe', topics: ['a'], since: 5 }, 'invalid_message');
  await refused({ type: 'subscribe', topics: ['a'], since: { epoch: 'x', offset: -1 } }, 'invalid_message');
  await refused({ type: 'subscribe', topics: ['c', 'd', 'e', 'f'] }, 'too_many_subscriptions');
  await refused({ type: 'identify', token: 'x' }, 'unauthorized');
  await refused({ type: 'publish', topic: 'farm.open', event: {} }, 'unknown_type');
  hub.topics.publish('news.x', 'not asked for');
  hub.topics.publish('farm.open', { zone: 1 });
  t.strictSame(await got(client), ['farm.open 1']);
  client.send({
    type: 'identify',
    token: await hub.identity.sign('ann', { name: 'ann', roles: ['r1', 'r2'] }),
  });
  await client.next('identified');
  hub.topics.publish('farm.open', { zone: 2 });
  t.strictSame(
    await got(client),
    ['farm.open 2'],
    'more keys than its subscriptions leave room for do no harm',
  );
});

test('the topics of Cells come here, too', async (t) => {
  const hub = await start(t);
  const ann = await open(t, hub, 'ann', { workspaces: [{ id: 'w1', slug: 's', roots: ['data'] }] });
  const { epoch } = await follow(ann, ['topic.pydio.tree.*']);
  const event = { Type: 'DELETE', Source: { Path: 'data/x' } };
  hub.topics.publish('topic.pydio.tree.nodes.changes', event);
  const seen = {
    type: 'event',
    topic: 'topic.pydio.tree.nodes.changes',
    offset: 1,
    event: { Type: 'DELETE', Source: { Path: 's/x', MetaStore: { EventWorkspaceId: '"w1"' } } },
  };
  t.strictSame(await ann.next(), seen);
  const late = await open(t, hub, 'bob', { workspaces: [{ id: 'w1', slug: 's', roots: ['data'] }] });
  await follow(late, ['topic.*'], { epoch, offset: 0 });
  t.strictSame(await late.next(), seen, 'also afterwards, as whoever comes sees it');
  const foreign = await open(t, hub, 'cleo', { workspaces: ['w1'] });
  await follow(foreign, ['topic.*'], { epoch, offset: 0 });
  t.strictSame(await got(foreign), []);
});
