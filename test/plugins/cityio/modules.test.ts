import { test } from 'tap';
import { type Client, connect } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, openModule, post, request, startTable } from './city.ts';

const layer = (id: string | number, data: unknown) => ({ id, type: 'heatmap', data, properties: {} });
const bar = (name: string, value: number) => ({ name, value, viz_type: 'bar', description: null });

function publish(module: Client, moduleData: object, save: unknown = false, gridId = 'test'): void {
  module.send({ type: 'MODULE', content: { gridId, save, moduleData } });
}

test('SUBSCRIBE answers with the table, wrapped together with its name', async (t) => {
  const hub = await startTable(t);
  const module = await connect(t, hub, '/module');
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'TEST' } });
  t.same(await module.next(), {
    type: 'TABLE_SNAPSHOT',
    content: { tableName: 'test', snapshot: makeTable(4) },
  });
});

test('a module subscribes to several tables on one connection, and leaves one by UNSUBSCRIBE', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/second', makeTable(2));
  const module = await openModule(t, hub);
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'second' } });
  t.equal((await module.next('TABLE_SNAPSHOT')).content.tableName, 'second');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  await post(hub, '/api/table/second/GEOGRIDDATA', makeCells(2, 1));
  t.equal((await module.next()).content.tableName, 'test');
  t.equal((await module.next()).content.tableName, 'second');
  module.send({ type: 'UNSUBSCRIBE', content: { gridId: 'Test' } });
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'second' } });
  await module.next('TABLE_SNAPSHOT');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 2));
  await post(hub, '/api/table/second/GEOGRIDDATA', makeCells(2, 2));
  t.equal((await module.next()).content.tableName, 'second');
});

test('SUBSCRIBE to a table that does not exist is an error', async (t) => {
  const hub = await startTable(t);
  const module = await connect(t, hub, '/module');
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'nobody' } });
  t.match(await module.next(), { type: 'ERROR', content: { code: 'unknown_table', ref: 'SUBSCRIBE' } });
});

test('MODULE goes to the interfaces of its table as it is, and is not kept', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/other', makeTable(2));
  const [ui, elsewhere, module] = [
    await openInterface(t, hub),
    await openInterface(t, hub, 'other'),
    await openModule(t, hub),
  ];
  const { json: meta } = await get(hub, '/api/table/test/meta');
  const content = {
    gridId: 'test',
    save: false,
    moduleData: { layers: [layer('l', [1])], numeric: [bar('b', 2)] },
  };
  module.send({ type: 'MODULE', content });
  t.same(await ui.next(), { type: 'MODULE', content });
  publish(module, {});
  t.same((await ui.next()).content.moduleData, {});
  t.same(elsewhere.waiting, []);
  t.same((await get(hub, '/api/table/test/meta')).json, meta);
});

test('results with save are kept: layers merge by id, indicators by name', async (t) => {
  const hub = await startTable(t);
  const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
  for (const moduleData of [
    { layers: [layer('a', 1), layer(7, 1)], numeric: [bar('x', 1), bar('y', 1)] },
    { layers: [layer('b', 2), layer('a', { points: [2, '"]'] })] },
    { numeric: [bar('y', 3), bar('z', 3)] },
    { layers: [layer(7, 4)], numeric: [] },
  ]) {
    publish(module, moduleData, true);
    t.same((await ui.next()).content, { gridId: 'test', save: true, moduleData });
  }
  const { json } = await get(hub, '/api/table/test');
  t.same(json.LAYERS, [layer('a', { points: [2, '"]'] }), layer(7, 4), layer('b', 2)]);
  t.same(json.NUMERICINDICATORS, [bar('x', 1), bar('y', 3), bar('z', 3)]);
  const late = await connect(t, hub, '/interface');
  late.send({ type: 'LISTEN', content: { gridId: 'test' } });
  const { content } = await late.next();
  t.same([content.LAYERS, content.NUMERICINDICATORS], [json.LAYERS, json.NUMERICINDICATORS]);
});

test('many modules saving results at once lose none', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  const modules = await Promise.all(Array.from({ length: 10 }, () => openModule(t, hub)));
  modules.forEach((module, index) => {
    for (let round = 0; round < 3; round++)
      publish(module, { numeric: [bar(`${index}/${round}`, round)] }, true);
  });
  const names = new Set<string>();
  // Of results that hubs save at a time, those that a hub follows late come twice.
  while (names.size < 30) {
    const { numeric } = (await ui.next('MODULE')).content.moduleData;
    for (const { name } of numeric) names.add(name);
  }
  const { json } = await get(hub, '/api/table/test/NUMERICINDICATORS');
  t.strictSame(new Set(json.map(({ name }: { name: string }) => name)), names);
});

for (const [what, content, message] of [
  [
    'a layer without an id',
    { layers: [{ id: 'a' }, {}] },
    '/moduleData/layers/1/id must be a string or a number',
  ],
  ['an indicator without a name', { numeric: [{ value: 1 }] }, '/moduleData/numeric/0/name must be a string'],
] as const) {
  test(`${what} is an error when it is to be saved: nothing is kept and nothing sent on`, async (t) => {
    const hub = await startTable(t);
    const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
    publish(module, content, true);
    const { content: report } = await module.next('ERROR');
    t.equal(report.code, 'invalid_message');
    t.match(report.message, message);
    publish(module, content, false);
    t.same((await ui.next()).content.save, false, 'it may be shown');
    t.equal((await get(hub, '/api/table/test/LAYERS')).status, 204);
  });
}

