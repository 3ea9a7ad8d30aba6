/** Request bodies that are too large, too slow, broken off or not read. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import { test } from 'tap';
import { call, serve, serveBoth, Wire } from '../helpers/http.ts';

const MB = 1024 * 1024;
const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Leaves every body to the handler. */
function unparsed(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
}

test('a slow handler slows the upload down', async (t) => {
  const total = 64 * MB;
  let taken = 0;
  let ahead = 0;
  let sent = 0;
  const served = await serve(
    t,
    (app) => {
      unparsed(app);
      app.post('/', async (request) => {
        const slow = new Writable({
          write(chunk, _encoding, done) {
            taken += chunk.length;
            ahead = Math.max(ahead, sent - taken);
            setImmediate(done);
          },
        });
        await pipeline(request.raw, slow);
        return { taken };
      });
    },
    { maxBodyBytes: total },
  );
  const request = http.request({
    port: served.port,
    host: '127.0.0.1',
    method: 'POST',
    headers: { 'content-type': 'x/y', 'content-length': total },
  });
  const block = Buffer.alloc(64 * 1024);
  const source = new Readable({
    read() {
      sent += block.length;
      this.push(block);
      if (sent === total) this.push(null);
    },
  });
  source.pipe(request);
  const [response] = await once(request, 'response');
  t.strictSame(JSON.parse(await text(response)), { taken: total });
  t.ok(
    ahead < 32 * MB,
    `the client was ${Math.round(ahead / MB)} MB ahead, which is what the kernel buffers`,
  );
});

test('the hard limit stops the reading of announced and of unannounced bodies', async (t) => {
  const served = await serve(
    t,
    (app) => {
      app.addContentTypeParser('x/stream', (_request, payload, done) => {
        buffer(payload).then((body) => done(null, body.length), done);
      });
      app.addContentTypeParser('x/own', (_request, _payload, done) => done(null));
      app.post('/', { bodyLimit: 10 * MB }, async (request) => ({ length: request.body }));
      app.post('/late', async (request, reply) => {
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        return reply.send({ length: (await buffer(request.raw)).length });
      });
      app.post('/unread', async () => ({ unread: true }));
    },
    { maxBodyBytes: 1000 },
  );
  const post = (path: string, type: string, size: number, chunked: boolean) =>
    call(served, path, {
      method: 'POST',
      headers: {
        'content-type': type,
        ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': size }),
      },
      body: type === 'application/json' ? JSON.stringify('x'.repeat(size - 2)) : Buffer.alloc(size),
    });
  for (const chunked of [false, true]) {
    for (const [path, type] of [
      ['/', 'application/json'],
      ['/', 'x/stream'],
      ['/late', 'x/own'],
    ] as const) {
      const what = `${path} ${type} ${chunked ? 'chunked' : 'announced'}`;
      t.equal((await post(path, type, 1000, chunked)).status, 200, `${what}: at the limit`);
      const { status, headers, body } = await post(path, type, 1001, chunked);
      t.equal(status, 413, `${what}: above it`);
      t.match(JSON.parse(body.toString()), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }, what);
      t.equal(headers.connection, 'close');
    }
  }
  const unread = await post('/unread', 'x/own', 5000, false);
  t.match(
    { status: unread.status, connection: unread.headers.connection },
    { status: 200, connection: 'close' },
  );
});

test('an endless upload ends with the answer', async (t) => {
  const served = await serve(t, (app) => {
    app.post('/', { bodyLimit: 100 }, async (request) => request.body);
  });
  const wire = new Wire(t, served).write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  const block = `fff\r\n${'x'.repeat(0xfff)}\r\n`;
  const pump = () => {
    while (wire.socket.writable && wire.socket.write(block));
  };
  wire.socket.on('drain', pump);
  pump();
  await wire.closed();
  t.equal((await call(served, '/')).status, 404, 'others are served on');
});

