import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, post, request, startTable } from './city.ts';

const JSON_TYPE = 'application/json';

/** With the tables `test` and `another`, which stay as they are. */
const sameHub = shared(async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/another', { indicators: [] });
  return { hub };
});

for (const word of ['table', 'tables']) {
  for (const slash of ['', '/']) {
    test(`GET /api/${word}/list${slash} names all tables`, async (t) => {
      const { hub } = await sameHub();
      const { status, type, json } = await get(hub, `/api/${word}/list${slash}`);
      t.same([status, type, json], [200, JSON_TYPE, ['another', 'test']]);
    });

    test(`GET /api/${word}/headers${slash} has the headers of tables that have one`, async (t) => {
      const { hub } = await sameHub();
      const { status, type, json } = await get(hub, `/api/${word}/headers${slash}`);
      const { header } = makeTable(4).GEOGRID.properties;
      t.same([status, type, json], [200, JSON_TYPE, [{ tableName: 'test', tableHeader: header }]]);
      t.same((await get(hub, `/api/${word}/headers${slash}`)).json, json, 'the same again, from memory');
    });
  }
}

test('GET /api/table/{name} has all modules and meta, with and without a slash at the end', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test/indicators', [{ name: 'a', value: 1 }]);
  for (const path of ['/api/table/test', '/api/table/test/']) {
    const { status, type, json } = await get(hub, path);
    const { meta, ...modules } = json;
    t.same([status, type], [200, JSON_TYPE]);
    t.same(modules, { ...makeTable(4), indicators: [{ name: 'a', value: 1 }] });
    t.same(Object.keys(meta).sort(), ['hash', 'hashes', 'id', 'timestamp']);
    t.same(Object.keys(meta.hashes).sort(), ['GEOGRID', 'GEOGRIDDATA', 'indicators']);
    t.equal(new Date(meta.timestamp).toISOString(), meta.timestamp);
  }
});

test('GET of anything unknown is 204 and empty', async (t) => {
  const { hub } = await sameHub();
  for (const path of [
    '/api/table/nobody',
    '/api/table/nobody/GEOGRID',
    '/api/table/nobody/meta/hashes/GEOGRID',
    '/api/table/test/nothing',
    '/api/table/test/GEOGRIDDATA/16',
    '/api/table/test/GEOGRIDDATA/-1',
    '/api/table/test/GEOGRIDDATA/length',
    '/api/table/test/GEOGRID/properties/header/nrows/x',
    '/api/table/test/meta/hashes/nothing',
    '/api/table/test/meta/constructor',
    '/api/table/test/__proto__',
    '/api/table/test/GEOGRID/__proto__/x',
    '/api/commit/unknown',
    '/api/hashes/unknown',
    '/api/module/unknown',
    '/api/tables/raw/nobody',
  ]) {
    const { status, text } = await get(hub, path);
    t.same([path, status, text], [path, 204, '']);
    t.equal((await get(hub, `${path}/`)).status, 204, `${path}/`);
  }
});

test('GET of a path has the value there, at any depth', async (t) => {
  const hub = await startTable(t);
  const table = makeTable(4);
  await post(hub, '/api/table/test/odd', { 'a/b': { 'ü %': [1, [2, { '': 3 }]] }, empty: {} });
  for (const [path, value] of [
    ['GEOGRID', table.GEOGRID],
    ['GEOGRIDDATA', table.GEOGRIDDATA],
    ['GEOGRID/properties/header/nrows', 4],
    ['GEOGRID/features/15/properties/color/0', 15],
    ['GEOGRIDDATA/3', table.GEOGRIDDATA[3]],
    ['GEOGRIDDATA/3/name', 'Street'],
    ['odd/a%2Fb/%C3%BC%20%25/1/1', { '': 3 }],
    ['odd/empty', {}],
  ] as const) {
    for (const slash of ['', '/']) {
      const { status, type, json } = await get(hub, `/api/table/test/${path}${slash}`);
      t.same([path, status, type, json], [path, 200, JSON_TYPE, value]);
    }
  }
});

test('GET of meta and what is in it', async (t) => {
  const { hub } = await sameHub();
  const { json: meta } = await get(hub, '/api/table/test/meta');
  for (const [path, value] of [
    ['meta/id', meta.id],
    ['meta/hash', meta.hash],
    ['meta/timestamp', meta.timestamp],
    ['meta/hashes', meta.hashes],
    ['meta/hashes/GEOGRIDDATA', meta.hashes.GEOGRIDDATA],
  ]) {
    for (const slash of ['', '/']) {
      const { status, type, json } = await get(hub, `/api/table/test/${path}${slash}`);
      t.same([path, status, type, json], [path, 200, JSON_TYPE, value]);
    }
  }
});

test('polled hashes change when, and only when, their module does', async (t) => {
  const hub = await startTable(t);
  const poll = async (key: string) => (await get(hub, `/api/table/test/meta/hashes/${key}`)).json;
  const before = [await poll('GEOGRID'), await poll('GEOGRIDDATA')];
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 30));
  t.equal(await poll('GEOGRID'), before[0]);
  t.not(await poll('GEOGRIDDATA'), before[1]);
  await post(hub, '/api/table/test/GEOGRIDDATA', makeTable(4).GEOGRIDDATA);
  t.equal(await poll('GEOGRIDDATA'), before[1], 'the same content has the same hash');
});

test('HEAD answers as GET does, without a body', async (t) => {
  const { hub } = await sameHub();
  const { status, type, text } = await request(hub, 'HEAD', '/api/table/test/meta/hashes/GEOGRID');
  t.same([status, type, text], [200, JSON_TYPE, '']);
});

test('browsers of allowed origins are let in, others are not', async (t) => {
  const hub = await startTable(t, 2, {}, { origins: ['https://city.example'] });
  const response = await fetch(`${hub.origin}/api/table/list`, {
    headers: { origin: 'https://city.example' },
  });
  t.equal(response.headers.get('access-control-allow-origin'), 'https://city.example');
  t.equal((await get(hub, '/api/table/list', { headers: { origin: 'https://evil.example' } })).status, 403);
});

test('tables of 100 × 100 cells go in and out', async (t) => {
  const hub = await startTable(t, 100);
  const table = makeTable(100);
  t.same((await get(hub, '/api/table/test/GEOGRID/features/9999')).json, table.GEOGRID.features[9_999]);
  const cells = makeCells(100, 3);
  t.equal((await post(hub, '/api/table/test/GEOGRIDDATA', cells)).status, 200);
  const { text } = await get(hub, '/api/table/test');
  t.same(JSON.parse(text).GEOGRIDDATA, cells);
});
