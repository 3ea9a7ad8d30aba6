import { test } from 'tap';
import { get, makeCells, makeTable, post, request, startCity, startTable } from './city.ts';

const JSON_TYPE = 'application/json';

test('POST /api/table/{name} creates a table and says its commit', async (t) => {
  const hub = await startCity(t);
  for (const [name, path] of [
    ['one', '/api/table/one'],
    ['two', '/api/table/two/'],
    ['Üß %?', '/api/table/%C3%9C%C3%9F%20%25%3F'],
  ]) {
    const { status, type, json } = await post(hub, path ?? '', makeTable(3));
    const { json: meta } = await get(hub, `${path?.replace(/\/$/, '')}/meta`);
    t.same([status, type, json], [200, JSON_TYPE, { status: 'ok', id: meta.id, name }]);
  }
});

test('POST /api/table/{name} merges its modules into the table, and ignores meta', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test', { a: 1, b: { c: [] } });
  const { json: before } = await get(hub, '/api/table/test');
  await post(hub, '/api/table/test', { a: 'text', meta: { id: 'mine' } });
  const { json: after } = await get(hub, '/api/table/test');
  t.match(after, { a: 'text', b: { c: [] }, GEOGRID: before.GEOGRID });
  t.not(after.meta.id, 'mine');
  t.equal(after.meta.hashes.b, before.meta.hashes.b);
});

test('a whole table that was read can be posted back: nothing changes, the commit stays', async (t) => {
  const hub = await startTable(t);
  const { json: table } = await get(hub, '/api/table/test');
  const python = JSON.stringify(table, null, 1).replaceAll('": ', '" : ');
  const { json } = await post(hub, '/api/table/test', python);
  t.equal(json.id, table.meta.id);
  t.equal((await post(hub, '/api/table/test/GEOGRID', table.GEOGRID)).json.id, table.meta.id);
  t.equal((await post(hub, '/api/table/test/GEOGRIDDATA/3/name', '"Street"')).json.id, table.meta.id);
  t.same((await get(hub, '/api/table/test/meta')).json, table.meta);
});

test('GEOGRIDDATA is derived from the features when a table comes without it', async (t) => {
  const hub = await startCity(t);
  const { GEOGRID, GEOGRIDDATA } = makeTable(5);
  await post(hub, '/api/table/derived', { GEOGRID });
  t.same((await get(hub, '/api/table/derived/GEOGRIDDATA')).json, GEOGRIDDATA);
});

test('a GEOGRID of another size gets new GEOGRIDDATA, one of the same size keeps it', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 99));
  const { GEOGRID } = makeTable(4, 'renamed');
  await post(hub, '/api/table/test', { GEOGRID });
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, makeCells(4, 99));
  const larger = makeTable(6);
  await post(hub, '/api/table/test/GEOGRID', larger.GEOGRID);
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, larger.GEOGRIDDATA);
  await post(hub, '/api/table/test', { ...makeTable(2), GEOGRIDDATA: makeCells(2, 7) });
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, makeCells(2, 7));
});

test('POST to a path sets the value there: any JSON, a new module too', async (t) => {
  const hub = await startTable(t);
  for (const [path, value] of [
    ['number', 42],
    ['text', 'a text'],
    ['nothing', null],
    ['no', false],
    ['list', [1, { a: 2 }]],
    ['list/1/a', { deep: true }],
    ['list/2', 'appended'],
    ['object', {}],
    ['object/new', { deeper: {} }],
    ['object/new/deeper/0', 'a member, not an item'],
    ['GEOGRIDDATA/0/height', 12.5],
    ['GEOGRIDDATA/1', { name: 'Park' }],
    ['GEOGRID/properties/types/Office', { color: [1, 2, 3] }],
  ] as const) {
    const { status, type, json } = await post(hub, `/api/table/test/${path}`, JSON.stringify(value));
    const { json: id } = await get(hub, '/api/table/test/meta/id');
    t.same([path, status, type, json], [path, 200, JSON_TYPE, { status: 'ok', id }]);
    t.same((await get(hub, `/api/table/test/${path}/`)).json, value, path);
  }
  t.equal((await get(hub, '/api/table/test/number')).text, '42', 'a bare number');
});