test('a client that leaves in the middle of an upload: the parser ends, the handler is not called', async (t) => {
  const EXPECTED = [
    'aborted',
    'close, aborted',
    'error ECONNRESET',
    'onError',
    'onRequestAbort',
    'parser',
    'parser ECONNRESET',
  ];
  for (const served of await serveBoth(t, (app) => {
    const calls: string[] = [];
    app.decorate('calls', calls);
    app.addContentTypeParser('x/stream', (request, payload, done) => {
      calls.push('parser');
      request.raw.on('aborted', () => calls.push('aborted'));
      request.raw.on('error', (error: NodeJS.ErrnoException) => calls.push(`error ${error.code}`));
      request.raw.on('close', () => calls.push(request.raw.aborted ? 'close, aborted' : 'close'));
      buffer(payload).then(
        () => done(null),
        (error) => {
          calls.push(`parser ${error.code}`);
          done(error);
        },
      );
    });
    app.post('/', async () => calls.push('handler'));
    app.addHook('onRequestAbort', async (_request) => void calls.push('onRequestAbort'));
    app.addHook('onError', async () => void calls.push('onError'));
  })) {
    const calls: string[] = Reflect.get(served.app, 'calls');
    const wire = new Wire(t, served).write(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: x/stream\r\nContent-Length: 100\r\n\r\n0123',
    );
    while (calls.length === 0) await new Promise(setImmediate);
    wire.socket.destroy();
    while (calls.length < EXPECTED.length) await new Promise(setImmediate);
    t.strictSame(calls.sort(), EXPECTED, served.name);
  }
});

test('a JSON upload that breaks off never reaches its handler', async (t) => {
  const called: string[] = [];
  const closed = Promise.withResolvers<void>();
  const served = await serve(t, (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.raw.on('close', () => closed.resolve());
      called.push(request.method);
    });
    app.post('/', async () => called.push('handler'));
  });
  const wire = new Wire(t, served).write(`${HEAD}Content-Length: 100\r\n\r\n{"a":`);
  while (called.length === 0) await new Promise(setImmediate);
  wire.socket.destroy();
  await closed.promise;
  await new Promise(setImmediate);
  t.strictSame(called, ['POST']);
});

test('a handler that destroys a request it did not read ends the connection', async (t) => {
  const served = await serve(t, (app) => {
    unparsed(app);
    app.post('/', (request) => {
      request.raw.destroy();
    });
    app.post('/read', async (request) => {
      const body = await buffer(request.raw);
      request.raw.destroy();
      return { length: body.length };
    });
  });
  t.equal(
    (await call(served, '/', { method: 'POST', headers: { 'content-type': 'x/y' }, body: 'abc' })).error,
    'ECONNRESET',
  );
  const read = await call(served, '/read', {
    method: 'POST',
    headers: { 'content-type': 'x/y' },
    body: 'abc',
  });
  t.equal(read.body.toString(), '{"length":3}', 'one that was read is over');
});

test('an upload that nobody reads does not hold up a large answer to a slow reader', async (t) => {
  for (const sized of [true, false]) {
    const blocked = Promise.withResolvers<void>();
    const total = 24 * MB;
    const served = await serve(t, (app) => {
      unparsed(app);
      app.post('/', async (request, reply) => {
        while (request.raw.readableLength < 64 * 1024) await new Promise(setImmediate);
        if (sized) reply.header('content-length', total);
        void reply.send(Readable.from(Array.from({ length: total / MB }, () => Buffer.alloc(MB))));
        while (!reply.raw.writableNeedDrain) await new Promise(setImmediate);
        blocked.resolve();
        return reply;
      });
    });
    const socket = net.connect(served.port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: ${8 * MB}\r\n\r\n`);
    socket.write(Buffer.alloc(8 * MB));
    await blocked.promise;
    let received = 0;
    for await (const chunk of socket) {
      for (const byte of chunk) if (byte === 0) received++;
      if (received === total) break;
    }
    t.equal(received, total, sized ? 'sized' : 'chunked');
  }
});

test('an upload can be the answer', async (t) => {
  const served = await serve(t, (app) => {
    unparsed(app);
    app.post('/', (request, reply) => reply.send(request.raw));
  });
  const body = randomBytes(32 * MB);
  for (const extra of [{}, { 'transfer-encoding': 'chunked' }]) {
    const answer = await call(served, '/', {
      method: 'POST',
      headers: { 'content-type': 'x/y', ...extra },
      body,
    });
    t.equal(hash(answer.body), hash(body));
  }
});
