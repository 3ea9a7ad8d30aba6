import { type Test, test } from 'tap';
import { type Hub, Type } from '../../core/index.ts';
import { type Client, connect, type TestHub } from '../helpers/hub.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { startWith } from '../helpers/start-with.ts';

/** PING is answered with PONG, WORK with STARTED, and DONE once it is released. */
function pings(hub: Hub) {
  const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
  const Empty = Type.Object({});
  const pong = endpoint.emits('PONG', Empty, { overflow: 'close' });
  const started = endpoint.emits('STARTED', Empty, { overflow: 'close' });
  const done = endpoint.emits('DONE', Empty, { overflow: 'close' });
  const { promise, resolve: release } = Promise.withResolvers<void>();
  endpoint.on('PING', Empty, () => pong({}));
  endpoint.on('WORK', Empty, async (_, connection) => {
    connection.send(started({}));
    await promise;
    return done({});
  });
  return { release };
}

const clients = (t: Test, hub: TestHub, count: number): Promise<Client[]> =>
  Promise.all(Array.from({ length: count }, () => connect(t, hub, '/')));

async function isServed(client: Client): Promise<boolean> {
  client.send({ type: 'PING' });
  return client.next('PONG').then(
    () => true,
    () => false,
  );
}

/** What clients are told to wait, in ms, in ascending order. */
async function delays(all: readonly Client[]): Promise<number[]> {
  const ends = await Promise.all(all.map(({ closed }) => closed));
  return ends
    .map(({ reason }) => Number(/^the hub restarts; reconnect in (\d+) ms$/.exec(reason)?.[1]))
    .sort((a, b) => a - b);
}

test('a hub that is alone closes all connections at once, and tells each another time to come back', async (t) => {
  const { hub } = await startWith(t, pings, { limits: { reconnectMs: 10_000 } });
  const all = await clients(t, hub, 40);
  await hub.stop();
  const told = await delays(all);
  t.ok(new Set(told).size > 20, 'they are drawn');
  const [first = 0] = told;
  t.ok(first >= 1_000 && (told.at(-1) ?? 0) < 11_000);
  // A fair draw fails this once in 10^8 times.
  t.ok(first < 5_000 && (told.at(-1) ?? 0) > 7_000, 'over all of the time');
});

test('a hub of a cluster sends its clients away one by one, and serves each until then', async (t) => {
  const broker = new SharedNetwork().join();
  const { hub, parts } = await startWith(t, pings, { broker, limits: { reconnectMs: 1_000 } });
  const [worker, ...others] = await clients(t, hub, 8);
  worker?.send({ type: 'WORK' });
  await worker?.next('STARTED');
  const begin = performance.now();
  const stopped = hub.stop();
  await t.rejects(connect(t, hub, '/'), 'it takes nobody new');
  let gone = 0;
  let served = 0;
  for (const client of others) void client.closed.then(() => gone++);
  while (gone < others.length) {
    const before = gone;
    const found = await Promise.all(others.map(isServed));
    if (before > 0) served += found.filter((is) => is).length;
  }
  t.ok(performance.now() - begin > 800, 'all of the time is made use of');
  t.ok(served > 0, 'some are served when others are gone');
  t.equal(worker?.socket.readyState, 1, 'what is worked on is finished');
  parts.release();
  await worker?.next('DONE');
  await stopped;
  t.ok(
    (await delays(others)).every((delay) => delay < 100),
    'the next hub is there already',
  );
});

test('with notice, a hub that stops goes on for a while and says that it is not ready', async (t) => {
  const { hub } = await startWith(t, pings, { limits: { noticeMs: 1_500 } });
  const stopped = hub.stop();
  const answer = await fetch(`${hub.origin}/health/ready`);
  t.equal(answer.status, 503);
  t.strictSame(await answer.json(), { status: 'not ready' });
  const client = await connect(t, hub, '/');
  t.ok(await isServed(client));
  t.match(await client.closed, { code: 4_000 });
  await stopped;
  await t.rejects(fetch(`${hub.origin}/health/live`));
});

test('a hub whose place is taken already gives no notice', async (t) => {
  const { hub } = await startWith(t, pings, { limits: { noticeMs: 600_000 } });
  await hub.stop(true);
  await t.rejects(fetch(`${hub.origin}/health/live`));
});
