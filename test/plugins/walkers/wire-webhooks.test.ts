import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { shared, type TestHub } from '../../helpers/hub.ts';
import { person, request, startWalkers } from './wire.ts';

const hook = (name: string, webhook: string, more = '') => `
export const ${name} = walker({ specs: { methods: ['post', 'get'], webhook: ${webhook}${more} }, has: { n: Type.Integer({ default: 1 }) } })
  .entry([Root, A], (w, here) => w.report([w.root.id, here.id, w.n]));
`;
const FILES = {
  'hooks.ts': `import { node, Root, Type, walker } from 'hub:walker';
const A = node('A');
export const make = walker().entry(Root, (w, here) => { const a = A(); here.connect(a); w.report(a); });
${hook('by_header', `{ type: 'header', name: 'X-Key' }`)}
${hook('by_query', `{ type: 'query', name: 'key' }`)}
${hook('by_path', `{ type: 'path', name: 'key' }`)}
${hook('by_inner_path', `{ type: 'path', name: 'key' }`, `, path: '/{key}/n/{n}'`)}
${hook('by_body', `{ type: 'body', name: 'key' }`)}
`,
};

const started = shared(async (lasting) => ({ hub: await startWalkers(lasting, FILES) }));

const expiration = { count: 1, interval: 'hours' };

async function makeKey(hub: TestHub, token: string, more: object = {}) {
  const body = { name: 'mine', expiration, ...more };
  return (await request(hub, '/webhook/generate-key', { token, body })).body;
}

test('a webhook is called with a key in the header, the query, the path or the body', async (t) => {
  const { hub } = await started();
  const { token, root } = await person(hub);
  const { key } = await makeKey(hub, token);
  const called = async (path: string, options: Parameters<typeof request>[2], n = 1) =>
    t.match(await request(hub, `/webhook/walker/${path}`, options), {
      status: 200,
      body: { reports: [[root, root, n]] },
    });
  await called('by_header', { headers: { 'x-key': key }, body: { n: 4 } }, 4);
  await called(`by_query?key=${key}`, {});
  await called(`by_query?key=${key}&n=5`, { method: 'GET' }, 5);
  await called(`by_path/${key}`, {});
  await called(`by_inner_path/${key}/n/6`, {}, 6);
  await called('by_body', { body: { key, n: 7 } }, 7);
  const [a] = (await request(hub, '/walker/make', { token })).body.reports;
  const onNode = await request(hub, `/webhook/walker/by_path/${a.id}/${key}`);
  t.match(onNode, { status: 200, body: { reports: [[root, a.id, 1]] } });
  t.equal((await request(hub, '/walker/by_body', { token })).status, 404, 'and nowhere else');
  t.equal((await request(hub, '/webhook/walker/make', { token })).status, 404);
  const { body } = await request(hub, '/openapi.json', { method: 'GET' });
  t.match(body.paths['/webhook/walker/by_inner_path/{key}/n/{n}'].post.parameters, [
    { name: 'key', in: 'path' },
    { name: 'n', in: 'path' },
  ]);
});

test('a key that is none, has expired or is for something else is refused', async (t) => {
  const { hub } = await started();
  const [ann, bob] = [await person(hub), await person(hub)];
  const call = async (key: string, path = 'by_header') =>
    (await request(hub, `/webhook/walker/${path}`, { headers: { 'x-key': key } })).status;
  const { key, id } = await makeKey(hub, ann.token);
  t.equal(await call(key), 200);
  for (const wrong of [
    '',
    'nonsense',
    `${key}x`,
    `${id}.${'A'.repeat(43)}`,
    `${'0'.repeat(24)}.${key.split('.')[1]}`,
  ])
    t.equal(await call(wrong), 401, wrong);
  const only = await makeKey(hub, ann.token, { walkers: ['by_query'] });
  t.equal(await call(only.key), 403);
  const nodes = await makeKey(hub, ann.token, { nodes: [ann.root] });
  t.equal(await call(nodes.key), 200);
  t.equal(await call(nodes.key, `by_header/${bob.root}`), 403);
  t.equal(await call(key, `by_header/${bob.root}`), 403, 'no access to the node');
});

test('keys are listed, extended and deleted by their owner, and only their hash is kept', async (t) => {
  const data = t.testdir();
  const hub = await startWalkers(t, FILES, { webhookKeys: 2 }, { data });
  const [ann, bob] = [await person(hub), await person(hub)];
  const made = await makeKey(hub, ann.token, { walkers: ['by_header'] });
  t.match(made, { id: /^[0-9a-f]{24}$/, name: 'mine', root_id: ann.root, walkers: ['by_header'], nodes: [] });
  const { key, ...facts } = made;
  const list = async (token: string) => (await request(hub, '/webhook', { method: 'GET', token })).body;
  t.strictSame(await list(ann.token), { keys: [facts] });
  t.strictSame(await list(bob.token), { keys: [] });
  const body = { count: 2, interval: 'days' };
  const extend = (token: string) =>
    request(hub, `/webhook/extend/${made.id}`, { method: 'PATCH', token, body });
  t.equal((await extend(bob.token)).status, 404);
  const extended = await extend(ann.token);
  t.equal(Date.parse(extended.body.expiration) - Date.parse(made.expiration), 2 * 86_400_000);
  await makeKey(hub, ann.token);
  const third = await request(hub, '/webhook/generate-key', { token: ann.token, body: { name: 'x' } });
  t.match(third, { status: 403, body: { detail: /2 keys/ } });
  const remove = (token: string) =>
    request(hub, '/webhook/delete', { method: 'DELETE', token, body: { ids: [made.id] } });
  t.equal((await remove(bob.token)).status, 404);
  t.match(await remove(ann.token), { status: 200, body: { message: /Deleted/ } });
  t.equal((await list(ann.token)).keys.length, 1);
  t.equal((await request(hub, '/webhook/walker/by_header', { headers: { 'x-key': key } })).status, 401);
  t.equal((await request(hub, '/webhook', { method: 'GET' })).status, 401);
  t.match(await request(hub, '/webhook/generate-key', { token: ann.token, body: {} }), {
    status: 422,
    body: { detail: [{ loc: ['body', 'name'], type: 'missing' }] },
  });
  const { key: kept } = await makeKey(hub, ann.token);
  await hub.stop();
  for (const file of readdirSync(data, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    t.notOk(readFileSync(join(file.parentPath, file.name)).includes(kept.split('.')[1]), file.name);
  }
});
