import http from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { test } from 'tap';
import { call, counting, serve, serveBoth, stalled, Wire } from '../helpers/http.ts';

const MB = 1024 * 1024;

test('hooks see an answer that is complete', async (t) => {
  const seen = Promise.withResolvers<object>();
  const served = await serve(t, (app) => {
    app.addHook('onResponse', async (request, reply) => {
      seen.resolve({
        ip: request.ip,
        status: reply.statusCode,
        finished: reply.raw.writableFinished,
        took: reply.elapsedTime > 0,
      });
    });
    app.get('/', async () => 'ok');
  });
  await call(served, '/');
  t.strictSame(await seen.promise, { ip: '127.0.0.1', status: 200, finished: true, took: true });
});

test('an answer that breaks after its headers ends the connection, on both servers', async (t) => {
  for (const served of await serveBoth(t, (app) => {
    for (const headers of [{}, { 'content-length': '100' }]) {
      app.get(`/${Object.keys(headers).length}`, (_request, reply) => {
        const source = Readable.from(
          (async function* () {
            yield 'some';
            await new Promise(setImmediate);
            throw new Error('the source broke');
          })(),
        );
        return reply.headers(headers).send(source);
      });
    }
    app.get('/short', async (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': 10 });
      reply.raw.write('four');
      await new Promise(setImmediate);
      reply.raw.end();
      // node leaves such a connection open and its client waiting.
      if (reply.raw.constructor === http.ServerResponse) reply.raw.destroy();
    });
  })) {
    for (const path of ['/0', '/1', '/short']) {
      const { status, error } = await call(served, path);
      t.strictSame({ status, error }, { status: 200, error: 'ECONNRESET' }, `${served.name} ${path}`);
    }
  }
});

test('more than the announced length is not sent: it would be read as the next answer', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-length': 6 });
      reply.raw.write('four');
      reply.raw.write('fives');
      reply.raw.end('six');
    });
  });
  const wire = new Wire(t, served).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(await wire.until(/fourfi/), /\r\n\r\nfourfi$/);
  wire.write('GET /none HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(await wire.until(/404/), /fourfiHTTP\/1.1 404 Not Found\r\n/);
});

test('what follows the end is ignored', async (t) => {
  const calledBack: unknown[] = [];
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => {
      reply.hijack();
      const { raw } = reply;
      raw.end('first', () => calledBack.push('finished'));
      raw.end('second');
      t.equal(
        raw.write('third', (error) => calledBack.push(error?.message)),
        false,
      );
      t.throws(() => raw.setHeader('a', 'b'), { code: 'ERR_HTTP_HEADERS_SENT' });
      t.throws(() => raw.removeHeader('a'), { code: 'ERR_HTTP_HEADERS_SENT' });
      t.throws(() => raw.writeHead(200), { code: 'ERR_HTTP_HEADERS_SENT' });
      t.strictSame([raw.headersSent, raw.writableEnded, raw.finished], [true, true, true]);
      raw.destroy();
    });
    app.get('/sent-twice', async (_request, reply) => {
      reply.send('first');
      reply.send('second');
      return reply;
    });
  });
  t.equal((await call(served, '/')).body.toString(), 'first');
  t.strictSame(calledBack.sort(), ['finished', 'write after the end of the answer']);
  t.equal((await call(served, '/sent-twice')).body.toString(), 'first');
});

test('whoever waits for a complete answer is told, however late', async (t) => {
  const told: string[] = [];
  const all = Promise.withResolvers<void>();
  const tell = (what: string) => {
    told.push(what);
    if (told.length === 4) all.resolve();
  };
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => {
      reply.send('ok');
      reply.raw.on('finish', () => tell('finish'));
      reply.raw.once('close', () => tell('close'));
      void finished(reply.raw).then(() => tell('finished'));
      void reply.then(
        () => tell('then'),
        () => {},
      );
    });
  });
  await call(served, '/');
  await all.promise;
  t.strictSame(told.sort(), ['close', 'finish', 'finished', 'then']);
});

test('pipelines and pipes into the raw answer work', async (t) => {
  const outcome = Promise.withResolvers<unknown>();
  const served = await serve(t, (app) => {
    app.get('/pipeline', async (_request, reply) => {
      reply.hijack();
      await pipeline(Readable.from(['a', 'b', 'c']), reply.raw);
    });
    app.get('/broken', async (_request, reply) => {
      reply.hijack();
      const source = counting(512 * MB);
      outcome.resolve(
        pipeline(source.stream, reply.raw).catch((error) => [error.code, source.stream.destroyed]),
      );
    });
  });
  t.equal((await call(served, '/pipeline')).body.toString(), 'abc');
  (await stalled(served, '/broken')).destroy();
  t.strictSame(await outcome.promise, ['ERR_STREAM_PREMATURE_CLOSE', true]);
});

test('a handler that answers late is as good as one that answers at once', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/:turns', async (request) => {
      const { turns } = request.params as { turns: string };
      for (let i = 0; i < Number(turns); i++) await new Promise(setImmediate);
      return { turns };
    });
  });
  for (const turns of [0, 1, 10])
    t.strictSame(JSON.parse((await call(served, `/${turns}`)).body.toString()), { turns: `${turns}` });
});

test('a header that would break the answer apart is refused where it is set', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => {
      const { raw } = reply;
      t.throws(() => raw.setHeader('x', 'a\r\nb: c'), { code: 'ERR_INVALID_CHAR' });
      t.throws(() => raw.setHeader('x', ['ok', 'a\nb']), { code: 'ERR_INVALID_CHAR' });
      t.throws(() => raw.setHeader('x y', 'a'), { code: 'ERR_INVALID_HTTP_TOKEN' });
      t.throws(() => raw.appendHeader('x', 'a\0'), { code: 'ERR_INVALID_CHAR' });
      t.throws(() => raw.writeHead(200, 'OK\r\nx: y'), { code: 'ERR_INVALID_CHAR' });
      raw.statusMessage = '';
      t.throws(() => raw.writeHead(200, { x: 'ä\u0100' }), { code: 'ERR_INVALID_CHAR' });
      t.throws(() => raw.writeHead(99), { code: 'ERR_HTTP_INVALID_STATUS_CODE' });
      t.equal(raw.headersSent, false);
      raw.setHeaders(new Map([['X-Name', 'Zoë']]));
      raw.appendHeader('x-name', ['b']);
      t.strictSame(raw.getHeaderNames(), ['x-name']);
      t.strictSame({ ...raw.getHeaders() }, { 'x-name': ['Zoë', 'b'] });
      return reply.send('ok');
    });
  });
  const { status, headers } = await call(served, '/');
  t.equal(status, 200);
  t.equal(headers['x-name'], 'Zoë, b', 'in Latin-1, as node reads it');
});

test('what uWS cannot send is left out and holds nobody up', async (t) => {
  const served = await serve(t, (app) => {
    app.get('/', async (_request, reply) => {
      await new Promise<void>((resolve) => reply.raw.writeEarlyHints({ link: '</a>; rel=preload' }, resolve));
      reply.raw.setTimeout(1);
      reply.trailer('x-check', async () => 'abc');
      return 'ok';
    });
    app.get('/raw', async (_request, reply) => {
      reply.raw.flushHeaders();
      t.equal(reply.raw.headersSent, true);
      reply.hijack();
      reply.raw.cork();
      reply.raw.write('a');
      reply.raw.write('b');
      reply.raw.uncork();
      reply.raw.end('c');
    });
  });
  t.equal((await call(served, '/')).body.toString(), 'ok');
  t.equal((await call(served, '/raw')).body.toString(), 'abc');
});
