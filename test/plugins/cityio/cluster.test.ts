/** Hubs that share a store: a client on one cannot tell on which the others are. */
import { type Test, test } from 'tap';
import topics from '../../../plugins/topics/index.ts';
import { type Client, connect, type Received } from '../../helpers/hub.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { type City, cluster, threeCities, until } from './cities.ts';
import { get, makeCells, makeTable, openInterface, openModule, post, request } from './city.ts';

const numeric = [{ name: 'floors', value: 7 }];
const paint = (height: number) => ({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, height) } });

/** Hubs that know the table `test`. */
async function withTable(t: Test, options: Parameters<typeof threeCities>[1] = {}) {
  const hubs = await threeCities(t, options);
  await post(hubs[0], '/api/table/test', makeTable(4));
  for (const hub of hubs) await until(hub, '/api/table/list', (text) => text === '["test"]');
  return hubs;
}

test('what happens to a table on one hub, members on another see once and in order', async (t) => {
  const [here, there] = await withTable(t, { plugins: [topics()] });
  const [painter, publisher] = [await openInterface(t, here), await openModule(t, here)];
  const [ui, module] = [await openInterface(t, there), await openModule(t, there)];
  const follower = await connect(t, there, '/topics');
  follower.send({ type: 'subscribe', topics: ['*'] });
  await follower.next('subscribed');
  const { json: origin } = await get(here, '/api/table/test');

  painter.send(paint(1));
  t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: makeCells(4, 1) });
  t.same((await module.next()).content, { tableName: 'test', geogriddata: makeCells(4, 1) });
  painter.send(paint(1));
  t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: makeCells(4, 1) }, 'painted anew');
  await module.next();

  await post(here, '/api/table/test/indicators', numeric);
  t.same((await ui.next()).content.moduleData, { numeric });
  for (const id of ['a', 'b']) {
    const content = { gridId: 'test', save: true, moduleData: { layers: [{ id, type: 'arc' }] } };
    publisher.send({ type: 'MODULE', content });
    t.same(await ui.next(), { type: 'MODULE', content });
  }
  await until(there, '/api/table/test/LAYERS', (text) => text.includes('"b"'));

  painter.send({ type: 'SAVE_SCENARIO', content: { name: 'one' } });
  t.match(await ui.next(), { type: 'SCENARIOS', content: [{ name: 'one' }] });
  ui.send({ type: 'SAVE_SCENARIO', content: { name: 'two' } });
  t.match(await ui.next(), { type: 'SCENARIOS', content: [{ name: 'one' }, { name: 'two' }] });
  painter.send({ type: 'RESTORE_SCENARIO', content: { name: 'two' } });
  t.match(await ui.next(), { type: 'GEOGRIDDATA_UPDATE' }, 'of the state it has, too');
  await module.next();

  await post(here, `/api/table/raw/test/${origin.meta.id}`, undefined);
  t.same((await ui.next()).content, origin.GEOGRIDDATA);
  t.same((await module.next()).content.geogriddata, origin.GEOGRIDDATA);
  await post(here, '/api/table/test', makeTable(2));
  t.same(await ui.next(), { type: 'TABLE_SNAPSHOT', content: makeTable(2) });
  t.same((await module.next()).content.snapshot, makeTable(2));
  await request(here, 'DELETE', '/api/table/test');
  for (const client of [ui, module]) t.match(await client.next(), { content: { code: 'table_deleted' } });
  await post(here, '/api/table/test', makeTable(3));
  for (const client of [ui, module]) t.equal((await client.next()).type, 'TABLE_SNAPSHOT');

  const told: unknown[] = [];
  while (told.length < 10) {
    const { topic, event } = await follower.next();
    told.push([topic, event.module ?? event.table]);
  }
  t.same(told, [
    ['cityio.grid_updated', 'test'],
    ['cityio.module_updated', 'indicators'],
    ['cityio.module_updated', 'LAYERS'],
    ['cityio.module_updated', 'LAYERS'],
    ['cityio.grid_updated', 'test'],
    ['cityio.module_updated', 'LAYERS'],
    ['cityio.module_updated', 'indicators'],
    ['cityio.grid_updated', 'test'],
    ['cityio.table_deleted', 'test'],
    ['cityio.grid_updated', 'test'],
  ]);
  for (const client of [ui, module, follower]) t.same(client.waiting, []);
  for (const hub of [here, there]) t.same(loggedErrors(hub), []);
});

