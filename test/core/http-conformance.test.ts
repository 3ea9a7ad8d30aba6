/** What clients and handlers see is the same on uWS as on node's own server. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { test } from 'tap';
import { type Answer, type Call, call, serveBoth } from '../helpers/http.ts';

/** Headers about the connection, the clock and trailers, which differ by design. */
const OWN = ['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'date', 'uwebsockets'];

function comparable({ status, headers, body, error }: Answer, path: string) {
  // node counts the body again where Fastify takes its headers back; uWS always tells the length.
  const ignored = path.startsWith('/broken-') ? [...OWN, 'content-length'] : OWN;
  const kept = Object.entries(headers).filter(([name]) => !ignored.includes(name));
  return { status, headers: Object.fromEntries(kept), body: body.toString('latin1'), error };
}

function routes(app: FastifyInstance): void {
  app.get('/json', (_request, reply) => reply.send({ hello: 'wörld' }));
  app.get('/async', async () => ({ hello: 'later' }));
  app.get('/text', async (_request, reply) => reply.type('text/plain').send('héllo'));
  app.get('/buffer', async () => Buffer.from([0, 1, 2, 255]));
  app.get('/empty', async (_request, reply) => reply.send());
  app.get('/stream', (_request, reply) => reply.send(Readable.from(['a', 'b', 'c'])));
  app.get('/empty-stream', (_request, reply) => reply.send(Readable.from([])));
  app.get('/sized-stream', (_request, reply) =>
    reply.header('content-length', 3).send(Readable.from(['a', 'b', 'c'])),
  );
  app.get('/web-stream', (_request, reply) =>
    reply.send(new Response('from the web', { headers: { 'x-web': '1' } })),
  );
  app.get('/no-content', (_request, reply) => reply.code(204).send());
  app.get('/no-content-with', (_request, reply) => reply.code(204).send('ignored'));
  app.get('/not-modified', (_request, reply) => reply.code(304).header('etag', '"x"').send());
  app.get('/teapot', (_request, reply) => reply.code(418).send('short and stout'));
  app.get('/redirect', (_request, reply) => reply.redirect('/json'));
  app.get('/cookies', (_request, reply) =>
    reply.header('set-cookie', ['a=1', 'b=2']).header('set-cookie', 'c=3').send('ok'),
  );
  app.get('/latin1', (_request, reply) => reply.header('x-name', 'Zoë').send(Buffer.from('ok')));
  app.get('/mixed', (_request, reply) => {
    reply.raw.setHeader('X-Set', ['1', '2']);
    reply.raw.setHeader('x-gone', 'soon');
    reply.raw.removeHeader('X-Gone');
    return reply
      .header('X-Replied', 7)
      .send({ has: reply.hasHeader('x-set'), get: reply.getHeader('x-set') });
  });
  app.get('/throw', () => {
    throw Object.assign(new Error('not so'), { statusCode: 422 });
  });
  app.get('/reject', async () => {
    throw new Error('not at all');
  });
  app.get('/broken-header', (_request, reply) => reply.header('x-evil', 'a\r\nset-cookie: b=1').send('ok'));
  app.get('/broken-header-async', async (_request, reply) => {
    reply.header('x-evil', 'a\nb');
    return 'ok';
  });
  app.get('/broken-name', (_request, reply) => reply.header('x evil', 'a').send('ok'));
  app.get('/broken-stream', (_request, reply) => {
    const source = new Readable({ read: () => source.destroy(new Error('no luck')) });
    return reply.send(source);
  });
  app.get('/hijacked', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(201, 'Made By Hand', { 'X-Raw': 'yes', 'Content-Type': 'text/plain' });
    reply.raw.write('one ');
    reply.raw.write(Buffer.from('two '));
    reply.raw.end('three');
  });
  app.get('/hijacked-whole', (_request, reply) => {
    reply.hijack();
    reply.raw.statusCode = 202;
    reply.raw.statusMessage = 'Taken';
    reply.raw.setHeader('X-Raw', 'yes');
    reply.raw.end('ÿ', 'latin1');
  });
  app.get('/trailers', (_request, reply) => reply.trailer('etag', async () => 'abc').send('with trailers'));
  app.get('/seen', (request) => ({
    url: request.url,
    path: request.raw.url,
    query: request.query,
    host: request.host,
    hostname: request.hostname,
    protocol: request.protocol,
    ip: request.ip,
    headers: { ...request.headers, host: undefined, connection: undefined },
    version: request.raw.httpVersion,
  }));
  app.get('/params/:one/*', (request) => request.params as object);
  app.head('/own-head', (_request, reply) =>
    reply.header('content-length', '12').header('x-head', '1').send(),
  );
  app.options('/options', (_request, reply) => reply.header('allow', 'GET').send());
  app.all('/any', (request, reply) => reply.send({ method: request.method, body: request.body ?? null }));
  app.post('/echo', async (request) => ({
    body: request.body,
    type: request.headers['content-type'] ?? null,
  }));
  app.post('/small', { bodyLimit: 10 }, async (request) => ({ body: request.body }));
}

