import { test } from 'tap';
import type { PluginStore } from '../../core/index.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { sharedStore } from '../helpers/shared-store.ts';

test('plugins know whether other hubs write to their store, and what those wrote', async (t) => {
  const stores: PluginStore[] = [];
  const own = plugin('own', (hub) => void stores.push(hub.store));
  const shared = await sharedStore();
  for (let i = 0; i < 2; i++) await startHub(t, { plugins: [own, shared.plugin] });
  await startHub(t, { plugins: [own] });
  t.strictSame(
    stores.map(({ isShared }) => isShared),
    [true, true, false],
  );
  await stores[0]?.collection('a').put('x', 1);
  t.strictSame(await Promise.all(stores.map((store) => store.collection('a').get('x'))), [1, 1, undefined]);
});
