import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import {
  get,
  makeCells,
  makeGeogrid,
  makeTable,
  openInterface,
  openModule,
  post,
  startTable,
} from './city.ts';

/** With the table `test`, which stays as it is. */
const sameHub = shared(async (t) => ({ hub: await startTable(t) }));

const geogrid = (change: object) => ({ ...makeGeogrid(4), ...change });

for (const [what, path, body, code, message] of [
  [
    'a list as a table',
    'test',
    [],
    'invalid_body',
    'the body must be a JSON object of modules by their keys, found a list',
  ],
  ['a number as a table', 'test', 5, 'invalid_body', 'found 5'],
  ['null as a table', 'test', 'null', 'invalid_body', 'found null'],
  ['nothing as a table', 'test', undefined, 'invalid_body', 'the body must be JSON, found nothing'],
  ['no JSON', 'test/a', '{"a":', 'invalid_json', 'the body must be JSON'],
  [
    'bytes that are no text',
    'test/a',
    new Uint8Array([0x22, 0xc3, 0x22]),
    'invalid_json',
    'the body must be UTF-8',
  ],
  [
    'a __proto__ key',
    'test',
    '{"a":{"__proto__":{"polluted":1}}}',
    'invalid_json',
    'forbidden prototype property',
  ],
  [
    'deep nesting',
    'test/a',
    '['.repeat(100_000) + ']'.repeat(100_000),
    'invalid_json',
    'deeper than 200 levels',
  ],
  [
    'a GEOGRID that is no object',
    'test/GEOGRID',
    5,
    'invalid_geogrid',
    'GEOGRID: it must be object, found 5',
  ],
  [
    'a GEOGRID without features',
    'test',
    { GEOGRID: geogrid({ features: undefined }) },
    'invalid_geogrid',
    "GEOGRID: it must have required property 'features'",
  ],
  [
    'features that are no list',
    'test',
    { GEOGRID: geogrid({ features: {} }) },
    'invalid_geogrid',
    'GEOGRID: /features must be array',
  ],
  [
    'a feature without properties',
    'test',
    { GEOGRID: geogrid({ features: [{}] }) },
    'invalid_geogrid',
    "GEOGRID: /features/0 must have required property 'properties'",
  ],
  [
    'a GEOGRID of another type',
    'test',
    { GEOGRID: geogrid({ type: 'Feature' }) },
    'invalid_geogrid',
    'GEOGRID: /type must be "FeatureCollection", found "Feature"',
  ],
  [
    'a GEOGRID without a header',
    'test',
    { GEOGRID: geogrid({ properties: {} }) },
    'invalid_geogrid',
    "GEOGRID: /properties must have required property 'header'",
  ],
  [
    'a header without rows',
    'test',
    { GEOGRID: geogrid({ properties: { header: { ncols: 4 } } }) },
    'invalid_geogrid',
    "/properties/header must have required property 'nrows'",
  ],
  [
    'a header with wrong rows',
    'test/GEOGRID/properties/header/nrows',
    '"many"',
    'invalid_geogrid',
    'GEOGRID: /properties/header/nrows must be integer, found "many"',
  ],
  [
    'a deep write that empties GEOGRID',
    'test/GEOGRID/features',
    '5',
    'invalid_geogrid',
    '/features must be array',
  ],
  [
    'GEOGRIDDATA that is no list',
    'test/GEOGRIDDATA',
    {},
    'invalid_geogriddata',
    'GEOGRIDDATA: it must be array',
  ],
  [
    'a cell that is no object',
    'test/GEOGRIDDATA/3',
    '5',
    'invalid_geogriddata',
    'GEOGRIDDATA: /3 must be object, found 5',
  ],
  [
    'too few cells',
    'test/GEOGRIDDATA',
    makeCells(3),
    'invalid_geogriddata',
    'GEOGRIDDATA must have 16 entries, one for each feature of GEOGRID, found 9',
  ],
  [
    'too many cells',
    'test',
    { GEOGRIDDATA: makeCells(5) },
    'invalid_geogriddata',
    'must have 16 entries, one for each feature of GEOGRID, found 25',
  ],
  [
    'a cell too many by a deep write',
    'test/GEOGRIDDATA/16',
    {},
    'invalid_geogriddata',
    'must have 16 entries, one for each feature of GEOGRID, found 17',
  ],
  [
    'a grid and cells that do not fit',
    'test',
    { ...makeTable(6), GEOGRIDDATA: makeCells(5) },
    'invalid_geogriddata',
    'must have 36 entries, one for each feature of GEOGRID, found 25',
  ],
  [
    'one bad module beside a good one',
    'test',
    { good: 1, GEOGRIDDATA: [] },
    'invalid_geogriddata',
    'found 0',
  ],
  ['a module without a name', 'test', { '': 1 }, 'invalid_name', '1 to 100 characters'],
  ['a module with a long name', `test/${'n'.repeat(101)}`, 1, 'invalid_name', '1 to 100 characters'],
] as const) {
  test(`${what} is refused by name, and the table stays as it is`, async (t) => {
    const { hub } = await sameHub();
    const ui = await openInterface(t, hub);
    const { text } = await get(hub, '/api/table/test');
    const { status, type, json } = await post(hub, `/api/table/${path}`, body);
    t.same([status, type, json?.error?.code], [400, 'application/json', code], JSON.stringify(json));
    t.ok(json.error.message.includes(message), json.error.message);
    t.equal((await get(hub, '/api/table/test')).text, text);
    t.same(ui.waiting, []);
  });
}