test('POST to a path whose parent does not exist is 404 and changes nothing', async (t) => {
  const hub = await startTable(t);
  const { json: meta } = await get(hub, '/api/table/test/meta');
  for (const path of [
    'test/new/member',
    'test/GEOGRID/nothing/here',
    'test/GEOGRID/properties/header/nrows/x',
    'test/GEOGRID/features/99/x',
    'test/GEOGRID/features/x',
    'test/GEOGRID/__proto__/polluted',
    'test/GEOGRID/constructor/prototype',
    'test/GEOGRID/__proto__',
    'nobody/module',
    'nobody/module/x',
  ]) {
    const { status, type, json } = await post(hub, `/api/table/${path}`, 1);
    t.same([path, status, type], [path, 404, JSON_TYPE]);
    t.match(json, { error: { code: /unknown_(path|table)/, message: String } });
  }
  t.same((await get(hub, '/api/table/test/meta')).json, meta);
});

test('POST and DELETE below meta are 406', async (t) => {
  const hub = await startTable(t);
  for (const path of ['meta', 'meta/', 'meta/id', 'meta/hashes/GEOGRID', '%6Deta/x']) {
    t.equal((await post(hub, `/api/table/test/${path}`, { id: 1 })).status, 406, path);
    t.equal((await request(hub, 'DELETE', `/api/table/test/${path}`)).status, 406, path);
  }
});

test('DELETE takes a value out of a table', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test', { a: { b: [1, 2, 3] }, c: 1 });
  for (const [path, left] of [
    ['a/b/1', { a: { b: [1, 3] }, c: 1 }],
    ['a/b/', { a: {}, c: 1 }],
    ['a', { c: 1 }],
    ['c/', {}],
  ] as const) {
    const { status, type, json } = await request(hub, 'DELETE', `/api/table/test/${path}`);
    t.same([path, status, type, json], [path, 200, JSON_TYPE, { status: 'ok' }]);
    const { meta, GEOGRID, GEOGRIDDATA, ...others } = (await get(hub, '/api/table/test')).json;
    t.same(others, left);
  }
  for (const path of ['a', 'GEOGRID/nothing', 'GEOGRIDDATA/16']) {
    t.equal((await request(hub, 'DELETE', `/api/table/test/${path}`)).status, 404, path);
  }
});

test('DELETE /api/table/{name} takes the table away, and leaves others', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/other', {});
  for (const path of ['/api/table/test', '/api/table/other/']) {
    const { status, type, json } = await request(hub, 'DELETE', path);
    t.same([status, type, json], [200, JSON_TYPE, { status: 'ok' }]);
    t.equal((await get(hub, path)).status, 204);
    t.equal((await request(hub, 'DELETE', path)).status, 404);
  }
  t.same((await get(hub, '/api/table/list')).json, []);
});

test('a name that differs in case only means the same table, everywhere', async (t) => {
  const hub = await startCity(t);
  await post(hub, '/api/table/Kendall', makeTable(2));
  t.equal((await get(hub, '/api/table/kendall/GEOGRID/type')).json, 'FeatureCollection');
  t.equal((await get(hub, '/api/table/KENDALL/meta/hashes/GEOGRID')).status, 200);
  t.match((await post(hub, '/api/table/kendall', { a: 1 })).json, { name: 'Kendall' });
  t.equal((await post(hub, '/api/table/kendall/a', 2)).status, 200);
  t.equal((await get(hub, '/api/table/Kendall/a')).json, 2);
  t.match((await get(hub, '/api/tables/raw/kenDALL')).json, { name: 'Kendall' });
  t.same((await get(hub, '/api/table/list')).json, ['Kendall']);
  t.equal((await request(hub, 'DELETE', '/api/table/kendall')).status, 200);
  t.same((await get(hub, '/api/table/list')).json, []);
});

for (const [what, type] of [
  ['without a content type', undefined],
  ['as text', 'text/plain'],
  ['as a form', 'application/x-www-form-urlencoded'],
  ['as JSON with a charset', 'application/json; charset=utf-8'],
] as const) {
  test(`a body of JSON is taken ${what}`, async (t) => {
    const hub = await startTable(t);
    const body = new TextEncoder().encode('{"a": [1, 2.0]}');
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    t.equal((await post(hub, '/api/table/test', body, { headers })).status, 200);
    t.same((await get(hub, '/api/table/test/a')).json, [1, 2]);
  });
}
