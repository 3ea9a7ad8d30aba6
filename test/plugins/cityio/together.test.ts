import { test } from 'tap';
import { type Client, connect, type Received } from '../../helpers/hub.ts';
import { get, makeCells, makeTable, openInterface, openModule, post, startTable } from './city.ts';

/** A module as Brix has them: it polls the hash of the cells, and posts an indicator when that has changed. */
class PollingModule {
  readonly #hub: { readonly origin: string };
  #seen = '';

  constructor(hub: { readonly origin: string }) {
    this.#hub = hub;
  }

  async poll(): Promise<boolean> {
    const { type, json: hash } = await get(this.#hub, '/api/table/test/meta/hashes/GEOGRIDDATA/');
    if (type !== 'application/json' || hash === this.#seen) return false;
    this.#seen = hash;
    const { json: cells } = await get(this.#hub, '/api/table/test/GEOGRIDDATA');
    const value = cells.reduce((sum: number, { height }: { height: number }) => sum + height, 0);
    const indicators = [{ name: 'floors', value, viz_type: 'bar' }];
    const { status } = await post(this.#hub, '/api/table/test/indicators', indicators);
    return status === 200;
  }
}

test('an interface, a REST module and a WebSocket module work on one table', async (t) => {
  const hub = await startTable(t);
  const [ui, module] = [await openInterface(t, hub), await openModule(t, hub)];
  const polling = new PollingModule(hub);
  t.equal(await polling.poll(), true);
  await ui.next('MODULE');
  for (const height of [10, 20]) {
    ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, height) } });
    await ui.next('GEOGRIDDATA_UPDATE');

    const { content } = await module.next('GEOGRIDDATA_UPDATE');
    const highest = Math.max(...content.geogriddata.map((one: { height: number }) => one.height));
    const numeric = [{ name: 'highest', value: highest, viz_type: 'radar' }];
    module.send({ type: 'MODULE', content: { gridId: 'test', save: true, moduleData: { numeric } } });
    t.same((await ui.next('MODULE')).content.moduleData, { numeric });

    t.equal(await polling.poll(), true);
    const fromRest = [{ name: 'floors', value: height * 16, viz_type: 'bar' }];
    t.same((await ui.next('MODULE')).content.moduleData, { numeric: fromRest });
    t.equal(await polling.poll(), false, 'its own post is no change of the cells');
  }
  const { json } = await get(hub, '/api/table/test');
  t.match(json, { indicators: [{ value: 320 }], NUMERICINDICATORS: [{ name: 'highest', value: 20 }] });
});

const single = 'changes of another hub may come as one';

/** The last update that arrives; `count` in all. */
async function lastOf(client: Client, count: number): Promise<Received> {
  let last: Received;
  for (let received = 0; received < count; received++)
    last = (await client.next('GEOGRIDDATA_UPDATE')).content;
  return last;
}

test('100 interfaces painting at the same time end with the same state, which is the stored one', async (t) => {
  const hub = await startTable(t, 5, {}, { single });
  const module = await openModule(t, hub);
  const clients = await Promise.all(Array.from({ length: 100 }, () => openInterface(t, hub)));
  clients.forEach((client, index) => {
    for (const stroke of [1, 2]) {
      client.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(5, index * 10 + stroke) } });
    }
  });
  const states = await Promise.all(clients.map((client) => lastOf(client, 200)));
  const stored = (await get(hub, '/api/table/test/GEOGRIDDATA')).text;
  t.equal(new Set(states.map((state) => JSON.stringify(state))).size, 1);
  t.equal(JSON.stringify(states[0]), stored);
  t.equal(JSON.stringify((await lastOf(module, 200)).geogriddata), stored);
});

test('writers of different modules by REST and WebSocket at the same time lose nothing', async (t) => {
  const hub = await startTable(t);
  const module = await openModule(t, hub);
  const ui = await openInterface(t, hub);
  const posts = Array.from({ length: 20 }, (_, index) => post(hub, `/api/table/test/m${index}`, [index]));
  for (let index = 0; index < 20; index++) {
    const moduleData = { layers: [{ id: index, type: 'arc' }] };
    module.send({ type: 'MODULE', content: { gridId: 'test', save: true, moduleData } });
    ui.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, index) } });
  }
  await Promise.all(posts);
  await lastOf(ui, 20);
  module.send({ type: 'SUBSCRIBE', content: { gridId: 'test' } });
  await module.next('TABLE_SNAPSHOT');
  const { json } = await get(hub, '/api/table/test');
  for (let index = 0; index < 20; index++) t.same(json[`m${index}`], [index]);
  t.equal(json.LAYERS.length, 20);
  t.same(json.GEOGRIDDATA, makeCells(4, 19));
});

test('who begins to listen amid changes gets the snapshot first, and then every later change', async (t) => {
  const hub = await startTable(t, 4, {}, { single });
  const painter = await openInterface(t, hub);
  for (let height = 1; height <= 30; height++) {
    painter.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, height) } });
  }
  await painter.next('GEOGRIDDATA_UPDATE');
  const { next, send } = await connect(t, hub, '/interface');
  send({ type: 'LISTEN', content: { gridId: 'test' } });
  const first = await next();
  t.equal(first.type, 'TABLE_SNAPSHOT');
  let height = first.content.GEOGRIDDATA[0].height;
  while (height < 30) {
    const { type, content } = await next();
    t.same([type, content[0].height], ['GEOGRIDDATA_UPDATE', height + 1]);
    height++;
  }
});

test('a table of 100 × 100 cells is painted, listened to and computed on', async (t) => {
  const hub = await startTable(t, 100);
  const [painter, watcher, module] = [
    await openInterface(t, hub),
    await openInterface(t, hub),
    await openModule(t, hub),
  ];
  const cells = makeCells(100, 40);
  painter.send({ type: 'UPDATE_GRID', content: { geogriddata: cells } });
  t.same((await watcher.next()).content, cells);
  t.same((await painter.next()).content, cells);
  t.same((await module.next()).content, { tableName: 'test', geogriddata: cells });
  await post(hub, '/api/table/test', makeTable(100));
  t.same((await watcher.next()).content, makeTable(100).GEOGRIDDATA);
  const layers = [{ id: 'heat', type: 'heatmap', data: cells.map(({ id }) => [id, id]), properties: {} }];
  module.send({ type: 'MODULE', content: { gridId: 'test', save: true, moduleData: { layers } } });
  t.same((await watcher.next('MODULE')).content.moduleData, { layers });
  t.same((await get(hub, '/api/table/test/LAYERS')).json, layers);
});
