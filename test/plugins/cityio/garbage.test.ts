import { test } from 'tap';
import { namespaced } from '../../../core/namespaced-store.ts';
import { openLowdbStore } from '../../../core/store/lowdb.ts';
import { Collector } from '../../../plugins/cityio/garbage.ts';
import { OwnProtection } from '../../../plugins/cityio/protection.ts';
import { commitObject, Repository } from '../../../plugins/cityio/repository.ts';
import { Tags } from '../../../plugins/cityio/tags.ts';
import type { TestHub } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, post, request, runCommand, startTable } from './city.ts';

/** Collects until what was written before is no longer recent. @returns how many objects were deleted. */
async function collect(hub: TestHub): Promise<number> {
  let deleted = 0;
  for (let round = 0; round < 3; round++) {
    const [line = ''] = await runCommand(hub, 'collect');
    deleted += Number.parseInt(line, 10);
  }
  return deleted;
}

test('commits older than the history are collected, with the trees and blobs that only they had', async (t) => {
  const hub = await startTable(t, 4, { history: 3 });
  const ids = [(await get(hub, '/api/table/test/meta/id')).json];
  for (const height of [1, 2, 3, 4]) {
    ids.push((await post(hub, '/api/table/test/GEOGRIDDATA', makeCells(4, height))).json.id);
  }
  const { text } = await get(hub, '/api/table/test');
  t.equal(await collect(hub), 2 * 3, 'two commits, each with its tree and cells');
  const status = async (id: string) => (await get(hub, `/api/commit/${id}`)).status;
  t.same(await Promise.all(ids.map(status)), [204, 204, 200, 200, 200]);
  t.equal((await get(hub, '/api/table/test')).text, text);
  t.equal(
    (await post(hub, `/api/table/raw/test/${ids[2]}`, undefined)).status,
    200,
    'the kept ones are whole',
  );
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, makeCells(4, 2));
  t.equal((await post(hub, `/api/table/raw/test/${ids[0]}`, undefined)).status, 404);
});

test('what a scenario refers to stays, however old', async (t) => {
  const hub = await startTable(t, 4, { history: 1 });
  const ui = await openInterface(t, hub);
  ui.send({ type: 'SAVE_SCENARIO', content: { name: 'old' } });
  await ui.next('SCENARIOS');
  await post(hub, '/api/table/test', { GEOGRIDDATA: makeCells(4, 1), a: 1 });
  await post(hub, '/api/table/test/a', 2);
  t.ok((await collect(hub)) > 0);
  ui.send({ type: 'RESTORE_SCENARIO', content: { name: 'old' } });
  while ((await ui.next('GEOGRIDDATA_UPDATE')).content[0].name === 'Park');
  const { meta, ...modules } = (await get(hub, '/api/table/test')).json;
  t.same(modules, makeTable(4));
});

test('of a deleted table, nothing stays that no other table has', async (t) => {
  const hub = await startTable(t);
  await post(hub, '/api/table/twin', makeTable(4));
  await post(hub, '/api/table/twin/GEOGRIDDATA', makeCells(4, 1));
  await request(hub, 'DELETE', '/api/table/twin');
  t.equal(
    await collect(hub),
    1 + 2 + 1,
    'the cells, both commits, and one tree: the other is that of the twin',
  );
  t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, makeTable(4).GEOGRIDDATA);
  await request(hub, 'DELETE', '/api/table/test');
  await collect(hub);
  const { json } = await get(hub, '/api/dump', {
    headers: { authorization: `Bearer ${await hub.identity.sign('me', { role: 'operator' })}` },
  });
  t.same(json, { blob: [], tree: [], commit: [], tag: [] });
});

test('a module that was just posted is there until the next collection but one', async (t) => {
  const hub = await startTable(t);
  const { json } = await post(hub, '/api/module', { posted: 'just now' });
  const status = async () => (await get(hub, `/api/module/${json.id}`)).status;
  for (let round = 0; round < 2; round++) {
    await runCommand(hub, 'collect');
    t.equal(await status(), 200);
  }
  await runCommand(hub, 'collect');
  t.equal(await status(), 204);
});

test('changes amid collections lose nothing', async (t) => {
  const hub = await startTable(t, 4, { history: 1 });
  const states = [1, 2, 3].map((height) => makeCells(4, height));
  const collecting = (async () => {
    for (let round = 0; round < 30; round++) await runCommand(hub, 'collect');
  })();
  // The same few states come and go: what one collection may delete, the next change refers to again.
  for (let round = 0; round < 60; round++) {
    const cells = states[round % states.length];
    t.equal((await post(hub, '/api/table/test/GEOGRIDDATA', cells)).status, 200);
    t.same((await get(hub, '/api/table/test/GEOGRIDDATA')).json, cells);
  }
  await collecting;
  await collect(hub);
  t.same((await get(hub, '/api/table/test')).json.GEOGRIDDATA, states[59 % 3]);
});

test('collections happen by themselves as often as configured, or never', async (t) => {
  const often = await startTable(t, 2, { collectEvery: 30 });
  t.same(often.plugins[0]?.timers, ['collect every 30000 ms, on one hub of the cluster']);
  const never = await startTable(t, 2, { collectEvery: 0 });
  t.same(never.plugins[0]?.timers, []);
});

test('a collection stops for a dump, and when the hub stops', async (t) => {
  const store = namespaced(await openLowdbStore({ memory: true }), 'x');
  const protection = new OwnProtection();
  const repository = new Repository(store, protection, 0);
  await repository.save([commitObject({ tree_id: '0', parent: '0', timestamp: '' })]);
  const collector = new Collector({ repository, tags: new Tags(store), protection, history: 1 });
  for (let round = 0; round < 2; round++) t.equal(await collector.collect(new AbortController().signal), 0);
  const release = await protection.hold();
  t.equal(await collector.collect(new AbortController().signal), 0);
  await release();
  t.equal(await collector.collect(AbortSignal.abort()), 0);
  t.equal(await collector.collect(new AbortController().signal), 1);
});
