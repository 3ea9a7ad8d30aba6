import { type Test, test } from 'tap';
import { type Connection, type Hub, Type } from '../../core/index.ts';
import { type Client, connect, type TestHub } from '../helpers/hub.ts';
import { startWith } from '../helpers/start-with.ts';

/** An endpoint that knows when its connections have closed, since only then their place is free. */
function open(hub: Hub) {
  hub.endpoint('/', { envelope: { type: 'type' } });
  let wake = Promise.withResolvers<void>();
  let closed = 0;
  hub.hooks.closed.tap(() => {
    closed++;
    wake.resolve();
  });
  return {
    async untilClosed(count: number): Promise<void> {
      while (closed < count) {
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    },
  };
}

/** Connects as a client whose proxies report these addresses. */
function from(t: Test, hub: TestHub, forwarded: string): Promise<Client> {
  return connect(t, hub, '/', { headers: { 'x-forwarded-for': forwarded } });
}

test('one address may have so many connections, and another one as many', async (t) => {
  const limits = { connectionsPerAddress: 2 };
  const { hub, parts } = await startWith(t, open, { trustedProxies: 1, limits });
  const first = await from(t, hub, '203.0.113.1');
  await from(t, hub, '203.0.113.1');
  await t.rejects(from(t, hub, '203.0.113.1'), { message: /429/ });
  await from(t, hub, '203.0.113.2');
  await from(t, hub, '2001:db8::1');
  first.socket.close();
  await parts.untilClosed(1);
  await from(t, hub, '203.0.113.1');
  await t.rejects(from(t, hub, '203.0.113.1'), { message: /429/ }, 'one place was free, no more');
});

test('loopback addresses are not counted, reported by a proxy or not', async (t) => {
  const limits = { connectionsPerAddress: 1 };
  const { hub } = await startWith(t, open, { trustedProxies: 1, limits });
  for (let i = 0; i < 3; i++) {
    await connect(t, hub, '/');
    await from(t, hub, '127.0.0.1');
    await from(t, hub, '::1');
  }
});

test('the address is the one the trusted proxies saw, not what the client says', async (t) => {
  for (const [trustedProxies, forwarded, expected] of [
    [0, '203.0.113.9', '127.0.0.1'],
    [1, '203.0.113.1', '203.0.113.1'],
    [1, '198.51.100.7, 203.0.113.1', '203.0.113.1'],
    [2, '198.51.100.7, 203.0.113.1, 10.0.0.1', '203.0.113.1'],
    [2, '203.0.113.1', '203.0.113.1'],
    [1, '', '127.0.0.1'],
    [1, ' 203.0.113.1 ', '203.0.113.1'],
  ] as const) {
    const { hub, parts } = await startWith(
      t,
      (hub) => {
        const addresses: string[] = [];
        hub.endpoint('/', { envelope: { type: 'type' } });
        hub.hooks.opened.tap(({ address }) => void addresses.push(address));
        return addresses;
      },
      { trustedProxies },
    );
    await from(t, hub, forwarded);
    t.strictSame(parts, [expected], `${trustedProxies} proxies, ${forwarded}`);
  }
});

test('all connections together are limited, and a closed one makes room', async (t) => {
  const { hub, parts } = await startWith(t, open, { limits: { connections: 2 } });
  const first = await connect(t, hub, '/');
  await connect(t, hub, '/');
  await t.rejects(connect(t, hub, '/'), { message: /503/ });
  first.socket.terminate();
  await parts.untilClosed(1);
  await connect(t, hub, '/');
  await t.rejects(connect(t, hub, '/'), { message: /503/ });
});

test('upgrades that wait for their token to be checked cannot pass the limits together', async (t) => {
  const { hub, parts } = await startWith(
    t,
    (hub) => {
      hub.endpoint('/', { envelope: { type: 'type' }, tokenInQuery: true });
      const gate = Promise.withResolvers<void>();
      let asked = 0;
      hub.hooks.authenticate.tap(async ({ token }) => {
        if (++asked === 3) gate.resolve();
        await gate.promise;
        return { user: token, claims: {}, expiresAt: undefined };
      });
      return { asked: () => asked };
    },
    { limits: { connections: 1 } },
  );
  const results = await Promise.allSettled(['a', 'b', 'c'].map((user) => connect(t, hub, `/?token=${user}`)));
  t.equal(parts.asked(), 3, 'all were admitted to the check');
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a connection may be in so many channels at a time', async (t) => {
  const { hub, parts } = await startWith(t, (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' }, limits: { channels: 2 } });
    const joined = endpoint.emits('IN', Type.Object({ channels: Type.Array(Type.String()) }), {
      overflow: 'close',
    });
    const Names = Type.Object({ names: Type.Array(Type.String()) });
    const channels = (connection: Connection) => joined({ channels: [...connection.channels] });
    endpoint.on('JOIN', Names, async ({ names }, connection) => {
      await Promise.all(names.map((name) => hub.channels.join(connection, name)));
      return channels(connection);
    });
    endpoint.on('LEAVE', Names, ({ names }, connection) => {
      for (const name of names) hub.channels.leave(connection, name);
      return channels(connection);
    });
    const subscribed: string[] = [];
    hub.hooks.subscribed.tap(({ channel }) => void subscribed.push(channel));
    return { subscribed };
  });
  const client = await connect(t, hub, '/');
  const answer = async (type: string, ...names: string[]) => {
    client.send({ type, names });
    const { channels, error } = await client.next();
    return channels ?? error.code;
  };
  t.strictSame(await answer('JOIN', 'a', 'a'), ['a'], 'the same one twice counts once');
  t.strictSame(await answer('JOIN', 'b'), ['a', 'b']);
  t.equal(await answer('JOIN', 'c'), 'too_many_channels');
  t.strictSame(await answer('JOIN', 'a'), ['a', 'b'], 'where it already is, it stays');
  t.strictSame(await answer('LEAVE', 'a', 'nowhere'), ['b']);
  t.equal(await answer('JOIN', 'd', 'e'), 'too_many_channels', 'also when they are joined at once');
  t.strictSame(await answer('LEAVE'), ['b', 'd']);
  t.strictSame(parts.subscribed, ['a', 'b', 'd'], 'each was told once');
  const other = await connect(t, hub, '/');
  other.send({ type: 'JOIN', names: ['a', 'b'] });
  t.strictSame((await other.next()).channels, ['a', 'b'], 'each connection has its own count');
});
