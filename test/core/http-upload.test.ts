/** Request bodies: in pieces, and read in every way a handler may read them. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { finished, pipeline } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import { test } from 'tap';
import { call, serve, Wire } from '../helpers/http.ts';

const MB = 1024 * 1024;
const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Leaves every body to the handler. */
function unparsed(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
}

test('a body in pieces is put together, and its route runs before it is there', async (t) => {
  const started = Promise.withResolvers<void>();
  const served = await serve(t, (app) => {
    app.addHook('onRequest', async () => started.resolve());
    app.post('/', async (request) => request.body);
  });
  const whole = JSON.stringify({ text: 'é'.repeat(3) });
  for (const chunked of [false, true]) {
    const wire = new Wire(t, served);
    const bytes = Buffer.from(whole);
    wire.write(
      `${HEAD}${chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`}\r\n\r\n`,
    );
    await started.promise;
    for (const byte of bytes) {
      await new Promise((resolve) =>
        wire.socket.write(chunked ? Buffer.from([49, 13, 10, byte, 13, 10]) : Buffer.from([byte]), resolve),
      );
    }
    if (chunked) wire.write('0\r\n\r\n');
    t.match(Buffer.from(await wire.until(/\}$/), 'latin1').toString(), `\r\n\r\n${whole}`);
  }
});

test('a client that asks before it sends is told to go on', async (t) => {
  const served = await serve(t, (app) => app.post('/', async (request) => request.body));
  const wire = new Wire(t, served).write(`${HEAD}Expect: 100-continue\r\nContent-Length: 7\r\n\r\n`);
  t.match(await wire.until(/\r\n\r\n/), /^HTTP\/1.1 100 Continue\r\n\r\n/);
  wire.write('{"a":1}');
  t.match(await wire.until(/\}$/), /200 OK.*\{"a":1\}$/s);
});

test('a body reaches the handler however it reads', async (t) => {
  const readers: Record<string, (raw: Readable) => Promise<Buffer | string>> = {
    iterator: async (raw) => {
      const chunks = [];
      for await (const chunk of raw) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    data: async (raw) => {
      const chunks: Buffer[] = [];
      raw.on('data', (chunk) => chunks.push(chunk));
      await once(raw, 'end');
      return Buffer.concat(chunks);
    },
    readable: async (raw) => {
      const chunks: Buffer[] = [];
      raw.on('readable', () => {
        for (let chunk = raw.read(); chunk !== null; chunk = raw.read()) chunks.push(chunk);
      });
      await finished(raw);
      return Buffer.concat(chunks);
    },
    pipe: async (raw) => buffer(raw.pipe(new PassThrough())),
    pipeline: async (raw) => {
      const through = new PassThrough();
      const [, all] = await Promise.all([pipeline(raw, through), buffer(through)]);
      return all;
    },
    consumer: (raw) => buffer(raw),
    decoded: (raw) => text(raw.setEncoding('latin1')),
    late: async (raw) => {
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
      return buffer(raw);
    },
    paused: async (raw) => {
      const chunks: Buffer[] = [];
      raw.on('data', (chunk) => {
        chunks.push(chunk);
        raw.pause();
        setImmediate(() => raw.resume());
      });
      raw.pause();
      setImmediate(() => raw.resume());
      await once(raw, 'end');
      return Buffer.concat(chunks);
    },
    web: async (raw) => Buffer.from(await new Response(Readable.toWeb(raw) as ReadableStream).arrayBuffer()),
    some: async (raw) => {
      raw.once('data', () => {});
      return buffer(raw);
    },
  };
  const served = await serve(t, (app) => {
    unparsed(app);
    app.post('/:reader', async (request) => {
      const { reader } = request.params as { reader: string };
      const read = readers[reader];
      const body = await read?.(request.raw);
      const { readableEnded, complete, aborted } = request.raw;
      // Who asks again gets an answer, too.
      await buffer(request.raw).catch(() => {});
      const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : (body ?? Buffer.alloc(0));
      return { hash: hash(bytes), readableEnded, complete, aborted };
    });
  });
  for (const size of [1, 5000, 300_000]) {
    const body = randomBytes(size);
    for (const reader of Object.keys(readers)) {
      for (const extra of [{}, { 'transfer-encoding': 'chunked' }]) {
        const answer = await call(served, `/${reader}`, {
          method: 'POST',
          headers: { 'content-type': 'x/y', ...extra },
          body,
        });
        t.match(
          JSON.parse(answer.body.toString()),
          { hash: hash(body), readableEnded: true, complete: true, aborted: false },
          `${reader}, ${size} bytes ${Object.keys(extra)}`,
        );
      }
    }
  }
});

test('a handler that does not read leaves the connection usable', async (t) => {
  const served = await serve(t, (app) => {
    unparsed(app);
    app.all('/', async (request) => ({ method: request.method }));
  });
  const wire = new Wire(t, served);
  for (const [count, size] of [5, 100_000, 3 * MB].entries()) {
    wire
      .write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: x/y\r\nContent-Length: ${size}\r\n\r\n`)
      .write(Buffer.alloc(size));
    await wire.until(new RegExp(`(\\{"method":"POST"\\}.*){${count + 1}}`, 's'));
  }
  wire.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  t.match(await wire.until(/GET/), /\{"method":"GET"\}$/);
});
