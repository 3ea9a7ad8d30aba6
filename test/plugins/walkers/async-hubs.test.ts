import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import walkers from '../../../plugins/walkers/index.ts';
import { SharedLeases } from '../../helpers/shared-leases.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { mortal } from './mortal.ts';
import { orchard } from './orchard.ts';
import { request, startWalkers, type WalkersPlugin } from './wire.ts';

const files = {
  'slow.ts': `import { grant, Root, walker } from 'hub:walker';
export const slow = walker({ specs: { auth: false, async: true, grants: ['orchard'] } }).entry(Root, (w) => {
  grant('orchard').open({ valve: 'a' });
  w.report('done');
});`,
};

/** The plugin with a hub whose repeated tasks run a hundred times as often. */
const quick: WalkersPlugin = (options) => {
  const { definition, ...rest } = walkers(options);
  const setup: typeof definition.setup = (hub, ...more) =>
    definition.setup({ ...hub, every: (name, ms, ...task) => hub.every(name, ms / 100, ...task) }, ...more);
  return { ...rest, definition: { ...definition, setup } };
};

test('async runs are looked up on every hub, and those of a hub that is gone have failed', async (t) => {
  const store = (await sharedStore()).open();
  const leases = new SharedLeases(300);
  const start = async () => {
    const life = mortal(store, leases);
    const garden = orchard();
    const open = garden.close();
    const limits = { wallMs: 120_000 };
    const plugins = [garden.plugin, ...(life.parts.plugins ?? [])];
    return {
      life,
      open,
      hub: await startWalkers(t, files, { limits }, { ...life.parts, plugins, plugin: quick }),
    };
  };
  const [gone, here] = [await start(), await start()];
  const begin = async ({ hub }: typeof here) => (await request(hub, '/walker/slow')).body.walker_id;
  const [lost, kept] = [await begin(gone), await begin(here)];
  const third = await start();
  const state = async (id: string) => (await request(third.hub, `/walker/${id}`, { method: 'GET' })).body;
  const until = async (id: string, status: string) => {
    for (;;) {
      const found = await state(id);
      if (found.status === status) return found;
      await wait(10);
    }
  };
  t.match(await state(lost), { status: 'running' }, 'a hub that starts leaves the runs of others alone');
  gone.life.isDead = true;
  t.match(await until(lost, 'failed'), { error: 'the hub was stopped' });
  here.open();
  t.match(await until(kept, 'done'), { reports: ['done'] }, 'the hub of this one is still there');
  gone.life.isDead = false;
  gone.open();
  t.match(await until(lost, 'done'), { reports: ['done'] }, 'it was only cut off');
});
