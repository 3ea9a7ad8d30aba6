/** Core modules of hubs that share a store: wherever one is connected, interfaces on all hubs see it and ask it. */
import { type Test, test } from 'tap';
import { type Client, connect } from '../../helpers/hub.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { type City, cluster } from './cities.ts';
import { makeTable, openInterface, post } from './city.ts';

async function register(t: Test, hub: City, name: string): Promise<Client> {
  const core = await connect(t, hub, '/module/core');
  core.send({ type: 'CORE_MODULE_REGISTRATION', content: { name, description: 'x'.repeat(5_000) } });
  return core;
}

/** Takes lists until one has modules of exactly these names. @returns their ids. */
async function untilListed(ui: Client, ...names: readonly string[]): Promise<string[]> {
  for (;;) {
    const { content }: { content: { id: string; name: string }[] } = await ui.next('CORE_MODULES_LIST');
    if (content.map(({ name }) => name).join() === names.join()) return content.map(({ id }) => id);
  }
}

async function listOf(t: Test, hub: City) {
  const ui = await connect(t, hub, '/interface');
  ui.send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
  return (await ui.next('CORE_MODULES_LIST')).content;
}

/** Two hubs with the table `test`, and an interface on each. */
async function twoCities(t: Test, options: Parameters<typeof cluster>[1] = {}) {
  const start = await cluster(t, options);
  const [here, there] = [await start(), await start()];
  await post(here, '/api/table/test', makeTable(4));
  const uis = [await openInterface(t, here), await openInterface(t, there)] as const;
  return { start, here, there, uis };
}

test('a module on one hub serves interfaces on all', async (t) => {
  const { start, here, there, uis } = await twoCities(t);
  const core = await register(t, here, 'Noise');
  const [[id], [other]] = [await untilListed(uis[0], 'Noise'), await untilListed(uis[1], 'Noise')];
  t.equal(other, id);
  await register(t, there, 'Light');
  for (const ui of uis) await untilListed(ui, 'Noise', 'Light');
  const late = await start();
  t.same(await listOf(t, late), await listOf(t, here), 'a hub that starts asks the others');

  uis[1].send({ type: 'MODULE_REQUEST', content: { id } });
  t.same(await core.next(), { type: 'SUBSCRIPTION_REQUEST', content: { table: 'test' } });
  core.send({ type: 'SUBSCRIBE', content: { gridId: 'test' } });
  t.equal((await core.next()).content.tableName, 'test');
  core.send({ type: 'MODULE', content: { gridId: 'test', moduleData: { numeric: [{ name: 'dB' }] } } });
  for (const ui of uis) t.same((await ui.next('MODULE')).content.moduleData.numeric, [{ name: 'dB' }]);
  uis[1].send({ type: 'MODULE_REMOVAL_REQUEST', content: { id } });
  t.same(await core.next(), { type: 'SUBSCRIPTION_REMOVAL_REQUEST', content: { table: 'test' } });

  core.send({ type: 'CORE_MODULE_REGISTRATION', content: { name: 'Sound' } });
  for (const ui of uis) await untilListed(ui, 'Sound', 'Light');
  core.send({ type: 'UNSUBSCRIBE', content: { gridId: '' } });
  core.socket.close();
  for (const ui of uis) await untilListed(ui, 'Light');
  uis[1].send({ type: 'MODULE_REQUEST', content: { id } });
  t.match(await uis[1].next(), { type: 'ERROR', content: { code: 'unknown_module', ref: 'MODULE_REQUEST' } });
  for (const hub of [here, there, late]) t.same(loggedErrors(hub), []);
});

test('modules of a hub that died are gone, and who waits for one is told; when it was only cut off they are back', async (t) => {
  const { here, there, uis } = await twoCities(t);
  const [, ui] = uis;
  const core = await register(t, here, 'Noise');
  await register(t, there, 'Light');
  const [id] = await untilListed(ui, 'Noise', 'Light');
  here.broker.cut();
  for (const type of ['MODULE_REQUEST', 'MODULE_REMOVAL_REQUEST']) ui.send({ type, content: { id } });
  ui.send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
  t.equal((await ui.next()).content.length, 2, 'what waits for another hub holds nothing up');
  await here.presence.close();
  const told = [await ui.next(), await ui.next(), await ui.next()];
  const errors = told.filter(({ type }) => type === 'ERROR');
  t.match(errors.map(({ content }) => content.ref).sort(), ['MODULE_REMOVAL_REQUEST', 'MODULE_REQUEST']);
  for (const { content } of errors) t.equal(content.code, 'unknown_module');
  t.match(
    told.filter(({ type }) => type === 'CORE_MODULES_LIST'),
    [{ content: [{ name: 'Light' }] }],
  );

  here.broker.restore();
  await untilListed(ui, 'Noise', 'Light');
  ui.send({ type: 'MODULE_REQUEST', content: { id } });
  t.same(await core.next(), { type: 'SUBSCRIPTION_REQUEST', content: { table: 'test' } });
});

test('what was asked of a module during an outage reaches it afterwards', async (t) => {
  const { here, there, uis } = await twoCities(t);
  const core = await register(t, here, 'Noise');
  const [id] = await untilListed(uis[1], 'Noise');
  there.broker.cut();
  uis[1].send({ type: 'MODULE_REQUEST', content: { id } });
  uis[1].send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
  await untilListed(uis[1], 'Noise');
  there.broker.restore();
  t.same(await core.next(), { type: 'SUBSCRIPTION_REQUEST', content: { table: 'test' } });
});

test('the limit of core modules is one of all hubs together', async (t) => {
  const { here, there, uis } = await twoCities(t, { options: { coreModules: 1 } });
  await register(t, here, 'first');
  await untilListed(uis[1], 'first');
  const second = await register(t, there, 'second');
  t.match(await second.next(), { type: 'ERROR', content: { code: 'too_many_modules' } });
});
