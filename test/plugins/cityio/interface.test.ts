import { test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import {
  get,
  makeCells,
  makeTable,
  openInterface,
  openModule,
  post,
  request,
  startCity,
  startTable,
} from './city.ts';

test('LISTEN answers with the table itself: all modules, not wrapped, no meta', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test', { LAYERS: [{ id: 'l' }], NUMERICINDICATORS: [], tui: { any: 'thing' } });
  const ui = await connect(t, hub, '/interface');
  ui.send({ type: 'LISTEN', content: { gridId: 'test' } });
  const others = { LAYERS: [{ id: 'l' }], NUMERICINDICATORS: [], tui: { any: 'thing' } };
  t.same(await ui.next(), { type: 'TABLE_SNAPSHOT', content: { ...makeTable(4), ...others } });
});

test('a front end that lower-cases the name of a table finds it', async (t) => {
  const hub = await startCity(t);
  await post(hub, '/api/table/Volpe', makeTable(2));
  const ui = await openInterface(t, hub, 'volpe');
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(2, 1) } });
  t.same((await ui.next()).content, makeCells(2, 1));
  await post(hub, '/api/table/VOLPE/GEOGRIDDATA', makeCells(2, 2));
  t.same((await ui.next()).content, makeCells(2, 2));
});

test('UPDATE_GRID is stored, and comes back to every interface as the list itself, to modules wrapped', async (t) => {
  const hub = await startTable(t);
  const [painter, watcher, module] = [
    await openInterface(t, hub),
    await openInterface(t, hub),
    await openModule(t, hub),
  ];
  const cells = makeCells(4, 12);
  painter.send({ type: 'UPDATE_GRID', content: { geogriddata: cells } });
  t.same(await painter.next(), { type: 'GEOGRIDDATA_UPDATE', content: cells });
  t.same(await watcher.next(), { type: 'GEOGRIDDATA_UPDATE', content: cells });
  t.same(await module.next(), {
    type: 'GEOGRIDDATA_UPDATE',
    content: { tableName: 'test', geogriddata: cells },
  });
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, cells);
});

test('UPDATE_GRID with the cells there already are comes back too, and makes no commit', async (t) => {
  const hub = await startTable(t);
  const { json: id } = await get(hub, '/api/table/test/meta/id');
  const ui = await openInterface(t, hub);
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeTable(4).GEOGRIDDATA } });
  t.same((await ui.next()).type, 'GEOGRIDDATA_UPDATE');
  t.equal((await get(hub, '/api/table/test/meta/id')).json, id);
});

test('an interface listens to one table: LISTEN leaves the one before', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/second', makeTable(2));
  const ui = await openInterface(t, hub);
  ui.send({ type: 'LISTEN', content: { gridId: 'second' } });
  t.equal((await ui.next()).content.GEOGRIDDATA.length, 4);
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  await post(hub, '/api/table/second/GEOGRIDDATA', makeCells(2, 1));
  t.same((await ui.next()).content, makeCells(2, 1));
  t.same(ui.waiting, []);
});

test('LISTEN to a table that does not exist is an error, and the one before stays', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  ui.send({ type: 'LISTEN', content: { gridId: 'nobody' } });
  t.same(await ui.next(), {
    type: 'ERROR',
    content: { code: 'unknown_table', message: 'there is no table "nobody"', ref: 'LISTEN' },
  });
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  t.equal((await ui.next()).type, 'GEOGRIDDATA_UPDATE');
});

test('LISTEN again answers with a snapshot again', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  ui.send({ type: 'LISTEN', content: { gridId: 'test' } });
  t.equal((await ui.next()).type, 'TABLE_SNAPSHOT');
});

test('what needs a table is an error before LISTEN', async (t) => {
  const hub = await startTable(t);
  const ui = await connect(t, hub, '/interface');
  for (const [type, content] of [
    ['UPDATE_GRID', { geogriddata: [] }],
    ['LIST_SCENARIOS', {}],
    ['SAVE_SCENARIO', { name: 'a', description: '' }],
    ['RESTORE_SCENARIO', { name: 'a' }],
    ['MODULE_REQUEST', { id: 'a' }],
    ['UPDATE_MODULE', { payload: 'Play' }],
  ]) {
    ui.send({ type, content });
    t.match(await ui.next(), { type: 'ERROR', content: { code: 'not_listening', ref: type } });
  }
});

