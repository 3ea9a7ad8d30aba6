import { test } from 'tap';
import type { Store } from '../../../core/store/port.ts';
import cityio from '../../../plugins/cityio/index.ts';
import { startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { until } from './cities.ts';
import { get, makeCells, makeTable, openInterface, post } from './city.ts';

test('a change that members could not be shown, they see with the next one', async (t) => {
  const network = new SharedNetwork();
  const shared = await sharedStore();
  let isAway = false;
  const open = (): Store => {
    const store = shared.open();
    const blobs: Store['blobs'] = (name) => {
      const group = store.blobs(name);
      const get = (hash: string) => (isAway ? Promise.reject(new Error('away')) : group.get(hash));
      return { ...group, get };
    };
    return { ...store, blobs };
  };
  const away = plugin('away', () => {}, { parts: () => ({ store: open() }) });
  const here = await startHub(t, { broker: network.join(), plugins: [cityio(), shared.plugin] });
  await post(here, '/api/table/test', makeTable(4));
  const there = await startHub(t, { broker: network.join(), plugins: [cityio(), away] });
  const ui = await openInterface(t, there);
  isAway = true;
  await post(here, '/api/table/test/GEOGRIDDATA', makeCells(4, 1));
  const { text: hash } = await get(here, '/api/table/test/meta/hashes/GEOGRIDDATA');
  await until(there, '/api/table/test/meta/hashes/GEOGRIDDATA', (text) => text === hash);
  isAway = false;
  await post(here, '/api/table/test/a', 1);
  t.same(await ui.next(), { type: 'GEOGRIDDATA_UPDATE', content: makeCells(4, 1) });
  t.same((await ui.next()).content.moduleData, { a: 1 });
});
