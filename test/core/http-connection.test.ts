/** Connections: kept alive, in a row, closed; who is at the other end; and the instance of Fastify behind them. */
import { once } from 'node:events';
import fastify from 'fastify';
import { test } from 'tap';
import { bridge, detachedServer } from '../../core/transport/http-bridge.ts';
import { uws } from '../../core/transport/uws.ts';
import { call, serve, serveBoth, Wire } from '../helpers/http.ts';

const GET = (path: string, ...headers: string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;

test('one connection serves many requests, and requests sent in a row in their order', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/sync/:id', (request, reply) => reply.send(request.params));
    app.get('/async/:id', async (request) => request.params);
    app.post('/', async (request) => request.body);
  });
  const wire = new Wire(t, served);
  for (let id = 0; id < 20; id++) {
    wire.write(GET(`/async/${id}`));
    await wire.until(new RegExp(`\\{"id":"${id}"\\}$`));
  }
  const post = (id: number) =>
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${`{"id":${id}}`.length}\r\n\r\n{"id":${id}}`;
  wire.write([GET('/sync/a'), GET('/async/b'), post(1), GET('/sync/c'), post(2)].join(''));
  const text = await wire.until(/\{"id":2\}$/);
  t.strictSame(text.match(/\{"id":[^}]*\}/g)?.slice(20), [
    '{"id":"a"}',
    '{"id":"b"}',
    '{"id":1}',
    '{"id":"c"}',
    '{"id":2}',
  ]);
});

test('uWS ends a connection whose client does not await an answer that takes its time', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', async (_request, reply) => {
      await once(reply.raw, 'close');
      t.equal(reply.raw.destroyed, true);
    });
  });
  const wire = new Wire(t, served).write(GET('/') + GET('/'));
  t.equal(await wire.closed(), '');
});

test('a client that wants the connection closed gets its answer first', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', async () => ({ ok: true }));
    app.get('/large', async () => Buffer.alloc(5 * 1024 * 1024, 'x'));
    app.get('/close', (_request, reply) => reply.header('Connection', 'close').send({ ok: true }));
  });
  t.match(await new Wire(t, served).write(GET('/', 'Connection: close')).closed(), /\{"ok":true\}$/);
  t.match(await new Wire(t, served).write(GET('/large', 'Connection: close')).closed(), /x{5242880}$/);
  const closing = await new Wire(t, served).write(GET('/close')).closed();
  t.equal(closing.match(/connection: close/gi)?.length, 1);
  t.match(closing, /\{"ok":true\}$/);
});

test('duplicate headers are joined or dropped as node does', async (t) => {
  const lines = [
    ...['Accept: a', 'accept: b', 'Cookie: a=1', 'cookie: b=2', 'User-Agent: first', 'user-agent: second'],
    ...[
      'Set-Cookie: a',
      'Set-Cookie: b',
      'X-One: 1',
      'x-one: 2',
      'X-One: 3',
      'constructor: c',
      '__proto__: p',
    ],
    ...['toString: t', 'Content-Type: x/y', 'Content-Type: z', 'X-Empty:', 'X-Space:   a b  '],
  ];
  const seen: unknown[] = [];
  for (const served of await serveBoth(t, (app) => {
    app.get('/', async (request) => ({
      headers: request.headers,
      own: Object.keys(request.headers),
      raw: request.raw.rawHeaders.length % 2,
    }));
  })) {
    const text = await new Wire(t, served).write(GET('/', 'Connection: close', ...lines)).closed();
    seen.push(JSON.parse(/\{.*\}/.exec(text)?.[0] ?? ''));
  }
  t.strictSame(seen[0], seen[1]);
});

test('what does not follow the protocol is refused before it reaches a route', async (t) => {
  const served = await serve(t, (app) => app.all('/*', async () => 'reached'));
  for (const [text, status] of [
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET / HTTP/1.0\r\n\r\n', 505],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n', 400],
  ] as const) {
    const answer = await new Wire(t, served).write(text).closed();
    t.match(answer, new RegExp(`^HTTP/1.1 ${status}|^$`), JSON.stringify(text));
    t.notMatch(answer, 'reached');
  }
});

test('the address of the client is told as node does', async (t) => {
  const served = await serve(
    t,
    (app) => {
      app.get('/', async ({ ip, protocol, socket }) => ({ ip, protocol, family: socket.remoteFamily }));
    },
    { host: '::' },
  );
  const from = async (host: string) => JSON.parse((await call(served, '/', { host })).body.toString());
  t.strictSame(await from('127.0.0.1'), { ip: '::ffff:127.0.0.1', protocol: 'http', family: 'IPv6' });
  t.strictSame(await from('::1'), { ip: '::1', protocol: 'http', family: 'IPv6' });
});

test('code for node sockets finds what it looks for', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', (request, reply) => {
      const { socket } = request.raw;
      t.equal(socket, reply.raw.socket);
      t.equal(socket.setTimeout(1).setNoDelay(true).setKeepAlive(true), socket);
      t.equal(socket.destroyed, false);
      socket.on('close', () => {});
      socket.destroy();
      socket.destroy();
      t.equal(socket.destroyed, true);
      return reply;
    });
  });
  t.equal((await call(served, '/')).error, 'ECONNRESET');
});

test('an error outside of every route is told and answered', async (t) => {
  const failures: unknown[] = [];
  const served = await serve(t, (app) => app.get('/', async () => 'ok'), {
    fastify: {
      genReqId: () => {
        throw new Error('no id today');
      },
    },
    failed: (error) => failures.push(error),
  });
  t.equal((await call(served, '/')).status, 500);
  t.match(failures, [{ message: 'no id today' }]);
});

test('Fastify needs no server of its own: it becomes ready, injects and closes without one', async (t) => {
  const closed: string[] = [];
  const app = fastify({ serverFactory: detachedServer });
  app.get('/', async () => ({ ok: true }));
  app.addHook('preClose', async () => void closed.push('preClose'));
  app.addHook('onClose', async () => void closed.push('onClose'));
  await app.ready();
  t.equal(app.server.listening, false);
  t.equal(app.server.address(), null);
  t.strictSame(app.addresses(), []);
  t.strictSame((await app.inject('/')).json(), { ok: true });
  await t.rejects(app.listen({ port: 0 }), /routes are served on the ports of the hub/);
  await app.close();
  t.strictSame(closed, ['preClose', 'onClose']);
});

test('while Fastify closes, requests are turned away', async (t) => {
  const app = fastify({ serverFactory: detachedServer });
  app.get('/', async () => 'ok');
  await app.ready();
  const server = uws.App().any('/*', bridge(app, { maxBodyBytes: 1000, failed: () => {} }));
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen('127.0.0.1', 0, (socket) =>
    resolve(socket === false ? -1 : uws.us_socket_local_port(socket)),
  );
  const port = await promise;
  t.teardown(() => server.close());
  await app.close();
  const answer = await call({ name: '', app, port, url: '' }, '/');
  t.match(answer, { status: 503, headers: { connection: 'close' } });
});

test('uWS names itself and the date in every answer', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => reply.header('date', 'never').send('ok'));
  });
  const { headers } = await call(served, '/');
  t.equal(headers.uwebsockets, '20');
  t.ok(Date.parse(headers.date ?? '') > 0);
});