test('UPDATE_MODULE is passed on to the modules of the table as it is', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/other', makeTable(2));
  const [ui, module, elsewhere] = [
    await openInterface(t, hub),
    await openModule(t, hub),
    await openModule(t, hub, 'other'),
  ];
  ui.send({ type: 'UPDATE_MODULE', content: { payload: 'Play', speed: 2 } });
  t.same(await module.next(), { type: 'UPDATE_MODULE', content: { payload: 'Play', speed: 2 } });
  ui.send({ type: 'UPDATE_MODULE', content: { payload: 'Pause' } });
  t.same((await module.next()).content, { payload: 'Pause' });
  t.same(elsewhere.waiting, []);
});

test('a change by REST is pushed as one by WebSocket is', async (t) => {
  const hub = await startTable(t);
  const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
  for (const [path, body, expected] of [
    ['test/GEOGRIDDATA', makeCells(4, 1), makeCells(4, 1)],
    ['test', { GEOGRIDDATA: makeCells(4, 2) }, makeCells(4, 2)],
    [
      'test/GEOGRIDDATA/0/height',
      50,
      makeCells(4, 2).map((one) => (one.id === 0 ? { ...one, height: 50 } : one)),
    ],
  ] as const) {
    await post(hub, `/api/table/${path}`, body);
    t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: expected });
    t.same((await module.next()).content, { tableName: 'test', geogriddata: expected });
  }
});

test('results posted by REST are pushed to interfaces as MODULE', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  const geojson = { type: 'FeatureCollection', features: [] };
  for (const [key, body, moduleData] of [
    ['indicators', [{ name: 'a', value: 1 }], { numeric: [{ name: 'a', value: 1 }] }],
    ['NUMERICINDICATORS', [{ name: 'b', value: 2 }], { numeric: [{ name: 'b', value: 2 }] }],
    ['LAYERS', [{ id: 'l', type: 'arc' }], { layers: [{ id: 'l', type: 'arc' }] }],
    ['access', geojson, { layers: [{ id: 'access', type: 'geojson', data: geojson, properties: {} }] }],
    ['textual', { text: 'x' }, { textual: { text: 'x' } }],
    ['ABM2', [], { ABM2: [] }],
    ['LAYERS', null, { LAYERS: null }],
  ] as const) {
    await post(hub, `/api/table/test/${key}`, JSON.stringify(body));
    t.same(await ui.next(), { type: 'MODULE', content: { gridId: 'test', save: true, moduleData } });
  }
});

test('what is posted again unchanged is not pushed', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  await post(hub, '/api/table/test', makeTable(4));
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  t.equal((await ui.next()).type, 'GEOGRIDDATA_UPDATE');
  t.same(ui.waiting, []);
});

test('another grid is pushed as a fresh snapshot', async (t) => {
  const hub = await startTable(t);
  const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
  await post(hub, '/api/table/test', { GEOGRID: makeTable(6).GEOGRID });
  t.same(await ui.next(), { type: 'TABLE_SNAPSHOT', content: makeTable(6) });
  t.same(await module.next(), {
    type: 'TABLE_SNAPSHOT',
    content: { tableName: 'test', snapshot: makeTable(6) },
  });
  t.same([ui.waiting, module.waiting], [[], []]);
});

test('listeners of a deleted table are told, and get it when there is one of that name again', async (t) => {
  const hub = await startTable(t);
  const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
  await request(hub, 'DELETE', '/api/table/test');
  for (const client of [ui, module]) {
    t.match(await client.next(), { type: 'ERROR', content: { code: 'table_deleted', message: /"test"/ } });
  }
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4) } });
  t.match(await ui.next(), { type: 'ERROR', content: { code: 'unknown_table', ref: 'UPDATE_GRID' } });
  await post(hub, '/api/table/test', makeTable(3));
  t.same((await ui.next()).content, makeTable(3));
  t.same((await module.next()).content.snapshot, makeTable(3));
});

test('messages of unknown types and messages that are no JSON change nothing', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  for (const message of [
    'not JSON',
    '[]',
    '{"type":5}',
    { type: 'NEVER_HEARD_OF', content: {} },
    { content: {} },
  ]) {
    ui.send(message);
    t.match(await ui.next(), { type: 'ERROR', content: { code: String, message: String } });
  }
  ui.send({ type: 'LISTEN', content: { gridId: 'test' } });
  t.equal((await ui.next()).type, 'TABLE_SNAPSHOT', 'the connection goes on');
});
