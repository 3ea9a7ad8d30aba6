import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import type { TestHub } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, post, runCommand, startCity, startTable } from './city.ts';

async function tokenOf(hub: TestHub, user: string, claims: Record<string, unknown> = {}) {
  return { headers: { authorization: `Bearer ${await hub.identity.sign(user, claims)}` } };
}

const operator = (hub: TestHub) => tokenOf(hub, 'me', { role: 'operator' });

/** Two tables with a history and a scenario. */
async function startFilled(t: Parameters<typeof startTable>[0]): Promise<TestHub> {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  ui.send({ type: 'SAVE_SCENARIO', content: { name: 'first', description: 'of all' } });
  await ui.next('SCENARIOS');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 5));
  await post(hub, '/api/table/Zürich', { ...makeTable(2), text: '"]},\n{' });
  return hub;
}

async function contentOf(hub: TestHub): Promise<unknown[]> {
  const { json: names } = await get(hub, '/api/table/list');
  const tables = names.map((name: string) => get(hub, `/api/table/${encodeURIComponent(name)}`));
  return (await Promise.all(tables)).map(({ json }) => json);
}

test('GET /api/dump has every object and every tag', async (t) => {
  const hub = await startFilled(t);
  const { status, type, json } = await get(hub, '/api/dump', await operator(hub));
  t.same([status, type, Object.keys(json)], [200, 'application/json', ['blob', 'tree', 'commit', 'tag']]);
  t.same([json.blob.length, json.tree.length, json.commit.length], [6, 3, 3]);
  const { json: meta } = await get(hub, '/api/table/test/meta');
  t.match(json.tag, [
    { name: 'Zürich', commit: String },
    { name: 'test', commit: meta.id },
    { table: 'test', name: 'first', description: 'of all', tree: String, isInBin: false },
  ]);
});

test('an empty store has an empty dump', async (t) => {
  const hub = await startCity(t);
  const empty = { blob: [], tree: [], commit: [], tag: [] };
  const { json } = await get(hub, '/api/dump/', await operator(hub));
  t.same(json, empty);
  t.equal((await post(hub, '/api/restore/', empty, await operator(hub))).status, 200);
});

test('POST /api/restore into another store brings tables, history and scenarios', async (t) => {
  const from = await startFilled(t);
  const { json: dump } = await get(from, '/api/dump', await operator(from));
  const to = await startCity(t);
  const { status, type, json } = await post(to, '/api/restore', dump, await operator(to));
  t.same([status, type, json], [200, 'application/json', { status: 'ok' }]);
  t.same(await contentOf(to), await contentOf(from));
  const { json: meta } = await get(to, '/api/table/test/meta');
  const { json: commit } = await get(to, `/api/commit/${meta.id}`);
  t.equal((await get(to, `/api/commit/${commit.parent}`)).json.parent, '0');
  const ui = await openInterface(t, to);
  ui.send({ type: 'LIST_SCENARIOS', content: {} });
  t.match((await ui.next()).content, [{ name: 'first', description: 'of all' }]);
  t.same((await get(to, '/api/dump', await operator(to))).json, dump);
});

test('a restore sets the tables the dump names, shows that to their listeners, and leaves others', async (t) => {
  const hub = await startFilled(t);
  const { json: dump } = await get(hub, '/api/dump', await operator(hub));
  const { json: before } = await get(hub, '/api/table/test');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 77));
  await post(hub, '/api/table/later', { a: 1 });
  const ui = await openInterface(t, hub);
  t.equal((await post(hub, '/api/restore', dump, await operator(hub))).status, 200);
  t.same((await ui.next('GEOGRIDDATA_UPDATE')).content, before.GEOGRIDDATA);
  t.match((await ui.next('SCENARIOS')).content, [{ name: 'first' }]);
  t.same((await get(hub, '/api/table/test')).json, before);
  t.equal((await get(hub, '/api/table/later/a')).json, 1);
});