test('a hub that starts has the tables of the others, and reads what it is asked for before it was told', async (t) => {
  const start = await cluster(t);
  const first = await start();
  await post(first, '/api/table/test', makeTable(4));
  const second = await start();
  t.equal((await get(second, '/api/table/test')).text, (await get(first, '/api/table/test')).text);
  second.broker.cut();
  await post(first, '/api/table/new', makeTable(2));
  t.equal((await get(second, '/api/table/new')).status, 204, 'reads are answered from memory');
  await openInterface(t, second, 'new');
  t.equal((await post(second, '/api/table/new/a', 1)).status, 200);
  t.equal((await get(second, '/api/table/new/a')).json, 1);
});

/** Cells as they came, by their height, up to the module `end`. */
async function heightsUntilEnd(client: Client): Promise<number[]> {
  const heights: number[] = [];
  for (;;) {
    const { type, content }: Received = await client.next();
    if (type === 'GEOGRIDDATA_UPDATE') heights.push(content[0].height);
    if (type === 'MODULE' && content.moduleData.end === true) return heights;
  }
}

/** The heights of a table's cells in the order of its commits, and how many commits there are. */
async function historyOf(hub: City) {
  const byHash = new Map<string, number>();
  const heights: number[] = [];
  let commits = 0;
  for (let { json: id } = await get(hub, '/api/table/test/meta/id'); id !== '0'; commits++) {
    const { json: commit } = await get(hub, `/api/commit/${id}`);
    const { GEOGRIDDATA: hash } = (await get(hub, `/api/hashes/${commit.tree_id}`)).json;
    const height = byHash.get(hash) ?? (await get(hub, `/api/module/${hash}`)).json[1].height;
    byHash.set(hash, height);
    if (heights[0] !== height) heights.unshift(height);
    id = commit.parent;
  }
  return { heights, commits };
}

test('edits from three hubs at once lose nothing, and all members end with the same table', async (t) => {
  const hubs = await withTable(t);
  const uis = await Promise.all(hubs.map((hub) => openInterface(t, hub)));
  const modules = await Promise.all(hubs.map((hub) => openModule(t, hub)));
  const rounds = 10;
  const posts: ReturnType<typeof post>[] = [];
  const layers: string[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [index, hub] of hubs.entries()) {
      const id = `${index}-${round}`;
      layers.push(id);
      posts.push(post(hub, `/api/table/test/m${id}`, [id]));
      const content = { gridId: 'TEST', save: true, moduleData: { layers: [{ id, type: 'arc' }] } };
      modules[index]?.send({ type: 'MODULE', content });
      uis[index]?.send(paint(1 + index * 100 + round));
    }
  }
  for (const { status, text } of await Promise.all(posts)) t.equal(status, 200, text);
  const shown = uis.map(heightsUntilEnd);
  const all = 1 + 3 * 3 * rounds;
  for (;;) {
    const { commits } = await historyOf(hubs[0]);
    if (commits === all) break;
  }
  await post(hubs[0], '/api/table/test/end', true);

  const { heights, commits } = await historyOf(hubs[0]);
  t.equal(commits, all + 1, 'each change is one commit');
  t.equal(heights.length, 1 + 3 * rounds);
  const tables = await Promise.all(
    hubs.map((hub) => until(hub, '/api/table/test', (text) => text.includes('"end"'))),
  );
  t.equal(new Set(tables).size, 1, 'every hub has the same');
  const table = JSON.parse(tables[0] ?? '');
  for (const id of layers) t.same(table[`m${id}`], [id]);
  t.same(table.LAYERS.map(({ id }: { id: string }) => id).sort(), layers.sort());
  for (const seen of await Promise.all(shown)) {
    t.equal(seen.at(-1), table.GEOGRIDDATA[0].height, 'members end with the stored cells');
    const order = seen.map((height) => heights.indexOf(height));
    t.same(
      order,
      [...order].sort((a, b) => a - b),
      'and saw them in the order of the commits',
    );
  }
  for (const hub of hubs) t.same(loggedErrors(hub), []);
});

