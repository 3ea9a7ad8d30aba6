/** How many node events a session gets. */
import { type Test, test } from 'tap';
import { become, received, startTopics, subscribe, TREE, tokenOf } from './wire.ts';

async function start(t: Test, options = {}) {
  const hub = await startTopics(t, { options });
  const client = await subscribe(t, hub, 'ann', { workspaces: ['ws'] });
  const publish = (from: number, to: number, more: object = {}, topic = TREE) => {
    for (let n = from; n <= to; n++)
      hub.topics.publish(topic, { Type: 'DELETE', Source: { Path: `ws/${n}` }, ...more });
  };
  const got = async () => (await received(client)).map(({ Source }) => Number(Source.Path.slice(3)));
  return { hub, client, publish, got };
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('20 at once, then 30 a second; the others wait, in order', async (t) => {
  const { hub, publish, got } = await start(t);
  publish(1, 60);
  t.strictSame(await got(), range(1, 20));
  await hub.pass(500);
  t.strictSame(await got(), range(21, 35));
  await hub.pass(500);
  t.strictSame(await got(), range(36, 50));
  await hub.pass(1_000);
  t.strictSame(await got(), range(51, 60));
  await hub.pass(10_000);
  t.equal(hub.clock.waiting, 0);
  publish(1, 30);
  t.equal((await got()).length, 20, 'after a pause 20 at once again');
});

test('both topics of node changes count together, and each session for itself', async (t) => {
  const { hub, publish, got } = await start(t);
  const other = await subscribe(t, hub, 'bob', { workspaces: ['ws'] });
  publish(1, 15);
  publish(16, 30, {}, 'topic.pydio.meta.nodes.changes');
  t.strictSame(await got(), range(1, 20));
  t.equal((await received(other)).length, 20);
});

test('silent events are the first to go', async (t) => {
  const { hub, publish, got } = await start(t);
  publish(1, 30, { Silent: true });
  t.strictSame(await got(), range(1, 20), 'as long as there are not too many, they come');
  publish(31, 40);
  publish(41, 45, { Silent: true });
  await hub.pass(10_000);
  t.strictSame(await got(), range(31, 40), 'the others are not lost');
});

test('optimistic events always pass, and are not counted', async (t) => {
  const { hub, publish, got } = await start(t);
  publish(1, 25);
  publish(101, 150, { Optimistic: true });
  t.strictSame(await got(), [...range(1, 20), ...range(101, 150)]);
  publish(151, 152, { Optimistic: true, Silent: true });
  t.strictSame(await got(), [151, 152]);
  await hub.pass(1_000);
  t.strictSame(await got(), range(21, 25));
});

test('of too many that wait the oldest are dropped', async (t) => {
  const { hub, publish, got } = await start(t, {
    nodeEventsWaiting: 5,
    nodeEventsBurst: 2,
    nodeEventsPerSecond: 1,
  });
  publish(1, 10);
  await hub.pass(60_000);
  t.strictSame(await got(), [1, 2, 6, 7, 8, 9, 10]);
});

test('what waits goes with the session it was for, and a new session on the connection does not begin afresh', async (t) => {
  const { hub, client, publish, got } = await start(t);
  publish(1, 40);
  await become(hub, client, { '@type': 'subscribe', jwt: await tokenOf(hub, 'bob', { workspaces: ['ws'] }) });
  t.equal((await got()).length, 20);
  await hub.pass(100);
  publish(51, 60);
  t.strictSame(await got(), range(51, 53));
  await become(hub, client, { '@type': 'unsubscribe' });
  await hub.pass(60_000);
  t.strictSame(await got(), []);
  t.equal(hub.clock.waiting, 0);
});

test('nothing waits for a connection that is gone', async (t) => {
  const { hub, client, publish } = await start(t);
  publish(1, 40);
  client.socket.close();
  await client.closed;
  await hub.pass(60_000);
  t.equal(hub.clock.waiting, 0);
});