test('results cannot be saved where the table has something that is no list', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/test/LAYERS', { not: 'a list' });
  const module = await openModule(t, hub);
  publish(module, { layers: [layer('a', 1)] }, true);
  t.match(await module.next(), { content: { code: 'invalid_module', message: /LAYERS .* must be a list/ } });
});

test('MODULE for a table that does not exist is an error', async (t) => {
  const hub = await startTable(t);
  const module = await openModule(t, hub);
  for (const save of [true, false, null]) {
    publish(module, {}, save, 'nobody');
    t.match(await module.next(), { type: 'ERROR', content: { code: 'unknown_table', ref: 'MODULE' } });
  }
});

test('a module that forwards the results of a GAMA simulation to a painted table', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  const gama = await openModule(t, hub);
  ui.send({ type: 'UPDATE_MODULE', content: { payload: 'Play' } });
  t.equal((await gama.next()).content.payload, 'Play');
  for (let step = 0; step < 3; step++) {
    // Layers of simulations have no ids.
    publish(gama, {
      layers: [{ type: 'traffic', data: [step], properties: {} }],
      numeric: [bar('car', step)],
    });
    t.same((await ui.next('MODULE')).content.moduleData.layers[0].data, [step]);
  }
});

async function register(
  t: Parameters<typeof connect>[0],
  hub: Parameters<typeof connect>[1],
  content: object,
) {
  const core = await connect(t, hub, '/module/core');
  core.send({ type: 'CORE_MODULE_REGISTRATION', content });
  return core;
}

test('core modules are listed while they are connected, and every interface sees them come and go', async (t) => {
  const hub = await startTable(t);
  const [ui, idle] = [await openInterface(t, hub), await connect(t, hub, '/interface')];
  ui.send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
  t.same(await ui.next(), { type: 'CORE_MODULES_LIST', content: [] });
  const noise = await register(t, hub, { name: 'Noise', description: 'dB', moduleType: 'environment' });
  for (const client of [ui, idle]) {
    const { type, content } = await client.next();
    t.equal(type, 'CORE_MODULES_LIST');
    t.match(content, [{ id: String, name: 'Noise', description: 'dB', moduleType: 'environment' }]);
  }
  // Modules of some clients know little of themselves.
  await register(t, hub, { name: null, description: null, moduleType: null });
  t.match((await ui.next()).content, [
    { name: 'Noise' },
    { name: null, description: null, moduleType: null },
  ]);
  noise.socket.close();
  const { content } = await ui.next();
  t.equal(content.length, 1);
  ui.send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
  t.same((await ui.next()).content, content);
});

test('an interface asks a core module to serve its table, and to stop', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  const core = await register(t, hub, { name: 'Noise', description: '', moduleType: '' });
  const [{ id }] = (await ui.next('CORE_MODULES_LIST')).content;
  ui.send({ type: 'MODULE_REQUEST', content: { id } });
  t.same(await core.next(), { type: 'SUBSCRIPTION_REQUEST', content: { table: 'test' } });
  core.send({ type: 'SUBSCRIBE', content: { gridId: 'test' } });
  t.equal((await core.next()).content.tableName, 'test');
  publish(core, { numeric: [bar('dB', 60)] });
  t.equal((await ui.next('MODULE')).content.moduleData.numeric[0].value, 60);
  ui.send({ type: 'MODULE_REMOVAL_REQUEST', content: { id } });
  t.same(await core.next(), { type: 'SUBSCRIPTION_REMOVAL_REQUEST', content: { table: 'test' } });
  core.send({ type: 'UNSUBSCRIBE', content: { gridId: 'test' } });
  core.send({ type: 'UPDATE_GRID', content: {} });
  await core.next('ERROR');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  t.same(core.waiting, []);
});

test('asking for a core module that is not there is an error', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  for (const type of ['MODULE_REQUEST', 'MODULE_REMOVAL_REQUEST']) {
    ui.send({ type, content: { id: 'unknown' } });
    t.match(await ui.next(), {
      type: 'ERROR',
      content: { code: 'unknown_module', message: /^id: .*"unknown"/ },
    });
  }
});

test('only /module/core takes registrations, and no more than allowed', async (t) => {
  const hub = await startTable(t, 2, { coreModules: 1 });
  const module = await openModule(t, hub);
  module.send({ type: 'CORE_MODULE_REGISTRATION', content: { name: 'x' } });
  t.match(await module.next(), { type: 'ERROR', content: { code: 'not_core', message: /\/module\/core/ } });
  const ui = await connect(t, hub, '/interface');
  const first = await register(t, hub, { name: 'first' });
  first.send({ type: 'CORE_MODULE_REGISTRATION', content: { name: 'renamed' } });
  for (const name of ['first', 'renamed']) t.match((await ui.next()).content, [{ name }]);
  const second = await register(t, hub, { name: 'second' });
  t.match(await second.next(), { type: 'ERROR', content: { code: 'too_many_modules' } });
});

test('deleted results are gone for those who listen later', async (t) => {
  const hub = await startTable(t);
  const module = await openModule(t, hub);
  publish(module, { layers: [layer('a', 1), layer('b', 1)] }, true);
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'test' } });
  t.equal((await module.next()).content.snapshot.LAYERS.length, 2);
  await request(hub, 'DELETE', '/api/table/test/LAYERS/0');
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'test' } });
  t.same((await module.next()).content.snapshot.LAYERS, [layer('b', 1)]);
});
