import { test } from 'tap';
import { get, makeCells, makeTable, openInterface, openModule, post, startTable } from './city.ts';

const JSON_TYPE = 'application/json';
const UNKNOWN = '0'.repeat(64);

test('walking the parents goes back in time to the first commit', async (t) => {
  const hub = await startTable(t);
  const ids = [(await get(hub, '/api/table/test/meta/id')).json];
  for (const height of [1, 2, 3]) {
    ids.unshift((await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, height))).json.id);
  }
  const heights: number[] = [];
  let id = ids[0];
  for (const expected of ids) {
    t.equal(id, expected);
    const { status, type, json: commit } = await get(hub, `/api/commit/${id}/`);
    t.same([status, type, Object.keys(commit)], [200, JSON_TYPE, ['tree_id', 'parent', 'timestamp']]);
    const { json: hashes } = await get(hub, `/api/hashes/${commit.tree_id}`);
    t.same(Object.keys(hashes), ['GEOGRID', 'GEOGRIDDATA']);
    const { json: cells, type: moduleType } = await get(hub, `/api/module/${hashes.GEOGRIDDATA}/`);
    t.equal(moduleType, JSON_TYPE);
    heights.push(cells[1].height);
    id = commit.parent;
  }
  t.same(heights, [3, 2, 1, 0]);
  t.equal(id, '0', 'the first commit has no parent');
});

test('meta names the tree and the commit of the present state', async (t) => {
  const hub = await startTable(t);
  const { json: meta } = await get(hub, '/api/table/test/meta');
  t.same((await get(hub, `/api/hashes/${meta.hash}`)).json, meta.hashes);
  t.match((await get(hub, `/api/commit/${meta.id}`)).json, { tree_id: meta.hash, timestamp: meta.timestamp });
});

test('POST /api/module stores a module that has no table', async (t) => {
  const hub = await startTable(t);
  const { status, type, json } = await post(hub, '/api/module', '{"b": [1.0, null], "a": "x"}');
  t.same([status, type, json.status], [200, JSON_TYPE, 'ok']);
  t.equal((await get(hub, `/api/module/${json.id}`)).text, '{"b":[1,null],"a":"x"}');
  t.equal(
    (await post(hub, '/api/module/', { b: [1, null], a: 'x' })).json.id,
    json.id,
    'the same has the same id',
  );
  t.equal((await get(hub, `/api/module/${(await post(hub, '/api/module', 'null')).json.id}`)).text, 'null');
});

test('a table is rolled back to a commit of its past, and its listeners see that', async (t) => {
  const hub = await startTable(t);
  const { json: before } = await get(hub, '/api/table/test');
  await post(hub, '/api/table/test', {
    GEOGRIDDATA: makeCells(4, 9),
    indicators: [{ name: 'new', value: 1 }],
  });
  const ui = await openInterface(t, hub);
  const module = await openModule(t, hub);
  const { status, type, json } = await post(hub, `/api/table/raw/test/${before.meta.id}`, undefined);
  t.same([status, type, json], [200, JSON_TYPE, { status: 'ok' }]);
  t.same((await get(hub, '/api/table/test')).json, before);
  t.same((await ui.next()).content, before.GEOGRIDDATA);
  t.same((await module.next()).content, { tableName: 'test', geogriddata: before.GEOGRIDDATA });
  t.same((await get(hub, '/api/tables/raw/test')).json, { name: 'test', commit: before.meta.id });
});

test('a branch is another table that begins at a commit', async (t) => {
  const hub = await startTable(t);
  const { json: origin } = await get(hub, '/api/table/test');
  t.equal((await post(hub, `/api/table/raw/branch/${origin.meta.id}/`, '')).status, 200);
  t.same((await get(hub, '/api/table/branch')).json, origin);
  await post(hub, '/api/table/branch/GEOGRIDDATA', makeCells(4, 5));
  t.same((await get(hub, '/api/table/test')).json, origin, 'the other one stays as it is');
  const { json: meta } = await get(hub, '/api/table/branch/meta');
  t.equal((await get(hub, `/api/commit/${meta.id}`)).json.parent, origin.meta.id);
  const { status, type, json } = await get(hub, '/api/tables/raw/branch/');
  t.same([status, type, json], [200, JSON_TYPE, { name: 'branch', commit: meta.id }]);
});

test('a commit that does not exist is 404, and the table stays as it is', async (t) => {
  const hub = await startTable(t);
  const { json: meta } = await get(hub, '/api/table/test/meta');
  for (const commit of [UNKNOWN, 'x', meta.hash]) {
    const { status, json } = await post(hub, `/api/table/raw/test/${commit}`, undefined);
    t.same([status, json.error.code], [404, 'unknown_commit']);
    t.equal((await post(hub, `/api/table/raw/another/${commit}`, undefined)).status, 404);
  }
  t.same((await get(hub, '/api/table/test/meta')).json, meta);
  t.same((await get(hub, '/api/table/list')).json, ['test']);
});

test('however often the cells change, GEOGRID is stored once', async (t) => {
  const hub = await startTable(t);
  const seen = new Set<string>();
  for (const height of [1, 2, 3]) {
    await post(hub, '/api/table/test', { ...makeTable(4), GEOGRIDDATA: makeCells(4, height) });
    seen.add((await get(hub, '/api/table/test/meta/hashes/GEOGRID')).json);
  }
  t.equal(seen.size, 1);
});
