import { type Test, test } from 'tap';
import { connect, type TestHub } from '../helpers/hub.ts';
import { startWith } from '../helpers/start-with.ts';

async function start(t: Test, origins: readonly string[] = []): Promise<TestHub> {
  const setup = (hub: Parameters<Parameters<typeof startWith>[1]>[0]) =>
    hub.endpoint('/', { envelope: { type: 'type' } });
  return (await startWith(t, setup, { origins: [...origins] })).hub;
}

/** @returns whether a browser page of that origin may connect. */
async function isLetIn(t: Test, hub: TestHub, origin: string | undefined): Promise<boolean> {
  try {
    const { socket } = await connect(t, hub, '/', { headers: origin === undefined ? {} : { origin } });
    socket.terminate();
    return true;
  } catch (error) {
    t.match(error, { message: /403/ });
    return false;
  }
}

test('programs that send no origin are let in', async (t) => {
  t.ok(await isLetIn(t, await start(t), undefined));
});

test('pages of the hub itself and of localhost on any port are let in', async (t) => {
  const hub = await start(t);
  for (const origin of [
    hub.origin,
    'http://localhost:3000',
    'https://localhost',
    'http://127.0.0.1:65535',
    'http://LOCALHOST:1',
  ])
    t.ok(await isLetIn(t, hub, origin), origin);
});

test('other pages are refused, however much they look like one of those', async (t) => {
  const hub = await start(t);
  for (const origin of [
    'https://example.org',
    'http://localhost.example.org',
    'http://example.org/localhost',
    'http://127.0.0.1.example.org',
    'http://127.0.0.2',
    'http://localhost@example.org',
    'null',
    'file://',
    'nonsense',
    '*',
  ])
    t.notOk(await isLetIn(t, hub, origin), origin);
});

test('allowed origins are let in exactly as they are listed', async (t) => {
  const hub = await start(t, ['https://example.org', 'https://map.example.org:8443']);
  t.ok(await isLetIn(t, hub, 'https://example.org'));
  t.ok(await isLetIn(t, hub, 'https://map.example.org:8443'));
  for (const origin of ['http://example.org', 'https://example.org:444', 'https://other.example.org'])
    t.notOk(await isLetIn(t, hub, origin), origin);
});

test('the asterisk lets in every page', async (t) => {
  const hub = await start(t, ['*']);
  for (const origin of ['https://example.org', 'null', 'file://'])
    t.ok(await isLetIn(t, hub, origin), origin);
});
