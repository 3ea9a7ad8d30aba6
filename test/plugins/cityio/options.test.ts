import { test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, post, request, startCity, startTable } from './city.ts';

test('the demo table is created when the option asks for it and the store is empty', async (t) => {
  const hub = await startCity(t, { demo: true });
  t.same((await get(hub, '/api/table/list')).json, ['kendall']);
  t.match((await get(hub, '/api/table/headers')).json, [
    { tableName: 'kendall', tableHeader: { tableName: 'kendall', nrows: 20, ncols: 20 } },
  ]);
  const ui = await openInterface(t, hub, 'kendall');
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(20) } });
  t.same((await ui.next()).content, makeCells(20));
  t.same((await get(await startCity(t), '/api/table/list')).json, [], 'not by default');
});

test('the demo table does not come back once it was deleted', async (t) => {
  const data = t.testdir();
  const first = await startCity(t, { demo: true }, { data });
  await request(first, 'DELETE', '/api/table/kendall');
  await first.stop();
  const second = await startCity(t, { demo: true }, { data });
  t.same((await get(second, '/api/table/list')).json, []);
});

test('a prefix stands before every path', async (t) => {
  const hub = await startTable(t, 2, { prefix: '/city/io' });
  t.same((await get(hub, '/city/io/api/tables/list/')).json, ['test']);
  t.equal((await get(hub, '/city/io/api/table/test/GEOGRIDDATA/1/id')).json, 1);
  t.equal((await get(hub, '/city/io/api/table/test/meta/hashes/GEOGRID')).status, 200);
  t.equal((await post(hub, '/city/io/api/table/test/a/', 1)).status, 200);
  t.equal((await get(hub, '/api/table/list')).status, 404);
  for (const [path, type] of [
    ['/city/io/interface', 'LISTEN'],
    ['/city/io/module', 'SUBSCRIBE'],
    ['/city/io/module/core', 'SUBSCRIBE'],
  ] as const) {
    const client = await connect(t, hub, path);
    client.send({ type, content: { gridId: 'test' } });
    t.equal((await client.next()).type, 'TABLE_SNAPSHOT', path);
  }
  await t.rejects(connect(t, hub, '/interface'));
});

for (const prefix of ['cityio', '/', '/a/', '/a b']) {
  test(`the prefix "${prefix}" is refused at the start`, async (t) => {
    await t.rejects(startCity(t, { prefix }), {
      message: /plugin "cityio": options: \/prefix must match pattern/,
    });
  });
}

test('with write: identified, only holders of a token change anything by REST', async (t) => {
  const hub = await startCity(t, { write: 'identified' });
  const token = { headers: { authorization: `Bearer ${await hub.identity.sign('me')}` } };
  const { status, type, json } = await post(hub, '/api/table/test', makeTable(2));
  t.same([status, type, json.error.code], [401, 'application/json', 'unauthorized']);
  t.equal((await post(hub, '/api/table/test', makeTable(2), token)).status, 200);
  const { json: before } = await get(hub, '/api/table/test');
  for (const [method, path, body] of [
    ['POST', '/api/table/test/GEOGRIDDATA', makeCells(2, 1)],
    ['POST', '/api/module', {}],
    ['POST', `/api/table/raw/test/${before.meta.id}`, {}],
    ['DELETE', '/api/table/test/GEOGRIDDATA', undefined],
    ['DELETE', '/api/table/test', undefined],
  ] as const) {
    t.equal((await request(hub, method, path, { body })).status, 401, `${method} ${path}`);
    const headers = { authorization: 'Bearer not.a.token' };
    t.equal((await request(hub, method, path, { body, headers })).status, 401, `${method} ${path}`);
  }
  t.same((await get(hub, '/api/table/test')).json, before, 'everybody reads');
  t.equal((await request(hub, 'DELETE', '/api/table/test', token)).status, 200);
});

