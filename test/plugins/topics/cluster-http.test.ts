/** `POST /topics/<name>` with an idempotency key, over several hubs. */
import { type Test, test } from 'tap';
import { Type } from '../../../core/index.ts';
import type { Received } from '../../helpers/hub.ts';
import { type ClusteredHub, follow, followed, type Setup, startCluster } from './wire.ts';

const schema = Type.Object({ n: Type.Integer() });

async function start(t: Test, options: Setup['options'] = {}) {
  const cluster = await startCluster(t, {
    options,
    define: (topics) =>
      topics.define('count.up', { schema, summary: 'n', audience: () => ({ keys: ['everybody'] }) }),
  });
  const [a] = cluster.hubs;
  const token = await a.identity.sign('service', { scope: 'topics:publish' });
  const post = async (hub: ClusteredHub, key: string, body: unknown) => {
    const answer = await fetch(`${hub.origin}/topics/count.up`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify(body),
    });
    const { repeated, error }: Received = await answer.json();
    return [answer.status, repeated ?? error.code];
  };
  const { client } = await follow(t, a);
  const seen = async () => {
    for (let i = 0; i < 3; i++) await cluster.network.settled();
    return (await followed(client)).map(({ event }) => event.n);
  };
  return { ...cluster, post, seen };
}

test('a request that comes again to another hub is not carried out again', async (t) => {
  const { hubs, join, post, seen } = await start(t);
  const [a, b, c] = hubs;
  t.strictSame(await post(a, 'k', [{ n: 1 }, { n: 2 }]), [200, false]);
  t.strictSame(await post(b, 'k', [{ n: 1 }, { n: 2 }]), [200, true]);
  t.strictSame(await post(c, 'k', [{ n: 1 }]), [409, 'idempotency_conflict']);
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
  t.equal((await seen()).length, 1);
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
  const { hubs, post, seen } = await start(t);
  const [a, b, c] = hubs;
  const [atB, atC] = [await follow(t, b), await follow(t, c)];
  for (const { broker } of [a, b]) broker.cut();
  for (const hub of [a, b]) t.strictSame(await post(hub, 'k', { n: 1 }), [200, false]);
  for (const { broker } of [a, b]) broker.restore();
  t.strictSame(await seen(), [1]);
  for (const { client } of [atB, atC])
    t.strictSame(
      (await followed(client)).map(({ event }) => event.n),
      [1],
    );
});
