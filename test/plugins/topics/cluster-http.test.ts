/** `POST /topics/<name>` with an idempotency key, over several hubs. */
import { type Test, test } from 'tap';
import { type Static, Type } from '../../../core/index.ts';
import type { Received } from '../../helpers/hub.ts';
import type { SharedBroker } from '../../helpers/shared-broker.ts';
import { type ClusteredHub, follow, followed, type Setup, startCluster } from './wire.ts';

const schema = Type.Object({ n: Type.Integer() });

async function start(t: Test, options: Setup['options'] = {}, waitMs?: number) {
  const told: number[] = [];
  const setup: Setup = {
    options,
    define: (topics) => {
      topics.define('count.up', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) });
      topics.define('count.here', { schema, summary: 'n' });
      topics.subscribe('count.up', (event) => told.push((event as Static<typeof schema>).n));
    },
  };
  const cluster = await startCluster(t, setup, waitMs);
  const [a] = cluster.hubs;
  const token = await a.identity.sign('service', { scope: 'topics:publish' });
  const post = async (hub: ClusteredHub, key: string | undefined, body: unknown, topic = 'count.up') => {
    const answer = await fetch(`${hub.origin}/topics/${topic}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key && { 'idempotency-key': key }),
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify(body),
    });
    const { repeated, error }: Received = await answer.json();
    return [answer.status, repeated ?? `${error.code}: ${error.message}`];
  };
  const clients = await Promise.all(cluster.hubs.map(async (hub) => (await follow(t, hub)).client));
  /** What the clients of all hubs saw, which has to be the same. */
  const seen = async () => {
    for (let i = 0; i < 3; i++) await cluster.network.settled();
    const all = await Promise.all(clients.map(followed));
    const [first, ...others] = all.map((events) => events.map(({ event }) => event.n));
    for (const other of others) t.strictSame(other, first);
    return first;
  };
  return { ...cluster, post, seen, told };
}

/** @param task is told how many entries the hub has tried to append since. */
function onAppend(broker: SharedBroker, task: (count: number) => void): void {
  const append = broker.append.bind(broker);
  let count = 0;
  broker.append = (...args) => {
    const done = append(...args);
    task(++count);
    return done;
  };
}

test('a request that comes again to another hub is not carried out again', async (t) => {
  const { hubs, join, post, seen } = await start(t);
  const [a, b, c] = hubs;
  t.strictSame(await post(a, 'k', [{ n: 1 }, { n: 2 }]), [200, false]);
  t.strictSame(await post(b, 'k', [{ n: 1 }, { n: 2 }]), [200, true]);
  t.match(await post(c, 'k', [{ n: 1 }]), [409, /^idempotency_conflict/]);
  t.strictSame(await post(await join(), 'k', [{ n: 1 }, { n: 2 }]), [200, true], 'one that started since');
  t.strictSame(await seen(), [1, 2]);
});

test('of those that come to several hubs at a time one is carried out', async (t) => {
  const { hubs, post, seen } = await start(t);
  const answers = await Promise.all(hubs.map((hub) => post(hub, 'k', [{ n: 1 }, { n: 2 }, { n: 3 }])));
  t.strictSame(answers.map(([, repeated]) => repeated).sort(), [false, true, true]);
  t.strictSame(await seen(), [1, 2, 3]);
  const bodies = await Promise.all(hubs.map((hub, n) => post(hub, 'other', { n })));
  t.strictSame(bodies.map(([status]) => status).sort(), [200, 409, 409]);
  t.equal((await seen())?.length, 1);
});

test('keys are remembered for longer than events are kept', async (t) => {
  const { hubs, join, post, seen } = await start(t, { history: 1 });
  const [a] = hubs;
  for (const n of [1, 2, 3]) await post(a, `k${n}`, { n });
  const late = await join();
  for (const n of [1, 2, 3]) t.strictSame(await post(late, `k${n}`, { n }), [200, true]);
  t.strictSame(await seen(), [1, 2, 3]);
});

test('a request that came to two hubs that did not see each other is published once to each client', async (t) => {
  const { hubs, post, seen, told } = await start(t);
  const [a, b] = hubs;
  for (const { broker } of [a, b]) broker.cut();
  const asked = [a, b].map(({ broker }) => new Promise<void>((resolve) => onAppend(broker, () => resolve())));
  const answers = [a, b].map((hub) => post(hub, 'k', { n: 1 }));
  await Promise.all(asked);
  for (const { broker } of [a, b]) broker.restore();
  t.strictSame(
    new Set(await Promise.all(answers)),
    new Set([
      [200, false],
      [200, true],
    ]),
  );
  t.strictSame(await seen(), [1]);
  t.strictSame(told, [1]);
});

test('a hub that is cut off says which events have no place; sent again, they are published once', async (t) => {
  const { hubs, post, seen, told } = await start(t, {}, 20);
  const [a, b] = hubs;
  b.broker.cut();
  t.strictSame(await post(b, 'k1', { n: 1 }), [
    503,
    'outcome_unknown: the hub is cut off from the others: may be published yet',
  ]);
  t.strictSame(await post(b, 'k2', [{ n: 2 }, { n: 3 }]), [
    503,
    'cut_off: the hub is cut off from the others: [0] to [1] not published',
  ]);
  t.strictSame(await seen(), [], 'nobody is told, on the hub that is cut off neither');
  t.strictSame(await post(a, 'k1', { n: 1 }), [200, false]);
  b.broker.restore();
  t.strictSame(await post(b, 'k1', { n: 1 }), [200, true]);
  t.strictSame(await post(b, 'k2', [{ n: 2 }, { n: 3 }]), [200, false]);
  t.strictSame(await seen(), [1, 2, 3]);
  t.strictSame(told, [1, 2, 3]);
});

test('of a list whose beginning was published when the hub was cut off, the rest is, once it comes again', async (t) => {
  const { hubs, post, seen, told } = await start(t, {}, 20);
  const [a, b] = hubs;
  onAppend(b.broker, (count) => count === 2 && b.broker.cut());
  const list = [1, 2, 3, 4].map((n) => ({ n }));
  t.strictSame(await post(b, 'k', list), [
    503,
    'outcome_unknown: the hub is cut off from the others: [0] to [3] may be published yet',
  ]);
  t.strictSame(await post(a, 'k', list), [200, false]);
  t.strictSame(told, [3, 4], 'the hub that published the others does not know it yet');
  b.broker.restore();
  t.strictSame(await post(b, 'k', list), [200, true]);
  t.strictSame(await seen(), [1, 2, 3, 4]);
  t.strictSame(told.sort(), [1, 2, 3, 4]);
});

test('what concerns nobody elsewhere does not need the other hubs', async (t) => {
  const { hubs, post } = await start(t, {}, 20);
  const [, b] = hubs;
  b.broker.cut();
  t.strictSame(await post(b, undefined, { n: 1 }, 'count.here'), [200, false]);
});