test('a hub that is cut off serves what it has, and when it is back its members see what changed', async (t) => {
  const [here, there] = await withTable(t);
  for (const name of ['gone', 'kept']) await post(here, `/api/table/${name}`, makeTable(2));
  await until(there, '/api/table/list', (text) => text.includes('kept'));
  const [ui, module] = [await openInterface(t, there), await openModule(t, there, 'gone')];
  const painter = await openInterface(t, here);
  there.broker.cut();
  painter.send(paint(3));
  painter.send({ type: 'SAVE_SCENARIO', content: { name: 'meanwhile' } });
  await painter.next('SCENARIOS');
  await post(here, '/api/table/test/indicators', numeric);
  await request(here, 'DELETE', '/api/table/gone');
  await post(here, '/api/table/new', makeTable(2));
  t.equal((await get(there, '/api/table/test/GEOGRIDDATA/0/height')).json, 0);
  t.same((await get(there, '/api/table/list')).json, ['gone', 'kept', 'test']);
  t.equal((await post(there, '/api/table/kept/mine', 1)).status, 200);

  there.broker.restore();
  t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: makeCells(4, 3) });
  t.same((await ui.next()).content.moduleData, { numeric });
  t.match(await ui.next(), { type: 'SCENARIOS', content: [{ name: 'meanwhile' }] });
  t.match(await module.next(), { content: { code: 'table_deleted' } });
  await until(there, '/api/table/list', (text) => text === '["kept","new","test"]');
  await until(here, '/api/table/kept/mine', (text) => text === '1');
  t.same(ui.waiting, []);
});

test('a hub that is cut off changes the present state, not the one it has', async (t) => {
  const [here, there] = await withTable(t);
  const ui = await openInterface(t, there);
  there.broker.cut();
  await post(here, '/api/table/test/a', 1);
  await post(there, '/api/table/test/b', 2);
  t.same((await ui.next()).content.moduleData, { a: 1 });
  t.same((await ui.next()).content.moduleData, { b: 2 });
  t.match((await get(there, '/api/table/test')).json, { a: 1, b: 2 });
  await request(here, 'DELETE', '/api/table/test');
  t.equal((await post(there, '/api/table/test/c', 3)).status, 404);
  t.match(await ui.next(), { content: { code: 'table_deleted' } });
  await post(here, '/api/table/TEST', makeTable(4));
  t.equal((await post(there, '/api/table/test', { d: 4 })).json.name, 'TEST');
});

test('of names that differ in case only, hubs that make them at once make one', async (t) => {
  const hubs = await threeCities(t);
  const names = ['Kendall', 'kendall', 'KENDALL'];
  const answers = await Promise.all(
    hubs.map((hub, index) => post(hub, `/api/table/${names[index]}`, { [`by${index}`]: index })),
  );
  const [first, ...others] = answers.map(({ json }) => json.name);
  t.same(others, [first, first]);
  for (const hub of hubs) {
    await until(hub, '/api/table/list', (text) => text === JSON.stringify([first]));
    await until(hub, `/api/table/${first}`, (text) =>
      names.every((_, index) => text.includes(`"by${index}"`)),
    );
  }
});

test('the limit of tables is one of all hubs together', async (t) => {
  const hubs = await threeCities(t, { options: { tables: 4 } });
  const answers = await Promise.all(
    Array.from({ length: 9 }, (_, n) => post(hubs[n % 3] ?? hubs[0], `/api/table/t${n}`, { n })),
  );
  t.same(answers.map(({ status }) => status).sort(), [...Array(4).fill(200), ...Array(5).fill(403)]);
  for (const { status, json } of answers) if (status === 403) t.equal(json.error.code, 'too_many_tables');
  for (const hub of hubs) await until(hub, '/api/table/list', (text) => JSON.parse(text).length === 4);
});
