import { test } from 'tap';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { type BroughtParts, definePlugin, type Store, Type } from '../../core/index.ts';
import { createLog } from '../../core/log.ts';
import { openLowdbStore } from '../../core/store/lowdb.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { SharedNetwork } from '../helpers/shared-broker.ts';

/** A store in memory that says when it is closed. */
async function memory(closed: string[], name: string): Promise<Store> {
  const store = await openLowdbStore({ memory: true });
  return {
    ...store,
    close: () => {
      closed.push(name);
      return store.close();
    },
  };
}

test('a store that a plugin brings is open before any set-up, and closed after the last plugin', async (t) => {
  const happened: string[] = [];
  const store = await memory(happened, 'store');
  const brings = definePlugin({
    name: 'brings',
    api: '^1.0.0',
    options: Type.Object({ as: Type.String({ default: 'mine' }) }),
    parts: ({ as }) => ({ store, as }),
    setup: (_hub, _options, parts) => void happened.push(`set up with ${parts?.as}`),
  });
  const first = plugin('first', async (hub) => {
    await hub.store.collection<number>('numbers').put('one', 1);
    hub.onClose(() => void happened.push('first'));
  });
  const hub = await startHub(t, { plugins: [first, brings()] });
  t.equal(await store.collection('first/numbers').get('one'), 1);
  await hub.stop();
  t.strictSame(happened, ['set up with mine', 'first', 'store']);
});

test('a broker that a plugin brings carries notifications between hubs', async (t) => {
  const network = new SharedNetwork();
  const brings = plugin('brings', () => {}, { parts: () => ({ broker: network.join() }) });
  const says = plugin('says', (hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    const said = endpoint.emits('SAID', Type.Object({}), { overflow: 'close' });
    hub.hooks.opened.tap((connection) => void hub.channels.join(connection, 'all'));
    endpoint.on('SAY', Type.Object({}), () => hub.notify.channels(['all'], said({})));
  });
  const here = await startHub(t, { plugins: [says, brings] });
  const there = await startHub(t, { plugins: [brings, says] });
  const [speaker, listener] = [await connect(t, here, '/'), await connect(t, there, '/')];
  speaker.send({ type: 'SAY' });
  t.match(await listener.next(), { type: 'SAID' });
});

test('two plugins that bring the same part are named, and what was opened is closed', async (t) => {
  const closed: string[] = [];
  const brings = (name: string) =>
    plugin(name, () => {}, { parts: async () => ({ store: await memory(closed, name) }) });
  await t.rejects(startHub(t, { plugins: [brings('one'), brings('two')] }), {
    name: 'StartError',
    message: 'plugin "two": the part "store" is already brought by plugin "one", and a hub has one',
  });
  t.strictSame(closed, ['one', 'two']);
  const network = new SharedNetwork();
  const broker = (name: string) => plugin(name, () => {}, { parts: () => ({ broker: network.join() }) });
  await t.rejects(
    startHub(t, { plugins: [broker('one'), broker('two')] }),
    /"two": the part "broker" .* by plugin "one"/,
  );
});

test('parts that cannot be opened, or not in time, keep the hub from starting; what others opened is closed', async (t) => {
  const closed: string[] = [];
  const fine = plugin('fine', () => {}, { parts: async () => ({ store: await memory(closed, 'fine') }) });
  const opens = (name: string, parts: () => Promise<BroughtParts>) => plugin(name, () => {}, { parts });
  const bad = opens('bad', () => Promise.reject(new Error('no such host')));
  await t.rejects(startHub(t, { plugins: [fine, bad] }), {
    name: 'StartError',
    message: 'plugin "bad" failed in set-up: no such host',
  });
  const late = opens('late', () => new Promise(() => {}));
  await t.rejects(
    startHub(t, { plugins: [fine, late], limits: { setupMs: 20 } }),
    /"late": set-up took longer/,
  );
  t.strictSame(closed, ['fine', 'fine']);
});

test('a hub of which only the own parts are asked for opens none of those of plugins', async (t) => {
  let given: BroughtParts | undefined | 'not set up' = 'not set up';
  const brings = definePlugin({
    name: 'brings',
    api: '^1.0.0',
    parts: () => Promise.reject(new Error('opened')),
    setup: (_hub, _options, parts) => {
      given = parts;
    },
  });
  const config = completeConfig({ store: 'memory', plugins: [brings()] }, import.meta.filename);
  const hub = await prepareHub(config, { log: createLog('silent'), ownPartsOnly: true });
  await hub.stop();
  t.equal(given, undefined);
});