const JSON_TYPE = { 'content-type': 'application/json' };
const HOST = { host: 'example.org:81' };
const CASES: [string, Call?][] = [
  ['/json'],
  ['/async'],
  ['/text'],
  ['/buffer'],
  ['/empty'],
  ['/stream'],
  ['/empty-stream'],
  ['/sized-stream'],
  ['/web-stream'],
  ['/no-content'],
  ['/no-content-with'],
  ['/not-modified'],
  ['/teapot'],
  ['/redirect'],
  ['/cookies'],
  ['/latin1'],
  ['/mixed'],
  ['/throw'],
  ['/reject'],
  ['/broken-header'],
  ['/broken-header-async'],
  ['/broken-name'],
  ['/broken-stream'],
  ['/hijacked'],
  ['/hijacked-whole'],
  ['/trailers'],
  ['/no/such/route'],
  ['/%'],
  ['/json', { method: 'HEAD' }],
  ['/buffer', { method: 'HEAD' }],
  ['/stream', { method: 'HEAD' }],
  ['/sized-stream', { method: 'HEAD' }],
  ['/no-content', { method: 'HEAD' }],
  ['/own-head', { method: 'HEAD' }],
  ['/hijacked', { method: 'HEAD' }],
  ['/no/such/route', { method: 'HEAD' }],
  ['/options', { method: 'OPTIONS' }],
  ['/json', { method: 'DELETE' }],
  ['/any', { method: 'PUT', headers: JSON_TYPE, body: '{"a":1}' }],
  ['/any', { method: 'PATCH', headers: JSON_TYPE, body: '{"a":1}' }],
  ['/any', { method: 'DELETE' }],
  ['/any', { method: 'DELETE', headers: { ...JSON_TYPE, 'content-length': 7 }, body: '{"a":1}' }],
  ['/any', { method: 'TRACE' }],
  ['/any', { method: 'PROPFIND' }],
  ['/any', { method: 'GET', headers: { 'content-length': 3 }, body: 'abc' }],
  ['/seen?a=1&a=2&b=%20x%2F&c', { headers: HOST }],
  ['/seen?', { headers: HOST }],
  [
    '/seen',
    {
      headers: {
        ...HOST,
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'a.example',
      },
    },
  ],
  ['/params/a%2Fb%20c/d/%C3%A9'],
  ['/echo', { method: 'POST', headers: JSON_TYPE, body: '{"a":[1,2,{"b":"é"}]}' }],
  ['/echo', { method: 'POST', headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, body: '{"a":1}' }],
  ['/echo', { method: 'POST', headers: JSON_TYPE, body: '{"a":' }],
  ['/echo', { method: 'POST', headers: JSON_TYPE, body: '{"__proto__":1}' }],
  ['/echo', { method: 'POST', headers: JSON_TYPE, body: '' }],
  ['/echo', { method: 'POST', headers: JSON_TYPE }],
  ['/echo', { method: 'POST' }],
  ['/echo', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'tëxt' }],
  ['/echo', { method: 'POST', headers: { 'content-type': 'no/such' }, body: 'x' }],
  ['/echo', { method: 'POST', headers: { 'content-type': 'broken' }, body: 'x' }],
  ['/small', { method: 'POST', headers: JSON_TYPE, body: '{"a":1}' }],
  ['/small', { method: 'POST', headers: JSON_TYPE, body: '{"a":"too long"}' }],
  [
    '/small',
    { method: 'POST', headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, body: '{"a":"too long"}' },
  ],
];

for (const trustProxy of [false, true]) {
  test(`answers are the same as on node:http, trustProxy ${trustProxy}`, async (t) => {
    const [uws, node] = await serveBoth(t, routes, { fastify: { trustProxy } });
    for (const [path, options] of CASES) {
      const expected = comparable(await call(node, path, options), path);
      const name = `${options?.method ?? 'GET'} ${path} ${options?.headers ? JSON.stringify(options.headers) : ''}`;
      t.strictSame(comparable(await call(uws, path, options), path), expected, name);
    }
  });
}
