import { test } from 'tap';
import { HubError } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';
import { loggedErrors } from '../helpers/start-with.ts';

const throws = (path: string, error: unknown) =>
  plugin(
    `throws-${path}`,
    (hub) =>
      void hub.http.get(`/${path}`, () => {
        throw error;
      }),
  );

test('a HubError becomes its status, code and message', async (t) => {
  const hub = await startHub(t, {
    plugins: [
      throws('forbidden', new HubError('forbidden', 'members only')),
      throws('missing', new HubError('not_found', 'there is no table x')),
      throws('own', new HubError('no_seat', 'all seats are taken')),
      throws('gone', new HubError('gone', 'it was here', 410)),
      throws('busy', new HubError('busy', 'try again later', 503)),
    ],
  });
  const ask = async (path: string) => {
    const answer = await fetch(`${hub.origin}/${path}`);
    return [answer.status, await answer.json()];
  };
  t.strictSame(await ask('forbidden'), [403, { error: { code: 'forbidden', message: 'members only' } }]);
  t.strictSame(await ask('missing'), [404, { error: { code: 'not_found', message: 'there is no table x' } }]);
  t.strictSame(await ask('own'), [400, { error: { code: 'no_seat', message: 'all seats are taken' } }]);
  t.strictSame(await ask('gone'), [410, { error: { code: 'gone', message: 'it was here' } }]);
  t.strictSame(await ask('busy'), [503, { error: { code: 'busy', message: 'try again later' } }]);
  t.strictSame(loggedErrors(hub), [], 'a refusal is no failure');
});

test('everything else a route throws becomes 500 with a trace id that the log has, and no stack', async (t) => {
  const watch = watcher();
  const errors: Record<string, unknown> = {
    error: new Error('the password is hunter2'),
    string: 'the password is hunter2',
    nothing: undefined,
    internal: new HubError('internal', 'the password is hunter2'),
    failed: Object.assign(new Error('the password is hunter2'), { statusCode: 502 }),
    nonsense: Object.assign(new Error('the password is hunter2'), { statusCode: 99 }),
  };
  const plugins = Object.entries(errors).map(([path, error]) => throws(path, error));
  const hub = await startHub(t, { plugins: [watch.plugin, ...plugins] });
  for (const path of Object.keys(errors)) {
    const answer = await fetch(`${hub.origin}/${path}`);
    t.equal(answer.status, path === 'failed' ? 502 : 500, path);
    const { error } = (await answer.json()) as { error: { traceId: string } };
    t.match(error, { code: 'internal', message: 'the hub failed to answer this request' });
    t.strictSame(Object.keys(error).sort(), ['code', 'message', 'traceId']);
    t.match(await watch.failures.next(), {
      plugin: `throws-${path}`,
      where: `route GET /${path}`,
      traceId: error.traceId,
    });
    t.match(loggedErrors(hub).at(-1), { traceId: error.traceId, plugin: `throws-${path}` });
  }
});

test('an error with a status below 500 is a refusal with its message', async (t) => {
  const hub = await startHub(t, {
    plugins: [throws('teapot', Object.assign(new Error('short and stout'), { statusCode: 418 }))],
  });
  const answer = await fetch(`${hub.origin}/teapot`);
  t.equal(answer.status, 418);
  t.strictSame(await answer.json(), { error: { code: 'invalid_request', message: 'short and stout' } });
});

test('requests that reach no route are answered in the same form', async (t) => {
  const hub = await startHub(t, { limits: { bodyBytes: 20 } });
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${hub.origin}${path}`, init);
    return [answer.status, await answer.json()];
  };
  const json = { 'content-type': 'application/json' };
  t.strictSame(await ask('/nowhere?x=1'), [
    404,
    { error: { code: 'not_found', message: 'there is no route GET /nowhere?x=1' } },
  ]);
  t.strictSame(await ask('/health/live', { method: 'DELETE' }), [
    404,
    { error: { code: 'not_found', message: 'there is no route DELETE /health/live' } },
  ]);
  t.match(await ask('/%zz'), [400, { error: { code: 'invalid_request', message: /not a valid url/ } }]);
  t.match(await ask('/nowhere', { method: 'POST', body: '{"a', headers: json }), [
    400,
    { error: { code: 'invalid_request', message: /not valid JSON/ } },
  ]);
  t.match(await ask('/nowhere', { method: 'POST', body: '"'.padEnd(30, 'x'), headers: json }), [
    413,
    { error: { code: 'invalid_request', message: 'Request body is too large' } },
  ]);
});

test('a request that does not match its schema is told what is wrong with it', async (t) => {
  const schema = {
    body: { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
    querystring: { type: 'object', properties: { limit: { type: 'integer', maximum: 10 } } },
  };
  const route = plugin('route', (hub) => void hub.http.post('/things', { schema }, () => ({ ok: true })));
  const hub = await startHub(t, { plugins: [route] });
  const post = async (body: unknown, query = '') => {
    const answer = await fetch(`${hub.origin}/things${query}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    return [answer.status, await answer.json()];
  };
  const refusal = (message: string) => [400, { error: { code: 'invalid_request', message } }];
  t.strictSame(await post({ x: 1 }), [200, { ok: true }]);
  t.strictSame(await post({ x: 'one' }), refusal('body/x must be integer'));
  t.strictSame(await post({}), refusal("body must have required property 'x'"));
  t.strictSame(await post({ x: 1 }, '?limit=50'), refusal('querystring/limit must be <= 10'));
});

test('what a plugin sets on its own Fastify instance stays there', async (t) => {
  const own = plugin('own', (hub) => {
    hub.http.setErrorHandler((_error, _request, reply) => void reply.code(599).send('mine'));
    hub.http.addHook('onSend', (_request, reply, _payload, done) => {
      void reply.header('x-own', 'yes');
      done();
    });
    hub.http.get('/own', () => {
      throw new Error('x');
    });
  });
  const hub = await startHub(t, { plugins: [own, throws('other', new HubError('forbidden', 'no'))] });
  const mine = await fetch(`${hub.origin}/own`);
  t.strictSame([mine.status, mine.headers.get('x-own'), await mine.text()], [599, 'yes', 'mine']);
  const other = await fetch(`${hub.origin}/other`);
  t.strictSame([other.status, other.headers.get('x-own')], [403, null]);
});

test('requests are not logged, so that no header of theirs gets into the log', async (t) => {
  const hub = await startHub(t, {
    plugins: [
      plugin('quiet', (hub) => {
        hub.http.get('/quiet', (request) => {
          request.log.info('seen by its route');
          return 'ok';
        });
      }),
    ],
  });
  await fetch(`${hub.origin}/quiet`, { headers: { authorization: 'Bearer very-secret' } });
  await fetch(`${hub.origin}/nowhere`, { headers: { authorization: 'Bearer very-secret' } });
  const log = JSON.stringify(hub.logged);
  t.match(log, 'seen by its route', 'a route logs through its request');
  t.notMatch(log, 'very-secret');
  t.notMatch(log, '/quiet');
});
