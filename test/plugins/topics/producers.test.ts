/** Topics of other plugins, and walkers that follow and publish. */
import { type Test, test } from 'tap';
import { type ConfiguredPlugin, type Hub, type Services, Type } from '../../../core/index.ts';
import cityio from '../../../plugins/cityio/index.ts';
import { type Client, connect, startHub, type TestHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { makeCells, makeTable } from '../cityio/city.ts';
import { newUser, PASSWORD, post } from '../users/helpers.ts';
import { person, request, startWalkers, visit } from '../walkers/wire.ts';

async function follow(t: Test, hub: TestHub, token?: string): Promise<Client> {
  const client = await connect(t, hub, `/topics${token === undefined ? '' : `?token=${token}`}`);
  client.send({ type: 'subscribe', topics: ['*'] });
  await client.next('subscribed');
  return client;
}

const WALKERS = {
  'follow.ts': `import { Root, socket, topics, Type, walker } from 'hub:walker';
export const follows = walker({ specs: { private: true, on: ['cityio.*', 'cityio.grid_updated', 'users.logged_in'] } })
  .entry(Root, (w, here) => socket.notify_users([here.id], w.event));
export const says = walker({ has: { topic: Type.String(), text: Type.String() } })
  .entry(Root, (w) => topics.publish(w.topic, { text: w.text }));
export const mutters = walker({ specs: { auth: false }, has: { topic: Type.String() } })
  .entry(Root, (w) => topics.publish(w.topic, { text: 'nobody in particular' }));
`,
};

function start(t: Test, more: readonly ConfiguredPlugin[] = []): Promise<TestHub> {
  return startWalkers(t, WALKERS, {}, { plugins: [cityio(), ...more] });
}

test('walkers and clients follow what cityio and users tell', async (t) => {
  const hub = await start(t);
  const guest = await visit(t, hub);
  const client = await follow(t, hub);
  const put = (path: string, body: unknown) =>
    fetch(`${hub.origin}/api/table/t${path}`, { method: 'POST', body: JSON.stringify(body) });
  const remove = (path: string) => fetch(`${hub.origin}/api/table/t${path}`, { method: 'DELETE' });
  const told = async (topic: string, event: object) => {
    t.match(await client.next(), { topic, event });
    t.match(await guest.next(), { topic, data: event }, 'a walker ran, once');
  };
  await put('', makeTable(3, 't'));
  await told('cityio.grid_updated', { table: 't' });
  await put('/indicators', [{ name: 'i', value: 1 }]);
  await told('cityio.module_updated', { table: 't', module: 'indicators', deleted: false });
  await put('/GEOGRIDDATA', makeCells(3, 5));
  await put('/GEOGRIDDATA', makeCells(3, 5));
  await told('cityio.grid_updated', { table: 't' });
  await remove('/indicators');
  await told('cityio.module_updated', { table: 't', module: 'indicators', deleted: true });
  await remove('');
  await told('cityio.table_deleted', { table: 't' });
  const painter = await connect(t, hub, '/interface');
  await put('', makeTable(3, 't'));
  await told('cityio.grid_updated', { table: 't' });
  painter.send({ type: 'LISTEN', content: { gridId: 't' } });
  painter.send({ type: 'UPDATE_GRID', content: { geogriddata: makeCells(3, 7) } });
  await told('cityio.grid_updated', { table: 't' });

  const { id, token, email } = await newUser(hub);
  t.match(await guest.next(), { topic: 'users.logged_in', data: { user: id } });
  const own = await follow(t, hub, token);
  await post(hub, 'login', { email, password: PASSWORD });
  t.match(await own.next(), { topic: 'users.logged_in', event: { user: id } });
  const other = { authorization: `Bearer ${token}` };
  await post(hub, 'change_password', { old_password: PASSWORD, new_password: `${PASSWORD} 2` }, other);
  t.strictSame(client.waiting, [], 'nobody else is told of users');
});

test('cityio and users do without topics', async (t) => {
  const hub = await startHub(t, { plugins: [cityio()] });
  const answer = await fetch(`${hub.origin}/api/table/t`, {
    method: 'POST',
    body: JSON.stringify(makeTable(2, 't')),
  });
  t.equal(answer.status, 200);
});

test('a topic that nobody defined reaches, from a walker, subscribers in the hub and its own user', async (t) => {
  const told: unknown[] = [];
  const listener = plugin(
    'listener',
    (hub: Hub) => {
      hub.use('topics').subscribe('my.*', (event, topic) => told.push([topic, event]));
    },
    { requires: ['topics'] },
  );
  const hub = await start(t, [listener]);
  const [ann, bob] = [await person(hub), await person(hub)];
  const [annHears, bobHears, guestHears] = [
    await follow(t, hub, ann.token),
    await follow(t, hub, bob.token),
    await follow(t, hub),
  ];
  const say = async (token: string, topic: string, text: string) => {
    await request(hub, '/walker/says', { token, body: { topic, text } });
    await hub.settled();
  };
  await say(ann.token, 'my.news', 'from ann');
  await say(bob.token, 'my.news', 'from bob');
  await request(hub, '/walker/mutters', { body: { topic: 'my.news' } });
  t.match(await annHears.next(), { topic: 'my.news', event: { text: 'from ann' } });
  t.match(await bobHears.next(), { topic: 'my.news', event: { text: 'from bob' } });
  await say(ann.token, 'my.news', 'last');
  await annHears.next();
  t.strictSame(
    [annHears, bobHears, guestHears].flatMap(({ waiting }) => waiting),
    [],
  );
  t.strictSame(
    told,
    ['from ann', 'from bob', 'nobody in particular', 'last'].map((text) => ['my.news', { text }]),
  );
});

test('a topic that a plugin defined takes events from walkers only if it says so', async (t) => {
  const told: unknown[] = [];
  const definer = plugin(
    'definer',
    (hub: Hub) => {
      const topics: Services['topics'] = hub.use('topics');
      const schema = Type.Object({ text: Type.String({ maxLength: 10 }) });
      const audience = () => ({ keys: ['everybody'] });
      topics.define('open.*', { schema, summary: 'open', audience, walkers: true });
      topics.define('closed.one', { schema, summary: 'closed', audience });
      topics.subscribe('*', (_event, topic) => told.push(topic));
    },
    { requires: ['topics'] },
  );
  const hub = await start(t, [definer]);
  const { token } = await person(hub);
  const guest = await follow(t, hub);
  const say = (topic: string, text = 'hello') =>
    request(hub, '/walker/says', { token, body: { topic, text } });
  await hub.settled();
  told.splice(0);
  for (const topic of [
    'closed.one',
    'closed.other',
    'cityio.grid_updated',
    'topic.pydio.idm.event',
    'users.x',
    'a b',
    '*',
    '',
  ])
    await say(topic);
  await say('open.shop', 'far too long to be let in');
  await say('open.shop', 'welcome');
  t.match(await guest.next(), { topic: 'open.shop', event: { text: 'welcome' } });
  t.strictSame(told, ['open.shop']);
  const refused = hub.logged.filter(({ msg }) => msg === 'an event of a walker was refused');
  t.equal(refused.length, 9);
  const refusalOf = (name: string) => refused.find(({ topic }) => topic === name);
  t.match(refusalOf('closed.one'), { walker: 'says', err: { message: /plugin "definer" defined/ } });
  t.match(refusalOf('closed.other'), { err: { message: /names that begin so are a plugin's/ } });
});
