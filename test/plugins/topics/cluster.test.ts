/** Events over several hubs: who gets them, in which order, and what follows when a client changes its hub. */
import { type Test, test } from 'tap';
import { Type } from '../../../core/index.ts';
import { connect } from '../../helpers/hub.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import {
  type ClusteredHub,
  follow,
  followed,
  received,
  type Setup,
  startCluster,
  startTopics,
  subscribe,
  TREE,
} from './wire.ts';

const schema = Type.Object({ n: Type.Integer() });
const define: Setup['define'] = (topics) => {
  topics.define('count.*', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) });
  topics.define('inner.*', { schema, summary: 'for subscribers' });
};

function start(t: Test, options: Setup['options'] = {}) {
  return startCluster(t, { options, define });
}

const numbers = async (client: Parameters<typeof followed>[0]) =>
  (await followed(client)).map(({ type, event }) => event?.n ?? type);

test('all clients see the events in one order with the same offsets, whichever hub they are on', async (t) => {
  const { network, hubs } = await start(t);
  const clients = [];
  for (const hub of hubs) clients.push((await follow(t, hub)).client);
  for (let n = 0; n < 20; n++) {
    for (const [index, { topics }] of hubs.entries()) topics.publish(`count.${index}`, { n });
    if (n % 5 === 0) await network.settled();
  }
  await network.settled();
  const [first = [], ...others] = await Promise.all(clients.map(followed));
  t.strictSame(
    first.map(({ offset }) => offset),
    Array.from({ length: 60 }, (_, i) => i + 1),
  );
  for (const seen of others) t.strictSame(seen, first);
});

test('subscribers are told of the events of their own hub, once', async (t) => {
  const { network, hubs } = await start(t);
  const told: string[] = [];
  for (const [index, { topics }] of hubs.entries())
    topics.subscribe('*', (event, topic) => told.push(`${index} ${topic} ${JSON.stringify(event)}`));
  hubs[0].topics.publish('count.x', { n: 1 });
  hubs[1].topics.publish('inner.x', { n: 2 });
  t.strictSame(told.splice(0), ['1 inner.x {"n":2}'], 'what is for no client has no place to wait for');
  await network.settled();
  t.strictSame(told, ['0 count.x {"n":1}']);
});

test('each hub decides for its own sessions: views, policies, limits', async (t) => {
  const { network, hubs } = await start(t);
  const [here, there] = hubs;
  const workspaces = [{ id: 'w', slug: 's', roots: ['data'] }];
  const local = await subscribe(t, here, 'ann', { workspaces });
  const remote = await subscribe(t, there, 'bob', { workspaces });
  const stranger = await subscribe(t, there, 'cleo', { workspaces: ['other'] });
  for (let n = 0; n < 25; n++) here.topics.publish(TREE, { Type: 'DELETE', Source: { Path: `data/${n}` } });
  await network.settled();
  t.equal((await received(local)).length, 20);
  const got = await received(remote);
  t.equal(got.length, 20);
  t.strictSame(got[0], { Type: 'DELETE', Source: { Path: 's/0', MetaStore: { EventWorkspaceId: '"w"' } } });
  t.strictSame(await received(stranger), []);
  for (const hub of hubs) t.strictSame(loggedErrors(hub), []);
});

test('a client that lost its hub goes on at another, and at one that was started since', async (t) => {
  const { network, join, hubs } = await start(t);
  const [a, b] = hubs;
  const { client, place } = await follow(t, a);
  const publish = async (hub: ClusteredHub, n: number) => {
    hub.topics.publish('count.x', { n });
    await network.settled();
  };
  await publish(a, 1);
  await publish(b, 2);
  const [, { offset }] = await followed(client);
  await a.stop();
  for (const n of [3, 4]) await publish(b, n);
  const since = { ...place, offset };
  for (const hub of [b, await join()]) {
    const back = await follow(t, hub, since);
    t.strictSame([back.recovered, back.place], [true, { ...place, offset: 4 }]);
    t.strictSame(await numbers(back.client), [3, 4]);
    const all = await follow(t, hub, place);
    t.equal(all.recovered, true);
    t.strictSame(await numbers(all.client), [1, 2, 3, 4]);
  }
});

