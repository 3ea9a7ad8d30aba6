import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { shared, type TestHub } from '../../helpers/hub.ts';
import { PUBLIC_ROOT, person, request, startWalkers } from './wire.ts';

const FILES = {
  'rest.ts': `
import { node, Root, Type, walker } from 'hub:walker';
const A = node('A', { val: Type.Integer({ default: 0 }) });
export const make = walker().entry(Root, (w, here) => { const a = A(); here.connect(a); w.report(a); });
export const read = walker().entry([Root, A], (w, here) => { w.report(here); });
export const guest = walker({ specs: { auth: false } }).entry(Root, (w) => w.report([w.root.id, w.client]));
export const all = walker({
  specs: { methods: ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'], auth: false },
  has: { n: Type.Integer({ default: 1 }), flag: Type.Boolean({ default: false }), list: Type.Array(Type.Number(), { default: [] }) },
}).entry(Root, (w) => w.report([w.n, w.flag, w.list]));
export const mixed = walker({
  specs: { auth: false, path: '/{year}/day/{name}', as_query: ['limit'], excluded: ['level'], summary: 'Mixed', tags: ['t'], status_code: 201, description: 'At length.', deprecated: true },
  has: {
    year: Type.Integer(), name: Type.String(), limit: Type.Integer({ default: 10 }),
    level: Type.Integer({ default: 1 }), text: Type.String(),
    color: Type.Enum({ RED: 1, GREEN: 2 }, { default: 1 }),
  },
}).entry([Root, A], (w) => w.report({ year: w.year, name: w.name, limit: w.limit, level: w.level, text: w.text, color: w.color }));
export const only_socket = walker({ specs: { methods: ['websocket'] } }).entry(Root, () => {});
export const hidden = walker({ specs: { private: true } }).entry(Root, () => {});
export const on_node = walker({ specs: { entry_type: 'NODE' } }).entry(A, (w) => w.report('node'));
export const on_root = walker({ specs: { entry_type: 'ROOT' } }).entry(Root, (w) => w.report('root'));
export const answers = walker({ specs: { auth: false }, has: { code: Type.Integer() } })
  .entry(Root, (w) => { w.status(w.code); w.respond(w.code === 418 ? 'a text' : { code: w.code }); });
export const status = walker({ specs: { auth: false } }).entry(Root, (w) => { w.status(202); w.report(1); });
export const fails = walker({ specs: { auth: false } }).entry(Root, () => { throw new Error('no luck'); });
export const loops = walker({ specs: { auth: false, limits: { cpuMs: 30 } } }).entry(Root, () => { for (;;); });
export const file = walker({
  specs: { auth: false },
  has: {
    title: Type.String(), count: Type.Integer({ default: 0 }),
    files: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), size: Type.Integer(), bytes: Type.String() })),
  },
}).entry(Root, (w) => w.report([w.title, w.count, w.files]));
export const later = walker({ specs: { async: true }, has: { fail: Type.Boolean({ default: false }) } })
  .entry(Root, (w) => { if (w.fail) throw new Error('not now'); w.report('late'); });
`,
};

const started = shared(async (lasting) => {
  const limits = { bodyBytes: 1_000, uploadBytes: 1_000, uploadFiles: 2 };
  return { hub: await startWalkers(lasting, FILES, limits) };
});

test('a walker is called at its name, on the root or on a node', async (t) => {
  const { hub } = await started();
  const { root, token } = await person(hub);
  const made = await request(hub, '/walker/make', { token });
  const [a] = made.body.reports;
  t.strictSame(
    [made.status, made.body],
    [200, { status: 200, reports: [{ id: a.id, context: { val: 0 } }] }],
  );
  t.strictSame((await request(hub, '/walker/read', { token, body: {} })).body.reports, [
    { id: root, context: {} },
  ]);
  t.strictSame((await request(hub, `/walker/read/${a.id}`, { token, body: {} })).body.reports, [a]);
  const empty = { token, headers: { 'content-type': 'application/json' }, body: '' };
  t.equal((await request(hub, '/walker/read/', empty)).status, 200);
  t.strictSame((await request(hub, '/walker/guest', { token })).body.reports, [[PUBLIC_ROOT, null]]);
});