test('a dump that lacks something or is none is refused, and no table changes', async (t) => {
  const hub = await startFilled(t);
  const token = await operator(hub);
  const { json: dump } = await get(hub, '/api/dump', token);
  for (const [broken, code, message] of [
    [{ ...dump, blob: dump.blob.slice(1) }, 'unknown_commit|invalid_dump', 'there is no commit|missing'],
    [{ ...dump, tree: [] }, 'unknown_commit', 'there is no commit'],
    [{ ...dump, commit: [] }, 'unknown_commit', 'there is no commit'],
    [{ ...dump, tree: [{ GEOGRID: 'x' }] }, 'invalid_dump', '^tree/0: /GEOGRID'],
    [{ ...dump, commit: [{}] }, 'invalid_dump', '^commit/0: .*tree_id'],
    [{ ...dump, tag: [{ name: 5 }] }, 'invalid_dump', '^tag/0: '],
    [{ ...dump, tag: dump.tag.slice(2) }, 'invalid_dump', 'table "test" of a scenario has no tag'],
    [{ ...dump, tag: [dump.tag[1], { ...dump.tag[1], name: 'TEST' }] }, 'invalid_dump', '^tag/1: .*"test"'],
    [{ ...dump, tag: [{ ...dump.tag[1], name: 'a/b' }] }, 'invalid_name', 'name of a table'],
    [{ blob: [] }, 'invalid_dump', '^the body: .*tree'],
    [[], 'invalid_dump', '^the body: .*object'],
  ] as const) {
    const to = await startCity(t);
    const { status, json } = await post(to, '/api/restore', broken, await operator(to));
    t.ok(status === 400 || status === 404, JSON.stringify(json));
    t.match(json.error.code, new RegExp(`^(${code})$`));
    t.match(json.error.message, new RegExp(message));
    t.same((await get(to, '/api/table/list')).json, []);
  }
});

test('only operators dump and restore', async (t) => {
  const hub = await startTable(t, 2, { operators: ['ada'] });
  for (const [options, status] of [
    [{}, 401],
    [{ headers: { authorization: 'Bearer nonsense' } }, 401],
    [await tokenOf(hub, 'somebody'), 403],
    [await tokenOf(hub, 'somebody', { role: 'editor' }), 403],
    [await tokenOf(hub, 'somebody', { role: 'operator' }), 200],
    [await tokenOf(hub, 'somebody', { role: ['editor', 'operator'] }), 200],
    [await tokenOf(hub, 'ada'), 200],
  ] as const) {
    t.equal((await get(hub, '/api/dump', options)).status, status);
    const dump = { blob: [], tree: [], commit: [], tag: [] };
    t.equal((await post(hub, '/api/restore', dump, options)).status, status);
  }
});

test('without an operator role, only the users listed are operators', async (t) => {
  const hub = await startCity(t, { operatorRole: '' });
  for (const role of ['operator', '', [''], undefined]) {
    t.equal((await get(hub, '/api/dump', await tokenOf(hub, 'somebody', { role }))).status, 403);
  }
});

test('the commands dump and restore carry everything through a file', async (t) => {
  const from = await startFilled(t);
  const file = join(t.testdir(), 'dump.json');
  await runCommand(from, 'dump', file);
  const { json: overRest } = await get(from, '/api/dump', await operator(from));
  t.same(JSON.parse(await readFile(file, 'utf8')), overRest);
  const printed = await runCommand(from, 'dump');
  t.equal(`${printed.join('\n')}\n`, await readFile(file, 'utf8'));
  const to = await startCity(t);
  t.same(await runCommand(to, 'restore', file), ['the store has 2 tables now']);
  t.same(await contentOf(to), await contentOf(from));
});

for (const [what, change, message] of [
  ['one that ends early', (text: string) => text.slice(0, -3), /ends early/],
  ['another file', () => '{"some": "json"}', /dump\.json:1: expected \{"blob":\[/],
  [
    'one with a line that is no JSON',
    (text: string) => text.replace('"tree_id"', 'tree_id'),
    /:\d+ must be JSON/,
  ],
] as const) {
  test(`the command restore refuses ${what}, and changes no table`, async (t) => {
    const from = await startFilled(t);
    const file = join(t.testdir(), 'dump.json');
    await runCommand(from, 'dump', file);
    await writeFile(file, change(await readFile(file, 'utf8')));
    const to = await startCity(t);
    await t.rejects(runCommand(to, 'restore', file), { message });
    t.same((await get(to, '/api/table/list')).json, []);
  });
}

test('the command restore names a file that it cannot read', async (t) => {
  const hub = await startCity(t);
  await t.rejects(runCommand(hub, 'restore', join(t.testdir(), 'nothing.json')), {
    message: /nothing\.json/,
  });
});
