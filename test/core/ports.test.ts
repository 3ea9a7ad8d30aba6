import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Test, test } from 'tap';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';

/** A hub that does not listen yet. */
async function prepared(t: Test, host: string, ports: readonly number[]) {
  const config = completeConfig({ store: 'memory', host, ports }, import.meta.filename);
  const hub = await prepareHub(config, { log: createLog('silent') });
  t.teardown(() => hub.stop());
  return hub;
}

/** A port that somebody has. */
async function takenPort(t: Test, host: string): Promise<number> {
  const server = createServer().listen(0, host);
  t.teardown(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const isLive = (host: string, port: number) =>
  fetch(`http://${host}:${port}/health/live`).then(({ ok }) => ok);

test('all ports serve the same', async (t) => {
  const hub = await prepared(t, '127.0.0.1', [0, 0, 0]);
  const addresses = await hub.listen();
  t.equal(new Set(addresses.map(({ port }) => port)).size, 3);
  for (const { host, port } of addresses) t.ok(await isLive(host, port));
});

test('when one port cannot be had, none is open', async (t) => {
  const [free, taken] = [await freePort(), await takenPort(t, '127.0.0.1')];
  const hub = await prepared(t, '127.0.0.1', [free, taken]);
  await t.rejects(hub.listen(), {
    name: 'StartError',
    message: new RegExp(`^cannot listen on 127\\.0\\.0\\.1 port ${taken}: another program has the port`),
  });
  await t.rejects(isLive('127.0.0.1', free));
});

test('two hubs do not share a port', async (t) => {
  const [address] = await (await prepared(t, '127.0.0.1', [0])).listen();
  const second = await prepared(t, '127.0.0.1', [address?.port ?? 0]);
  await t.rejects(second.listen(), { name: 'StartError' });
});

test('localhost is both loopback addresses, where the machine has both', async (t) => {
  const server = createServer().listen(0, '::1');
  const hasIpv6 = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  const [address] = await (await prepared(t, 'localhost', [0])).listen();
  const port = address?.port ?? 0;
  t.ok(await isLive('127.0.0.1', port));
  if (!hasIpv6) return;
  t.ok(await isLive('[::1]', port));
  const taken = await takenPort(t, '::1');
  const hub = await prepared(t, 'localhost', [taken]);
  await t.rejects(hub.listen(), { message: new RegExp(`^cannot listen on ::1 port ${taken}`) });
  await t.rejects(isLive('127.0.0.1', taken), 'a client that tries ::1 first would reach another program');
});

test('an address that is not of this machine is refused', async (t) => {
  const hub = await prepared(t, '203.0.113.1', [0]);
  await t.rejects(hub.listen(), {
    message: /^cannot listen on 203\.0\.113\.1 port 0: .* not one of this machine/,
  });
});

test('a hub that is stopped while it starts opens no port', async (t) => {
  const hub = await prepared(t, '127.0.0.1', [0]);
  const listening = hub.listen();
  await Promise.all([hub.stop(), t.rejects(listening, { message: 'the hub was stopped while it started' })]);
});
