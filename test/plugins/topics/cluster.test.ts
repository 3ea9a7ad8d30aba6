/** Events reach sessions on other hubs. */
import { test } from 'tap';
import { Type } from '../../../core/index.ts';
import { connect } from '../../helpers/hub.ts';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { received, startTopics, subscribe, type TopicsHub, TREE } from './wire.ts';

const schema = Type.Object({ n: Type.Integer() });

test('each hub decides for its own sessions: views, policies, limits, batches, history', async (t) => {
  const network = new SharedNetwork();
  const start = () =>
    startTopics(t, {
      broker: network.join(),
      define: (topics) =>
        topics.define('shared.count', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) }),
    });
  const [here, there] = [await start(), await start()];
  const workspaces = [{ id: 'w', slug: 's', roots: ['data'] }];
  const local = await subscribe(t, here, 'ann', { workspaces });
  const remote = await subscribe(t, there, 'bob', { workspaces });
  const stranger = await subscribe(t, there, 'cleo', { workspaces: ['other'] });
  const told: unknown[] = [];
  there.topics.subscribe('*', (event) => told.push(event));

  const publish = async (hub: TopicsHub, event: object) => {
    hub.topics.publish(TREE, event);
    await network.settled();
  };
  for (let n = 0; n < 25; n++) await publish(here, { Type: 'DELETE', Source: { Path: `data/${n}` } });
  t.equal((await received(local)).length, 20);
  const got = await received(remote);
  t.equal(got.length, 20);
  t.strictSame(got[0], { Type: 'DELETE', Source: { Path: 's/0', MetaStore: { EventWorkspaceId: '"w"' } } });
  for (const hub of [here, there]) hub.clock.advance(60_000);
  await Promise.all([received(local), received(remote)]);

  const Target = { Uuid: 'u', Path: 'data/u' };
  await publish(here, { Type: 'CREATE', Target });
  await publish(there, { Type: 'UPDATE_META', Target: { ...Target, MetaStore: { name: '"u"' } } });
  for (const hub of [here, there]) hub.clock.advance(1_000);
  for (const client of [local, remote]) {
    const own = { Uuid: 'u', Path: 's/u', MetaStore: { name: '"u"', EventWorkspaceId: '"w"' } };
    t.strictSame(
      await received(client),
      [{ Type: 'CREATE', Target: own }],
      'changes made on two hubs are one',
    );
  }
  t.strictSame(await received(stranger), []);
  t.equal(told.length, 1, 'subscribers are told by the hub that it was published on, once');

  const client = await connect(t, there, '/topics');
  client.send({ type: 'subscribe', topics: ['shared.*'] });
  const { epoch } = await client.next('subscribed');
  for (let n = 1; n <= 3; n++) here.topics.publish('shared.count', { n });
  for (let n = 1; n <= 3; n++) t.match(await client.next(), { event: { n } });
  const elsewhere = await connect(t, here, '/topics');
  elsewhere.send({ type: 'subscribe', topics: ['shared.*'], since: { epoch, offset: 0 } });
  t.match(await elsewhere.next(), { recovered: false }, 'offsets are those of one hub');
  for (const hub of [here, there]) t.strictSame(loggedErrors(hub), []);
});

test('a hub that does not know a topic leaves its events alone, and what a walker publishes finds its user', async (t) => {
  const network = new SharedNetwork();
  const here = await startTopics(t, {
    broker: network.join(),
    define: (topics) =>
      topics.define('only.here', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) }),
  });
  const there = await startTopics(t, { broker: network.join() });
  const open = async (user: string) => {
    const client = await connect(t, there, `/topics?token=${await there.identity.sign(user)}`);
    client.send({ type: 'subscribe', topics: ['*'] });
    await client.next('subscribed');
    return client;
  };
  const [ann, bob] = [await open('ann'), await open('bob')];
  here.topics.publish('only.here', { n: 1 });
  here.topics.publish('made.up', { n: 2 }, { walkerOf: { user: 'ann' } });
  here.topics.publish('made.up', { n: 3 }, { walkerOf: { user: undefined } });
  here.topics.publish('made.up', { n: 4 }, { walkerOf: { user: 'bob' } });
  t.match(await ann.next(), { topic: 'made.up', event: { n: 2 } });
  t.match(await bob.next(), { topic: 'made.up', event: { n: 4 } });
  await network.settled();
  t.strictSame(ann.waiting, []);
  t.strictSame(loggedErrors(there), []);
});