test('with write: identified, only holders of a token change anything by WebSocket', async (t) => {
  const hub = await startCity(t, { write: 'identified' });
  const token = await hub.identity.sign('me');
  const headers = { authorization: `Bearer ${token}` };
  await post(hub, '/api/table/test', makeTable(2), { headers });
  const ui = await openInterface(t, hub);
  for (const [type, content] of [
    ['UPDATE_GRID', { geogriddata: makeCells(2, 1) }],
    ['SAVE_SCENARIO', { name: 'a' }],
    ['MODIFY_SCENARIO', { name: 'a', isInBin: true }],
    ['RESTORE_SCENARIO', { name: 'a' }],
    ['UPDATE_MODULE', { payload: 'Play' }],
    ['MODULE_REQUEST', { id: 'a' }],
    ['MODULE_REMOVAL_REQUEST', { id: 'a' }],
  ]) {
    ui.send({ type, content });
    t.match(await ui.next(), { type: 'ERROR', content: { code: 'unauthorized', ref: type } });
  }
  const core = await connect(t, hub, '/module/core');
  for (const [type, content] of [
    ['MODULE', { gridId: 'test', moduleData: {} }],
    ['CORE_MODULE_REGISTRATION', { name: 'x' }],
  ]) {
    core.send({ type, content });
    t.match(await core.next(), { type: 'ERROR', content: { code: 'unauthorized', ref: type } });
  }
  for (const [path, options] of [
    [`/interface?token=${token}`, {}],
    ['/interface', { headers }],
  ] as const) {
    const writer = await connect(t, hub, path, options);
    writer.send({ type: 'LISTEN', content: { gridId: 'test' } });
    await writer.next('TABLE_SNAPSHOT');
    writer.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(2, 5) } });
    t.equal((await writer.next('GEOGRIDDATA_UPDATE')).content[0].height, 5);
  }
});

test('a hub has no more tables than allowed', async (t) => {
  const hub = await startCity(t, { tables: 2 });
  for (const name of ['a', 'b']) t.equal((await post(hub, `/api/table/${name}`, {})).status, 200);
  const { status, json } = await post(hub, '/api/table/c', {});
  t.same([status, json.error.code], [403, 'too_many_tables']);
  const { json: id } = await get(hub, '/api/table/a/meta/id');
  t.equal((await post(hub, `/api/table/raw/c/${id}`, undefined)).status, 403);
  t.equal((await post(hub, '/api/table/B', { x: 1 })).status, 200, 'those there are go on');
  await request(hub, 'DELETE', '/api/table/a');
  t.equal((await post(hub, '/api/table/c', {})).status, 200);
});

test('a table has no more modules than allowed', async (t) => {
  const hub = await startTable(t, 2, { modulesPerTable: 3 });
  t.equal((await post(hub, '/api/table/test/one', 1)).status, 200);
  const { status, json } = await post(hub, '/api/table/test/two', 2);
  t.same([status, json.error.code], [403, 'too_many_modules']);
  t.equal((await post(hub, '/api/table/test', { two: 2 })).status, 403);
  t.equal((await post(hub, '/api/table/test/one', 2)).status, 200);
});

test('bodies and messages are not longer than allowed, nor do modules grow beyond that', async (t) => {
  const hub = await startTable(t, 2, { bodyBytes: 4_096 });
  const long = 'x'.repeat(3_000);
  t.equal((await post(hub, '/api/table/test/text', JSON.stringify({ long }))).status, 200);
  t.equal((await post(hub, '/api/table/test/text', JSON.stringify({ long: long + long }))).status, 413);
  const { status, json } = await post(hub, '/api/table/test/text/more', JSON.stringify(long));
  t.same([status, json.error.code], [413, 'module_too_large']);
  t.same((await get(hub, '/api/table/test/text')).json, { long });
  const ui = await openInterface(t, hub);
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(8) } });
  // No endpoint of this hub takes longer ones, so the transport ends the connection.
  await ui.closed;
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, makeTable(2).GEOGRIDDATA);
});

test('without room in the cache, everything is read from the store', async (t) => {
  const hub = await startTable(t, 4, { cacheBytes: 0 }, { data: t.testdir() });
  const ui = await openInterface(t, hub);
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, 1) } });
  t.same((await ui.next()).content, makeCells(4, 1));
  const { meta, ...modules } = (await get(hub, '/api/table/test')).json;
  t.same(modules, { ...makeTable(4), GEOGRIDDATA: makeCells(4, 1) });
});