test('a cell cannot be deleted, nor a grid be left with more cells than features', async (t) => {
  const hub = await startTable(t);
  const { json: before } = await get(hub, '/api/table/test');
  const response = await fetch(`${hub.origin}/api/table/test/GEOGRIDDATA/3`, { method: 'DELETE' });
  t.equal(response.status, 400);
  t.same((await get(hub, '/api/table/test')).json, before);
  await fetch(`${hub.origin}/api/table/test/GEOGRID/features/3`, { method: 'DELETE' });
  const { json: after } = await get(hub, '/api/table/test');
  t.same([after.GEOGRID.features.length, after.GEOGRIDDATA.length], [15, 15]);
});

for (const name of ['list', 'RAW', 'headers', '%20'.repeat(101), 'a%2Fb', 'a%00b', 'a%0Ab']) {
  test(`no table can be called ${name.slice(0, 12)}`, async (t) => {
    const { hub } = await sameHub();
    const { status } = await post(hub, `/api/table/${name}`, {});
    // The router itself refuses the long one.
    t.ok(status >= 400 && status < 500, String(status));
    t.same((await get(hub, '/api/table/list')).json, ['test']);
  });
}

for (const [what, content, code, message] of [
  [
    'cells of the wrong length',
    { geogriddata: makeCells(3) },
    'invalid_geogriddata',
    /geogriddata must have 16 entries.* found 9/,
  ],
  [
    'cells that are no list',
    { geogriddata: 'x' },
    'invalid_message',
    /\/geogriddata must be array, found "x"/,
  ],
  [
    'a cell that is no object',
    { geogriddata: [1] },
    'invalid_message',
    /\/geogriddata\/0 must be object, found 1/,
  ],
  ['no cells', {}, 'invalid_message', /geogriddata/],
  ['a list instead of an object', [], 'invalid_message', /must be object/],
] as const) {
  test(`UPDATE_GRID with ${what} is an error that says so, and nobody is told of it`, async (t) => {
    const { hub } = await sameHub();
    const [ui, other, module] = [
      await openInterface(t, hub),
      await openInterface(t, hub),
      await openModule(t, hub),
    ];
    const { text } = await get(hub, '/api/table/test');
    ui.send({ type: 'UPDATE_GRID', content });
    t.match(await ui.next(), { type: 'ERROR', content: { code, message, ref: 'UPDATE_GRID' } });
    ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeTable(4).GEOGRIDDATA } });
    for (const client of [ui, other, module]) t.equal((await client.next()).type, 'GEOGRIDDATA_UPDATE');
    t.equal((await get(hub, '/api/table/test')).text, text);
  });
}

for (const message of [
  '{"type":"UPDATE_GRID","content":{"geogriddata":[{"__proto__":{"polluted":true}}]}}',
  `{"type":"UPDATE_GRID","content":{"geogriddata":[${'{"a":'.repeat(300)}1${'}'.repeat(300)}]}}`,
  '{"type":"UPDATE_GRID","content":{"geogriddata":[{"a":NaN}]}}',
]) {
  test(`the message ${message.slice(0, 70)}… is refused`, async (t) => {
    const { hub } = await sameHub();
    const ui = await openInterface(t, hub);
    ui.send(message);
    t.match(await ui.next(), { type: 'ERROR', content: { code: 'invalid_json' } });
    t.notOk('polluted' in {});
  });
}

test('numbers that no number can hold become null, as JSON has it', async (t) => {
  const hub = await startTable(t);
  t.equal((await post(hub, '/api/table/test/huge', '[1e999, -1e999, 1e-999]')).status, 200);
  t.equal((await get(hub, '/api/table/test/huge')).text, '[null,null,0]');
});

test('deep writes cannot nest a module deeper than a body may', async (t) => {
  const hub = await startTable(t);
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  t.equal((await post(hub, '/api/table/test/deep', deep(150))).status, 200);
  const { status, json } = await post(hub, `/api/table/test/deep${'/0'.repeat(149)}/0`, deep(150));
  t.same([status, json.error.code], [400, 'invalid_json']);
});
