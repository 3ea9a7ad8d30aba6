import { once } from 'node:events';
import { request } from 'node:http';
import { type Test, test } from 'tap';
import type { Connection, Hub } from '../../core/index.ts';
import { connect, type TestHub } from '../helpers/hub.ts';
import { connectRaw, frame, OPCODES } from '../helpers/raw-client.ts';
import { startWith } from '../helpers/start-with.ts';

function endpoints(hub: Hub) {
  for (const paths of ['/plain', ['/one', '/two'], '/clients/:id', '/clients/me', '/:a/x/:b'])
    hub.endpoint(paths, { envelope: { type: 'type' } });
  const opened: Connection[] = [];
  hub.hooks.opened.tap((connection) => void opened.push(connection));
  return opened;
}

/** The status and the text with which an upgrade is refused; 101 when it is not. */
async function refusal(t: Test, { port }: TestHub, path: string, headers: Record<string, string> = {}) {
  const sent = request({
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      ...headers,
    },
  });
  t.teardown(() => sent.destroy());
  sent.end();
  const [answer, socket] = await Promise.race([once(sent, 'response'), once(sent, 'upgrade')]);
  if (answer.statusCode === 101) {
    socket?.destroy();
    return { status: 101, text: '' };
  }
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece);
  return { status: answer.statusCode, text: Buffer.concat(pieces).toString() };
}

test('a path nobody serves is answered 404, with its name', async (t) => {
  const { hub } = await startWith(t, endpoints);
  for (const path of [
    '/',
    '/nope',
    '/plain/more',
    '/plai',
    '/PLAIN',
    '/clients',
    '/clients/',
    '/clients/1/2',
  ])
    t.strictSame(await refusal(t, hub, path), { status: 404, text: `there is no endpoint ${path}` });
});

test('a trailing slash makes no difference', async (t) => {
  const { hub, parts } = await startWith(t, endpoints);
  for (const path of ['/plain', '/plain/', '/two/', '/clients/7/']) await connect(t, hub, path);
  t.strictSame(
    parts.map(({ path, endpoint }) => [path, endpoint.name]),
    [
      ['/plain', '/plain'],
      ['/plain', '/plain'],
      ['/two', '/one'],
      ['/clients/7', '/clients/:id'],
    ],
  );
});

test('parameters of the path are decoded, and exact paths come first', async (t) => {
  const { hub, parts } = await startWith(t, endpoints);
  for (const [path, params] of [
    ['/clients/7', { id: '7' }],
    ['/clients/me', {}],
    ['/clients/a%20b%2Fc%C3%A4', { id: 'a b/cä' }],
    ['/clients/__proto__', { id: '__proto__' }],
    ['/%E6%BC%A2/x/%252F', { a: '漢', b: '%2F' }],
  ] as const) {
    await connect(t, hub, path);
    t.strictSame({ ...parts.at(-1)?.params }, params);
  }
  for (const path of ['/clients/%', '/clients/%E6%BC', '/clients/%zz', '/a/x/'])
    t.equal((await refusal(t, hub, path)).status, 404, path);
});

test('the query is kept as it came', async (t) => {
  const { hub, parts } = await startWith(t, endpoints);
  for (const [path, query] of [
    ['/plain', ''],
    ['/plain?', ''],
    ['/plain?a=1&b=%20&a=2', 'a=1&b=%20&a=2'],
    ['/plain/?x', 'x'],
  ] as const) {
    await connect(t, hub, path);
    t.equal(parts.at(-1)?.query, query);
    t.equal(parts.at(-1)?.path, '/plain');
  }
});

test('of the sub-protocols a client offers, the first is answered', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const one = await connect(t, hub, '/plain', { protocols: ['chat.v2', 'chat.v1'] });
  t.equal(one.socket.protocol, 'chat.v2');
  const none = await connect(t, hub, '/plain');
  t.equal(none.socket.protocol, '');
});

test('each connection has an id of its own, which starts with that of the hub', async (t) => {
  const { hub, parts } = await startWith(t, endpoints);
  for (let i = 0; i < 3; i++) await connect(t, hub, '/plain');
  t.equal(new Set(parts.map(({ id }) => id)).size, 3);
  t.equal(new Set(parts.map(({ id }) => id.slice(0, 8))).size, 1);
  for (const { id } of parts) t.match(id, /^[0-9a-f]{32}$/);
});

test('without a proper key it is no upgrade', async (t) => {
  const { hub, parts } = await startWith(t, endpoints);
  for (const key of ['', 'short', 'x'.repeat(200)])
    t.equal((await refusal(t, hub, '/plain', { 'sec-websocket-key': key })).status, 404);
  t.strictSame(parts, []);
});

test('compression that a client offers is not agreed to, and the connection works', async (t) => {
  const { hub } = await startWith(t, endpoints);
  const client = await connectRaw(t, hub, '/plain', {
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
  });
  client.socket.write(frame(OPCODES.text, '{"type":"NOPE"}'));
  await client.until((text) => text.includes('unknown_type'));
});
