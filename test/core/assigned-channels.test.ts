import { test } from 'tap';
import { type Connection, type Hub, Type } from '../../core/index.ts';
import { type Client, connect } from '../helpers/hub.ts';
import { Queue } from '../helpers/queue.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';
import { startWith } from '../helpers/start-with.ts';

const Numbered = Type.Object({ n: Type.Integer() });

/** An endpoint whose connections the test gets; taps forbid to join anything. */
function setUp(hub: Hub) {
  const endpoint = hub.endpoint('/', { envelope: { type: 'type' }, limits: { channels: 2 } });
  const make = endpoint.emits('n', Numbered, { overflow: 'close' });
  const opened = new Queue<Connection<unknown>>();
  const asked: string[] = [];
  hub.hooks.opened.tap((connection) => opened.push(connection));
  hub.hooks.authorizeSubscribe.tap(({ channel }) => {
    asked.push(channel);
    return channel === 'free' ? true : { deny: 'no' };
  });
  hub.hooks.subscribed.tap(({ channel }) => void asked.push(`joined ${channel}`));
  hub.hooks.unsubscribed.tap(({ channel }) => void asked.push(`left ${channel}`));
  const { channels, notify } = hub;
  return { endpoint, make, opened, asked, channels, notify };
}

/** Numbers that came until a last one, which goes to everybody by name. */
async function numbers(parts: ReturnType<typeof setUp>, client: Client, connection: Connection<unknown>) {
  connection.send(parts.make({ n: -1 }));
  const got: number[] = [];
  for (let { n } = await client.next(); n !== -1; { n } = await client.next()) got.push(n);
  return got;
}

test('a plugin assigns channels at once: no limit, no tap, whatever the identity', async (t) => {
  const { hub, parts } = await startWith(t, setUp);
  const client = await connect(t, hub, '/');
  const connection = await parts.opened.next();
  const names = Array.from({ length: 500 }, (_, i) => `k${i}`);
  parts.channels.assign(connection, names);
  t.equal(parts.channels.members(parts.endpoint, 'k499').length, 1);
  t.strictSame(connection.channels, [], 'it joined none of them');
  await connection.identify(await hub.identity.sign('ann'));
  parts.notify.channels(['k0', 'k499', 'none'], parts.make({ n: 1 }));
  parts.channels.assign(connection, ['k1', 'new']);
  for (const [n, name] of ['k0', 'k1', 'new'].entries())
    parts.notify.channels([name], parts.make({ n: n + 2 }));
  t.strictSame(
    await numbers(parts, client, connection),
    [1, 3, 4],
    'each message once, and only what is assigned now',
  );
  parts.channels.assign(connection, []);
  parts.notify.channels(['k1', 'new'], parts.make({ n: 5 }));
  t.strictSame(await numbers(parts, client, connection), []);
  t.strictSame(parts.asked, []);
});

test('assigned and joined channels of one name do not end each other', async (t) => {
  const { hub, parts } = await startWith(t, setUp);
  const client = await connect(t, hub, '/');
  const connection = await parts.opened.next();
  const send = (n: number) => parts.notify.channels(['free'], parts.make({ n }));
  parts.channels.assign(connection, ['free']);
  await parts.channels.join(connection, 'free');
  send(1);
  parts.channels.assign(connection, []);
  send(2);
  parts.channels.assign(connection, ['free']);
  parts.channels.leave(connection, 'free');
  send(3);
  parts.channels.assign(connection, []);
  send(4);
  t.strictSame(await numbers(parts, client, connection), [1, 2, 3]);
  t.strictSame(parts.asked, ['free', 'joined free', 'left free']);
});

test('a closed connection is in none, and stays out', async (t) => {
  const { hub, parts } = await startWith(t, setUp);
  const client = await connect(t, hub, '/');
  const connection = await parts.opened.next();
  parts.channels.assign(connection, ['a']);
  connection.close(4_100, 'done');
  await client.closed;
  t.strictSame(parts.channels.members(parts.endpoint, 'a'), []);
  parts.channels.assign(connection, ['a']);
  t.strictSame(parts.channels.members(parts.endpoint, 'a'), []);
});

test('a local notification stays on its hub; others reach assigned channels everywhere', async (t) => {
  const network = new SharedNetwork();
  const hubs = [
    await startWith(t, setUp, { broker: network.join() }),
    await startWith(t, setUp, { broker: network.join() }),
  ];
  const members: { parts: ReturnType<typeof setUp>; client: Client; connection: Connection<unknown> }[] = [];
  for (const { hub, parts } of hubs) {
    const client = await connect(t, hub, '/');
    const connection = await parts.opened.next();
    parts.channels.assign(connection, ['a', 'b']);
    members.push({ parts, client, connection });
  }
  await network.settled();
  const [here, there] = members;
  if (here === undefined || there === undefined) throw new Error('two hubs');
  here.parts.notify.channels(['none', 'a', 'b'], here.parts.make({ n: 1 }), { local: true });
  here.parts.notify.channels(['a', 'b'], here.parts.make({ n: 2 }));
  await network.settled();
  t.strictSame(await numbers(here.parts, here.client, here.connection), [1, 2]);
  t.strictSame(await numbers(there.parts, there.client, there.connection), [2]);
});