test('a hub that is cut off serves its clients, and does not say that it knows all', async (t) => {
  const { network, hubs } = await start(t);
  const [a, b] = hubs;
  const [atA, atB] = [await follow(t, a), await follow(t, b)];
  a.topics.publish('count.x', { n: 1 });
  await network.settled();
  b.broker.cut();
  a.topics.publish('count.x', { n: 2 });
  b.topics.publish('count.x', { n: 3 });
  await network.settled();
  t.strictSame(await numbers(atB.client), [1, 3]);
  const { place } = atB;
  const moved = await follow(t, b, { ...place, offset: 2 });
  t.equal(moved.recovered, false, 'who saw more than this hub');
  const stayed = await follow(t, b, { ...place, offset: 1 });
  t.equal(stayed.recovered, false, 'who may have seen what has no place yet, or not');
  for (const { client } of [moved, stayed]) t.strictSame(await numbers(client), []);

  b.broker.restore();
  for (let i = 0; i < 5; i++) await network.settled();
  t.strictSame(await numbers(atA.client), [1, 2, 3]);
  for (const client of [atB.client, moved.client]) t.strictSame(await numbers(client), [2]);
  const back = await follow(t, a, place);
  t.equal(back.recovered, true, 'the others know');
  t.strictSame(await numbers(back.client), [1, 2, 3]);
  t.equal((await follow(t, b, { ...place, offset: 1 })).recovered, false);
  const after = await follow(t, b, { ...place, offset: 3 });
  t.equal(after.recovered, true);
  a.topics.publish('count.x', { n: 4 });
  await network.settled();
  t.strictSame(await numbers(after.client), [4]);
});

test('clients are told when their hub missed something for good, and what their places are now', async (t) => {
  const { network, hubs } = await start(t, { history: 3 });
  const [a, b] = hubs;
  const { client, place } = await follow(t, b);
  const idle = await connect(t, b, '/topics');
  b.broker.cut();
  for (let n = 1; n <= 5; n++) a.topics.publish('count.x', { n });
  await network.settled();
  b.broker.restore();
  for (let i = 0; i < 3; i++) await network.settled();
  const [missed, ...events] = await followed(client);
  t.strictSame(missed, { type: 'missed', epoch: place.epoch, offset: 2 });
  t.strictSame(
    events.map(({ offset, event }) => [offset, event.n]),
    [3, 4, 5].map((n) => [n, n]),
  );
  t.strictSame(await followed(idle), [], 'who follows nothing has missed nothing');
  t.equal((await follow(t, b, { ...place, offset: 1 })).recovered, false);
  t.equal((await follow(t, b, { ...place, offset: 2 })).recovered, true);

  network.streams.restart();
  a.topics.publish('count.x', { n: 6 });
  for (let i = 0; i < 3; i++) await network.settled();
  const [renewed, event] = await followed(client);
  t.match(renewed, { type: 'missed', offset: 0 });
  t.not(renewed.epoch, place.epoch);
  t.match(event, { offset: 1, event: { n: 6 } });
  t.equal((await follow(t, b, { ...place, offset: 5 })).recovered, false);
  const back = await follow(t, b, { epoch: renewed.epoch, offset: 0 });
  t.equal(back.recovered, true);
  t.strictSame(await numbers(back.client), [6]);
});

test('a hub that does not know a topic leaves its events alone, and what a walker publishes finds its user', async (t) => {
  const { network, hubs } = await start(t);
  const [here] = hubs;
  const there = await startTopics(t, { broker: network.join() });
  const open = async (user: string) =>
    (await follow(t, there, undefined, await there.identity.sign(user))).client;
  const [ann, bob] = [await open('ann'), await open('bob')];
  here.topics.publish('count.x', { n: 1 });
  here.topics.publish('made.up', { n: 2 }, { walkerOf: { user: 'ann' } });
  here.topics.publish('made.up', { n: 3 }, { walkerOf: { user: undefined } });
  here.topics.publish('made.up', { n: 4 }, { walkerOf: { user: 'bob' } });
  t.match(await ann.next(), { topic: 'made.up', event: { n: 2 } });
  t.match(await bob.next(), { topic: 'made.up', event: { n: 4 } });
  await network.settled();
  t.strictSame(ann.waiting, []);
  t.strictSame(loggedErrors(there), []);
});