test('a call without a token, access or a walker is refused', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const made = await request(hub, '/walker/make', { token: ann.token });
  const { id } = made.body.reports[0];
  const is = async (path: string, options: Parameters<typeof request>[2], status: number, detail: unknown) =>
    t.match(await request(hub, path, options), { status, body: { detail } }, path);
  await is('/walker/read', {}, 401, 'Not authenticated');
  await is('/walker/read', { token: 'nonsense' }, 401, /token/);
  await is(`/walker/read/${id}`, { token: bob.token }, 403, /no access/);
  await is('/walker/read/n:A:000000000000000000000000', { token: bob.token }, 403, /no access/);
  await is(`/walker/read/${ann.root}`, { token: bob.token }, 403, /no access/);
  const { token } = ann;
  for (const path of ['missing', 'only_socket', 'hidden', 'read/a/b', '__proto__', 'on_node', '%20'])
    await is(`/walker/${path}`, { token }, 404, 'Not Found');
  await is(`/walker/on_root/${id}`, { token }, 404, 'Not Found');
  t.match(await request(hub, `/walker/on_node/${id}`, { token }), {
    status: 200,
    body: { reports: ['node'] },
  });
  const wrong = await request(hub, '/walker/read', { method: 'PUT', token });
  t.match([wrong.status, wrong.body, wrong.headers.get('allow')], [405, { detail: /Not Allowed/ }, 'POST']);
});

test('a walker that fails says why', async (t) => {
  const { hub } = await started();
  t.match(await request(hub, '/walker/fails'), { status: 500, body: { detail: 'no luck' } });
  t.match(await request(hub, '/walker/loops'), { status: 504, body: { detail: /30 ms/ } });
});

test('all methods work, with fields in the query where there is no body', async (t) => {
  const { hub } = await started();
  const query = '?n=7&flag=true&list=1.5&list=2&other=1';
  t.strictSame((await request(hub, `/walker/all${query}`, { method: 'GET' })).body.reports, [
    [7, true, [1.5, 2]],
  ]);
  t.strictSame((await request(hub, `/walker/all${query}`, { method: 'OPTIONS' })).body.reports, [
    [7, true, [1.5, 2]],
  ]);
  const head = await request(hub, `/walker/all${query}`, { method: 'HEAD' });
  t.strictSame([head.status, head.body], [200, '']);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const answer = await request(hub, `/walker/all${query}`, { method, body: { n: 3 } });
    t.strictSame(answer.body.reports, [[3, false, []]], method);
  }
  const preflight = await request(hub, '/walker/all', {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization',
    },
  });
  t.match(
    [
      preflight.status,
      preflight.headers.get('access-control-allow-origin'),
      preflight.headers.get('access-control-allow-methods'),
      preflight.headers.get('access-control-allow-headers'),
    ],
    [204, 'http://localhost:3000', /PUT/, 'authorization'],
  );
});

test('fields come from the path, the query and the body, and those excluded from nowhere', async (t) => {
  const { hub } = await started();
  const body = { text: 'hi', limit: 99, level: 99, color: 'GREEN' };
  const answer = await request(hub, '/walker/mixed/2026/day/a%2Fb?limit=5&level=9', { body });
  const report = { year: 2026, name: 'a/b', limit: 5, level: 1, text: 'hi', color: 2 };
  t.strictSame([answer.status, answer.body], [201, { status: 201, reports: [report] }]);
  const onNode = await request(hub, `/walker/mixed/${PUBLIC_ROOT}/2026/day/x`, { body });
  t.match(onNode, { status: 201, body: { reports: [{ name: 'x', limit: 10 }] } });
  t.equal((await request(hub, '/walker/mixed/2026/night/x', { body })).status, 404);
});

test('what is missing or wrong is listed, with where it was looked for', async (t) => {
  const { hub } = await started();
  t.match(await request(hub, '/walker/mixed/now/day/x?limit=many', { body: {} }), {
    status: 422,
    body: {
      detail: [
        { loc: ['path', 'year'], msg: 'Input should be a valid integer', type: 'int_type' },
        { loc: ['query', 'limit'], type: 'int_type' },
        { loc: ['body', 'text'], msg: 'Field required', type: 'missing' },
      ],
    },
  });
  t.match(await request(hub, '/walker/all', { body: '{"n":' }), {
    status: 422,
    body: { detail: [{ loc: ['body'], type: 'json_invalid' }] },
  });
  t.match(await request(hub, '/walker/all', { body: [1] }), {
    status: 422,
    body: { detail: [{ loc: ['body'], type: 'dict_type' }] },
  });
  t.equal((await request(hub, '/walker/all', { body: '{"__proto__":{"n":2}}' })).status, 422);
  t.match(await request(hub, '/walker/all', { body: { text: 'x'.repeat(1_000) } }), {
    status: 413,
    body: { detail: /large/ },
  });
});

