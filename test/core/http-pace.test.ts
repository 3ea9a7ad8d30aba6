/** Answers that are large, and readers that are slow or leave. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { test } from 'tap';
import { call, counting, serve, stalled, Wire } from '../helpers/http.ts';

const MB = 1024 * 1024;
const hash = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

test('a body of 50 MB arrives whole, as string, buffer and stream', async (t) => {
  const bytes = randomBytes(50 * MB);
  const text = 'grüße '.repeat(5 * MB);
  const served = await serve(t, (app) => {
    app.get('/buffer', (_request, reply) => reply.send(bytes));
    app.get('/string', (_request, reply) => reply.type('text/plain').send(text));
    app.get('/stream', (_request, reply) =>
      reply.send(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])),
    );
    app.get('/sized', (_request, reply) =>
      reply
        .header('content-length', bytes.length)
        .send(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])),
    );
  });
  for (const path of ['/buffer', '/stream', '/sized']) {
    const { headers, body } = await call(served, path);
    t.equal(hash(body), hash(bytes), path);
    t.equal(headers['content-length'], path === '/stream' ? undefined : String(bytes.length));
  }
  t.equal(hash((await call(served, '/string')).body), hash(text));
});

for (const path of ['/chunked', '/sized']) {
  test(`a slow reader slows the source down: ${path}`, async (t) => {
    const total = 128 * MB;
    const source = counting(total);
    const served = await serve(t, (app) => {
      app.get('/chunked', (_request, reply) => reply.send(source.stream));
      app.get('/sized', (_request, reply) => reply.header('content-length', total).send(source.stream));
    });
    const response = await stalled(served, path);
    let received = 0;
    let ahead = 0;
    for await (const chunk of response) {
      received += chunk.length;
      ahead = Math.max(ahead, source.made - received);
    }
    t.equal(received, total);
    t.ok(
      ahead < 32 * MB,
      `the source was ${Math.round(ahead / MB)} MB ahead, which is what the kernel buffers`,
    );
  });
}

test('whatever is written arrives as it was written', async (t) => {
  const pieces = fc.array(fc.tuple(fc.oneof(fc.nat(2000), fc.nat(300_000)), fc.nat(2)), { maxLength: 12 });
  let writes: [size: number, turns: number][] = [];
  const served = await serve(t, (app) => {
    app.get('/:kind', async (request, reply) => {
      reply.hijack();
      if ((request.params as { kind: string }).kind === 'sized') {
        reply.raw.setHeader(
          'content-length',
          writes.reduce((sum, [size]) => sum + size, 0),
        );
      }
      for (const [index, [size, turns]] of writes.entries()) {
        reply.raw.write(Buffer.alloc(size, index));
        for (let i = 0; i < turns; i++) await new Promise(setImmediate);
      }
      reply.raw.end();
    });
  });
  await fc.assert(
    fc.asyncProperty(pieces, fc.constantFrom('sized', 'chunked'), async (sizes, kind) => {
      writes = sizes;
      const { body, error } = await call(served, `/${kind}`);
      const expected = Buffer.concat(sizes.map(([size], index) => Buffer.alloc(size, index)));
      return error === undefined && body.equals(expected);
    }),
    { numRuns: 60 },
  );
});

test('what a stalled connection kept back leaves when it moves again, without a further write', async (t) => {
  let raw: FastifyReply['raw'] | undefined;
  const served = await serve(t, (app) => {
    app.get('/', (_request, reply) => {
      reply.hijack();
      raw = reply.raw;
      reply.raw.write(Buffer.alloc(16 * MB, 'a'));
      reply.raw.write('the last of it');
    });
  });
  const response = await stalled(served, '/');
  let text = '';
  for await (const chunk of response) {
    text = text.slice(-100) + chunk.toString();
    if (text.endsWith('the last of it')) break;
  }
  t.match(text, /the last of it$/);
  t.equal(raw?.writableEnded, false, 'the answer is still open');
});

for (const name of ['chunked', 'sized', 'whole'] as const) {
  test(`a reader that leaves in the middle of an answer ends its source: ${name}`, async (t) => {
    const source = counting(512 * MB);
    const events: string[] = [];
    let done: Promise<unknown> = Promise.resolve();
    const served = await serve(t, (app) => {
      app.addHook('onRequestAbort', async (_request) => void events.push('onRequestAbort'));
      app.get('/', (request, reply) => {
        reply.raw.on('close', () => events.push(`response closed, finished: ${reply.raw.writableFinished}`));
        request.socket.on('close', () => events.push('socket closed'));
        done = Promise.all(
          [reply.raw, request.raw].map((side) => new Promise((resolve) => side.on('close', resolve))),
        );
        if (name === 'whole') return reply.send(Buffer.alloc(64 * MB));
        if (name === 'sized') reply.header('content-length', 512 * MB);
        return reply.send(source.stream);
      });
    });
    const response = await stalled(served, '/');
    response.destroy();
    await done;
    if (name !== 'whole') await finished(source.stream).catch(() => {});
    t.strictSame(events.sort(), ['onRequestAbort', 'response closed, finished: false', 'socket closed']);
    t.equal(source.stream.destroyed, name !== 'whole');
    t.equal((await call(served, '/nothing')).status, 404, 'others are served on');
  });
}

test('a client that leaves before the answer: the handler may still answer, to nobody', async (t) => {
  const arrived = Promise.withResolvers<{ request: FastifyRequest; reply: FastifyReply }>();
  const go = Promise.withResolvers<void>();
  const served = await serve(t, (app) => {
    app.post('/', async (request, reply) => {
      arrived.resolve({ request, reply });
      await go.promise;
      return { too: 'late' };
    });
  });
  const wire = new Wire(t, served).write(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  );
  const { request, reply } = await arrived.promise;
  t.equal(request.signal.aborted, false, 'a body that was read is no end of the exchange');
  wire.socket.destroy();
  await once(reply.raw, 'close');
  t.equal(request.raw.aborted, true);
  t.equal(request.signal.aborted, true);
  t.equal(request.socket.destroyed, true);
  go.resolve();
  await new Promise(setImmediate);
  t.equal(reply.raw.writableFinished, false);
  reply.raw.write('more');
  reply.raw.end('and more');
  t.equal(reply.raw.setHeader, reply.raw.setHeader, 'nothing was thrown');
});
