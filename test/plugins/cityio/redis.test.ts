import { test } from 'tap';
import cityio from '../../../plugins/cityio/index.ts';
import redis from '../../../plugins/redis/index.ts';
import { startHub } from '../../helpers/hub.ts';
import { ownPrefix, REDIS_URL, wayTo, withRedis } from '../redis/service.ts';
import { until } from './cities.ts';
import { get, makeCells, makeTable, openInterface, openModule, post } from './city.ts';

await withRedis(() => {
  test('on Redis, edits from two hubs lose nothing, and a hub that was cut off from it catches up', async (t) => {
    const prefix = ownPrefix(t);
    const way = await wayTo(t, REDIS_URL);
    const here = await startHub(t, { plugins: [redis({ prefix }), cityio()] });
    await post(here, '/api/table/test', makeTable(4));
    const there = await startHub(t, { plugins: [redis({ prefix, url: way.url, waitMs: 0 }), cityio()] });
    const hubs = [here, there] as const;
    const uis = [await openInterface(t, here), await openInterface(t, there)] as const;
    const module = await openModule(t, there);
    const posts: ReturnType<typeof post>[] = [];
    for (let n = 0; n < 10; n++) {
      for (const [index, hub] of hubs.entries()) {
        posts.push(post(hub, `/api/table/test/m${index}-${n}`, [n]));
        const geogriddata = makeCells(4, 1 + index * 10 + n);
        uis[index]?.send({ type: 'UPDATE_GRID', content: { geogriddata } });
      }
      const moduleData = { layers: [{ id: n, type: 'arc' }] };
      module.send({ type: 'MODULE', content: { gridId: 'test', save: true, moduleData } });
    }
    for (const { status, text } of await Promise.all(posts)) t.equal(status, 200, text);
    const isWhole = (text: string) => {
      const { LAYERS = [], GEOGRIDDATA, ...modules } = JSON.parse(text);
      return LAYERS.length === 10 && Object.keys(modules).length === 22;
    };
    await until(there, '/api/table/test', isWhole);
    for (const ui of uis) {
      ui.send({ type: 'LIST_SCENARIOS', content: {} });
      await ui.next('SCENARIOS');
    }
    const { text } = await get(there, '/api/table/test');
    await until(here, '/api/table/test', (one) => one === text);

    way.cut();
    t.equal((await post(there, '/api/table/test/a', 1)).status, 503);
    t.equal((await get(there, '/api/table/test')).text, text, 'it serves what it has');
    uis[0].send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(4, 99) } });
    await way.restore();
    while ((await uis[1].next('GEOGRIDDATA_UPDATE')).content[0].height !== 99);
    await until(there, '/api/table/test/GEOGRIDDATA/0/height', (height) => height === '99');
  });
});
