import { test } from 'tap';
import type { Client } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, openModule, post, request, startTable } from './city.ts';

async function save(ui: Client, name: string, description = '', type = 'SAVE_SCENARIO') {
  ui.send({ type, content: { name, description } });
  return (await ui.next('SCENARIOS')).content;
}

for (const type of ['SAVE_SCENARIO', 'SEND_SCENARIO']) {
  test(`${type} keeps the present state under a name, and shows the list to every interface`, async (t) => {
    const hub = await startTable(t);
    const [ui, other] = [await openInterface(t, hub), await openInterface(t, hub)];
    const { json: meta } = await get(hub, '/api/table/test/meta');
    ui.send({ type, content: { name: 'Plan A', description: 'more parks' } });
    const content = [{ name: 'Plan A', description: 'more parks', hash: meta.hash, isInBin: false }];
    t.same(await ui.next(), { type: 'SCENARIOS', content });
    t.same(await other.next(), { type: 'SCENARIOS', content });
    other.send({ type: 'LIST_SCENARIOS', content: {} });
    t.same(await other.next(), { type: 'SCENARIOS', content });
    t.same((await get(hub, '/api/table/test/meta')).json, meta, 'the table is as it was');
  });
}

test('RESTORE_SCENARIO gives the table the saved state, and its cells to everybody', async (t) => {
  const hub = await startTable(t);
  const [ui, other, module] = [
    await openInterface(t, hub),
    await openInterface(t, hub),
    await openModule(t, hub),
  ];
  const [{ hash }] = await save(ui, 'empty', 'nothing built');
  await other.next('SCENARIOS');
  ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, 80) } });
  for (const client of [ui, other, module]) await client.next('GEOGRIDDATA_UPDATE');
  const { json: built } = await get(hub, '/api/table/test/meta');
  ui.send({ type: 'RESTORE_SCENARIO', content: { name: 'empty' } });
  const { GEOGRIDDATA } = makeTable(4);
  for (const client of [ui, other]) {
    t.same(await client.next(), { type: 'GEOGRIDDATA_UPDATE', content: GEOGRIDDATA });
  }
  t.same((await module.next()).content, { tableName: 'test', geogriddata: GEOGRIDDATA });
  const { json: meta } = await get(hub, '/api/table/test/meta');
  t.equal(meta.hash, hash);
  t.equal((await get(hub, `/api/commit/${meta.id}`)).json.parent, built.id, 'a commit after the present one');
});

test('restoring the state the table has sends its cells too', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  await save(ui, 'now');
  ui.send({ type: 'RESTORE_SCENARIO', content: { name: 'now' } });
  t.equal((await ui.next()).type, 'GEOGRIDDATA_UPDATE');
  t.same(ui.waiting, []);
});

test('a scenario of another grid brings that grid back: a snapshot, then its cells', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  await save(ui, 'small');
  await post(hub, '/api/table/test', makeTable(6));
  await ui.next('TABLE_SNAPSHOT');
  ui.send({ type: 'RESTORE_SCENARIO', content: { name: 'small' } });
  t.same(await ui.next(), { type: 'TABLE_SNAPSHOT', content: makeTable(4) });
  t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: makeTable(4).GEOGRIDDATA });
});

test('MODIFY_SCENARIO puts one into the bin and back', async (t) => {
  const hub = await startTable(t);
  const [ui, other] = [await openInterface(t, hub), await openInterface(t, hub)];
  await save(ui, 'a');
  await save(ui, 'b');
  for (const isInBin of [true, false]) {
    ui.send({ type: 'MODIFY_SCENARIO', content: { name: 'a', isInBin } });
    t.match((await ui.next()).content, [
      { name: 'a', isInBin },
      { name: 'b', isInBin: false },
    ]);
  }
  for (let count = 0; count < 3; count++) await other.next('SCENARIOS');
  t.match((await other.next()).content, [{ name: 'a', isInBin: false }, { name: 'b' }]);
});

test('saving under a name that is taken replaces that scenario, out of the bin', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  await save(ui, 'a', 'first');
  await save(ui, 'b');
  ui.send({ type: 'MODIFY_SCENARIO', content: { name: 'a', isInBin: true } });
  await ui.next('SCENARIOS');
  await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, 3));
  const { json: hash } = await get(hub, '/api/table/test/meta/hash');
  const list = await save(ui, 'a', 'second');
  t.same(list[0], { name: 'a', description: 'second', hash, isInBin: false });
  t.equal(list.length, 2);
});

test('scenarios belong to their table, and go with it', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/other', makeTable(2));
  const [ui, other] = [await openInterface(t, hub), await openInterface(t, hub, 'other')];
  await save(ui, 'a');
  other.send({ type: 'LIST_SCENARIOS', content: {} });
  t.same((await other.next()).content, []);
  await request(hub, 'DELETE', '/api/table/test');
  await post(hub, '/api/table/test', makeTable(4));
  await ui.settled();
  ui.send({ type: 'LIST_SCENARIOS', content: {} });
  t.same((await ui.next('SCENARIOS')).content, []);
});

test('a scenario that does not exist is an error that names it, and changes nothing', async (t) => {
  const hub = await startTable(t);
  const ui = await openInterface(t, hub);
  const { json: meta } = await get(hub, '/api/table/test/meta');
  for (const [type, content] of [
    ['RESTORE_SCENARIO', { name: 'nowhere' }],
    ['MODIFY_SCENARIO', { name: 'nowhere', isInBin: true }],
  ]) {
    ui.send({ type, content });
    const message = 'name: the table has no scenario "nowhere"';
    t.same((await ui.next()).content, { code: 'unknown_scenario', message, ref: type });
  }
  t.same((await get(hub, '/api/table/test/meta')).json, meta);
});

for (const [what, type, content, message] of [
  ['without a name', 'SAVE_SCENARIO', { description: 'x' }, /name/],
  ['with an empty name', 'SAVE_SCENARIO', { name: '' }, /\/name/],
  ['without isInBin', 'MODIFY_SCENARIO', { name: 'a' }, /isInBin/],
] as const) {
  test(`${type} ${what} is an error that names the field`, async (t) => {
    const hub = await startTable(t);
    const ui = await openInterface(t, hub);
    ui.send({ type, content });
    t.match(await ui.next(), { type: 'ERROR', content: { code: 'invalid_message', message, ref: type } });
  });
}

test('at the most allowed, the oldest in the bin makes room; when the bin is empty, it is an error', async (t) => {
  const hub = await startTable(t, 2, { scenariosPerTable: 2 });
  const ui = await openInterface(t, hub);
  await save(ui, 'a');
  await save(ui, 'b');
  ui.send({ type: 'SAVE_SCENARIO', content: { name: 'c' } });
  t.match((await ui.next()).content, { code: 'too_many_scenarios', message: /2 scenarios/ });
  ui.send({ type: 'MODIFY_SCENARIO', content: { name: 'a', isInBin: true } });
  await ui.next('SCENARIOS');
  t.match(await save(ui, 'c'), [{ name: 'b' }, { name: 'c' }]);
});
