/** Plugins of Fastify that work on node's server work here. */
import { createHash, randomBytes } from 'node:crypto';
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import statics from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { test } from 'tap';
import { call, serve, serveBoth, Wire } from '../helpers/http.ts';

const MB = 1024 * 1024;
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('@fastify/cors answers preflights and marks answers', async (t) => {
  const served = await serve(t, async (app) => {
    await app.register(cors, { origin: ['http://a.example'], methods: ['GET', 'PUT'], maxAge: 60 });
    app.put('/', async () => ({ ok: true }));
  });
  const headers = { origin: 'http://a.example', 'access-control-request-method': 'PUT' };
  const preflight = await call(served, '/', { method: 'OPTIONS', headers });
  t.match(preflight, {
    status: 204,
    headers: {
      'access-control-allow-origin': 'http://a.example',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-max-age': '60',
    },
  });
  const answer = await call(served, '/', {
    method: 'PUT',
    headers: { origin: 'http://a.example', 'content-type': 'application/json' },
    body: '{}',
  });
  t.match(answer, {
    status: 200,
    headers: { 'access-control-allow-origin': 'http://a.example', vary: /Origin/ },
  });
  t.equal(
    (await call(served, '/', { method: 'PUT', headers: { origin: 'http://b.example' } })).headers[
      'access-control-allow-origin'
    ],
    undefined,
  );
});

/** A form with one field and one file. */
function form(file: Blob): { type: string; body: Promise<Buffer> } {
  const data = new FormData();
  data.append('field', 'välue');
  data.append('file', file, 'größe.bin');
  const request = new Response(data);
  return {
    type: request.headers.get('content-type') ?? '',
    body: request.arrayBuffer().then((bytes) => Buffer.from(bytes)),
  };
}

test('@fastify/multipart streams a file of 40 MB', async (t) => {
  const content = randomBytes(40 * MB);
  const { type, body } = form(new Blob([content]));
  const served = await serve(t, async (app) => {
    await app.register(multipart, { limits: { fileSize: 100 * MB } });
    app.post('/', async (request) => {
      const seen: unknown[] = [];
      for await (const part of request.parts()) {
        if (part.type === 'field') seen.push([part.fieldname, part.value]);
        else {
          const digest = createHash('sha256');
          let largest = 0;
          for await (const chunk of part.file) {
            digest.update(chunk);
            largest = Math.max(largest, chunk.length);
          }
          seen.push([part.filename, digest.digest('hex'), largest < 2 * MB]);
        }
      }
      return seen;
    });
  });
  const answer = await call(served, '/', {
    method: 'POST',
    headers: { 'content-type': type },
    body: await body,
  });
  t.strictSame(JSON.parse(answer.body.toString()), [
    ['field', 'välue'],
    ['größe.bin', hash(content), true],
  ]);
});

test('@fastify/multipart ends when the file is too large or the client leaves', async (t) => {
  const outcome = Promise.withResolvers<string>();
  const served = await serve(t, async (app) => {
    await app.register(multipart, { limits: { fileSize: MB } });
    app.post('/', async (request) => ({ size: (await (await request.file())?.toBuffer())?.length }));
    app.post('/leaving', async (request) => {
      const file = await request.file();
      await file?.toBuffer().catch((error: Error) => outcome.resolve(error.message));
    });
  });
  const { type, body } = form(new Blob([Buffer.alloc(3 * MB)]));
  const answer = await call(served, '/', {
    method: 'POST',
    headers: { 'content-type': type },
    body: await body,
  });
  t.equal(answer.status, 413);
  t.match(answer.body.toString(), /FST_REQ_FILE_TOO_LARGE/);

  const wire = new Wire(t, served);
  const start = (await body).subarray(0, 100_000);
  wire
    .write(`POST /leaving HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 4000000\r\n\r\n`)
    .write(start);
  await new Promise((resolve) => setImmediate(resolve));
  wire.socket.end();
  t.type(await outcome.promise, 'string');
});

test('@fastify/static serves files as on node:http', async (t) => {
  const root = t.testdir({
    'a.txt': 'the file a',
    'large.bin': randomBytes(3 * MB),
    empty: '',
    sub: { 'index.html': '<h1>sub</h1>' },
  });
  const servers = await serveBoth(t, async (app: FastifyInstance) => {
    await app.register(statics, { root, prefix: '/files/' });
    app.get('/sent', (_request, reply) => reply.sendFile('a.txt'));
    app.get('/downloaded', (_request, reply) => reply.download('a.txt', 'grüße.txt'));
  });
  const plain = await call(servers[0], '/files/a.txt');
  const etag = String(plain.headers.etag);
  const modified = String(plain.headers['last-modified']);
  t.match(plain, { status: 200, headers: { 'content-length': '10', 'accept-ranges': 'bytes' } });
  const cases: [string, Parameters<typeof call>[2], number][] = [
    ['/files/a.txt', {}, 200],
    ['/files/a.txt', { method: 'HEAD' }, 200],
    ['/files/a.txt', { headers: { 'if-none-match': etag } }, 304],
    ['/files/a.txt', { headers: { 'if-modified-since': modified } }, 304],
    ['/files/a.txt', { headers: { range: 'bytes=4-7' } }, 206],
    ['/files/a.txt', { headers: { range: 'bytes=-3' } }, 206],
    ['/files/a.txt', { headers: { range: 'bytes=99-' } }, 416],
    ['/files/a.txt', { method: 'HEAD', headers: { range: 'bytes=4-7' } }, 206],
    ['/files/large.bin', {}, 200],
    ['/files/large.bin', { headers: { range: 'bytes=1000000-2999999' } }, 206],
    ['/files/empty', {}, 200],
    ['/files/none.txt', {}, 404],
    ['/files/sub/', {}, 200],
    ['/files/sub', {}, 200],
    ['/files/../package.json', {}, 403],
    ['/sent', {}, 200],
    ['/downloaded', {}, 200],
  ];
  for (const [path, options, status] of cases) {
    const [mine, theirs] = await Promise.all(servers.map((served) => call(served, path, options)));
    const what = `${options?.method ?? 'GET'} ${path} ${JSON.stringify(options?.headers ?? {})}`;
    const pick = (answer: typeof mine) => {
      const {
        date: _date,
        connection: _connection,
        uwebsockets: _uws,
        'keep-alive': _keep,
        ...headers
      } = answer?.headers ?? {};
      return {
        status: answer?.status,
        headers,
        error: answer?.error,
        body: hash(answer?.body ?? Buffer.alloc(0)),
      };
    };
    t.strictSame(pick(mine), pick(theirs), what);
    t.equal(mine?.status, status, what);
  }
});