test('a walker sets the status and the body of its answer', async (t) => {
  const { hub } = await started();
  t.match(await request(hub, '/walker/answers', { body: { code: 404 } }), {
    status: 404,
    body: { code: 404 },
  });
  t.match(await request(hub, '/walker/answers', { body: { code: 418 } }), { status: 418, body: 'a text' });
  t.match(await request(hub, '/walker/answers', { body: { code: 204 } }), { status: 204, body: '' });
  t.match(await request(hub, '/walker/answers', { body: { code: 101 } }), {
    status: 500,
    body: { detail: /status 101/ },
  });
  t.match(await request(hub, '/walker/status'), { status: 202, body: { status: 202, reports: [1] } });
});

test('files of a form reach the walker within a limit', async (t) => {
  const { hub } = await started();
  const form = (...sizes: number[]) => {
    const made = new FormData();
    made.append('title', 'two');
    made.append('count', '2');
    sizes.forEach((size, i) => {
      made.append('files', new Blob(['x'.repeat(size)], { type: 'text/plain' }), `${i}.txt`);
    });
    return { body: made };
  };
  const bytes = (size: number) => Buffer.from('x'.repeat(size)).toString('base64');
  t.strictSame((await request(hub, '/walker/file', form(5, 7))).body, {
    status: 200,
    reports: [
      [
        'two',
        2,
        [
          { name: '0.txt', type: 'text/plain', size: 5, bytes: bytes(5) },
          { name: '1.txt', type: 'text/plain', size: 7, bytes: bytes(7) },
        ],
      ],
    ],
  });
  t.match(await request(hub, '/walker/file', form(600, 600)), { status: 413, body: { detail: /larger/ } });
  t.match(await request(hub, '/walker/file', form(1_200, 1)), { status: 413 });
  t.match(await request(hub, '/walker/file', form(1, 1, 1)), { status: 413 });
  t.match(await request(hub, '/walker/file', form()), { status: 422 });
});

async function state(hub: TestHub, id: string, token: string): ReturnType<typeof request> {
  for (;;) {
    const answer = await request(hub, `/walker/${id}`, { method: 'GET', token });
    if (answer.body.status !== 'running') return answer;
  }
}

test('an async walker answers at once, and its state can be looked up by whoever began it', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const { body } = await request(hub, '/walker/later', { token: ann.token });
  t.match(body, { status: 200, walker_id: /^w:later:[0-9a-f]{24}$/ });
  t.match(await state(hub, body.walker_id, ann.token), {
    status: 200,
    body: { id: body.walker_id, walker: 'later', status: 'done', reports: ['late'] },
  });
  t.equal((await state(hub, body.walker_id, bob.token)).status, 404);
  const failed = await request(hub, '/walker/later', { token: ann.token, body: { fail: true } });
  t.match(await state(hub, failed.body.walker_id, ann.token), {
    body: { status: 'failed', error: 'not now' },
  });
});

test('the OpenAPI document has the walkers there are now', async (t) => {
  const folder = t.testdir(FILES);
  const hub = await startWalkers(t, {}, { folder });
  const document = async () => (await request(hub, '/openapi.json', { method: 'GET' })).body;
  const { paths } = await document();
  t.match(paths['/walker/mixed/{year}/day/{name}'], {
    post: {
      summary: 'Mixed',
      tags: ['t'],
      description: 'At length.',
      deprecated: true,
      parameters: [
        { name: 'year', in: 'path', schema: { type: 'integer' } },
        { name: 'name', in: 'path' },
        { name: 'limit', in: 'query', required: false },
      ],
      requestBody: { content: { 'application/json': { schema: { required: ['text'] } } } },
      responses: { 201: {} },
    },
  });
  t.notOk(JSON.stringify(paths['/walker/mixed/{year}/day/{name}']).includes('level'));
  t.ok(paths['/walker/mixed/{node}/{year}/day/{name}']);
  t.ok(paths['/walker/on_root'] && paths['/walker/on_node/{node}']);
  for (const path of ['/walker/on_node', '/walker/hidden', '/walker/only_socket', '/walker/*'])
    t.notOk(paths[path]);
  t.strictSame(Object.keys(paths['/walker/all']).sort(), [
    'delete',
    'get',
    'head',
    'options',
    'patch',
    'post',
    'put',
  ]);
  t.strictSame((await request(hub, '/docs/json', { method: 'GET' })).body, await document());
  writeFileSync(
    join(folder, 'greet.ts'),
    `import { Root, walker } from 'hub:walker';
export const greet = walker({ specs: { auth: false } }).entry(Root, (w) => w.report('hello'));`,
  );
  for (const origin of hub.origins) {
    const paths = async () => (await request({ origin }, '/openapi.json', { method: 'GET' })).body.paths;
    while (!('/walker/greet' in (await paths())));
  }
  t.match(await request(hub, '/walker/greet'), { status: 200, body: { reports: ['hello'] } });
});
