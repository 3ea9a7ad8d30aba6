/** Sessions on `/ws`. */
import { type Test, test } from 'tap';
import { type Client, connect, type TestHub } from '../../helpers/hub.ts';
import { become, received, startTopics, subscribe, TREE, tokenOf } from './wire.ts';

const TASKS = 'topic.pydio.tasks.event';
const task = (owner: string, id = 't1') => ({
  Job: { ID: 'j1' },
  TaskUpdated: { ID: id, TriggerOwner: owner },
});
const open = (t: Test, hub: TestHub, path = '/ws'): Promise<Client> =>
  connect(t, hub, path, { typeField: '@type' });

test('a session begins with subscribe, register or plain text, on both addresses', async (t) => {
  const hub = await startTopics(t);
  const jwt = await tokenOf(hub, 'ann');
  const ways = [{ '@type': 'subscribe', jwt }, { '@type': 'register', jwt }, `register:${jwt}`];
  for (const path of ['/ws', '/ws/event']) {
    for (const way of ways) {
      const client = await open(t, hub, path);
      hub.topics.publish(TASKS, task('ann', 'before'));
      await become(hub, client, way);
      hub.topics.publish(TASKS, task('ann', 'after'));
      t.strictSame(await received(client), [task('ann', 'after')]);
    }
  }
});

test('a session ends with unsubscribe, and the connection stays for the next one', async (t) => {
  const hub = await startTopics(t);
  const client = await subscribe(t, hub, 'ann');
  await become(hub, client, { '@type': 'unsubscribe' });
  hub.topics.publish(TASKS, task('ann'));
  t.strictSame(await received(client), []);
  await become(hub, client, { '@type': 'subscribe', jwt: await tokenOf(hub, 'ann') });
  hub.topics.publish(TASKS, task('ann'));
  t.equal((await received(client)).length, 1);
});

test('subscribing again replaces the session: nothing of the old one is left', async (t) => {
  const hub = await startTopics(t);
  const client = await subscribe(t, hub, 'ann', { profile: 'admin' });
  await become(hub, client, {
    '@type': 'subscribe',
    jwt: await tokenOf(hub, 'bob', { profile: 'standard' }),
  });
  for (const owner of ['ann', 'ANN', 'pydio.system.user', 'bob']) hub.topics.publish(TASKS, task(owner));
  t.strictSame(await received(client), [task('bob')]);
});

test('empty, invalid and expired tokens get an error and a close', async (t) => {
  const hub = await startTopics(t);
  const expired = await hub.identity.sign('ann', {}, -60);
  const cases: [unknown, RegExp][] = [
    [{ '@type': 'subscribe', jwt: '' }, /^empty jwt$/],
    [{ '@type': 'subscribe' }, /^empty jwt$/],
    ['register:', /^empty jwt$/],
    [{ '@type': 'register', jwt: 'nonsense' }, /not valid/],
    [{ '@type': 'subscribe', jwt: `${await tokenOf(hub, 'ann')}x` }, /not valid/],
    [{ '@type': 'subscribe', jwt: expired }, /expired/],
  ];
  for (const [message, reason] of cases) {
    const client = await open(t, hub);
    client.send(message);
    const answer = await client.next();
    t.strictSame(Object.keys(answer), ['@type', 'error']);
    t.equal(answer['@type'], 'error');
    t.match(answer.error, reason);
    t.equal((await client.closed).code, 4501);
  }
  const client = await subscribe(t, hub, 'ann');
  client.send({ '@type': 'subscribe', jwt: 'nonsense' });
  t.match(await client.next(), { '@type': 'error' });
  t.equal((await client.closed).code, 4501, 'also on a connection that has a session');
});

test('unknown types are ignored, what is no JSON is not, and messages have at most 2,048 bytes', async (t) => {
  const hub = await startTopics(t);
  const client = await open(t, hub);
  for (const message of [{ '@type': 'hello' }, { '@type': 7 }, {}]) client.send(message);
  t.strictSame(await received(client), []);
  client.send({ '@type': 'unknown', text: 'x'.repeat(2_048 - 31) });
  t.strictSame(await received(client), [], '2,048 bytes are let in');
  client.send('nonsense');
  t.match(await client.next(), { '@type': 'error', error: /JSON/ });
  t.equal((await client.closed).code, 4502);
});

test('a session whose token expires is told before, and gets nothing until it subscribes again', async (t) => {
  const hub = await startTopics(t);
  const client = await open(t, hub);
  client.send({ '@type': 'subscribe', jwt: await hub.identity.sign('ann', {}, 2) });
  t.match(await client.next(), { '@type': 'error', error: /expires in \d+ s/ });
  hub.topics.publish(TASKS, task('ann', 'in time'));
  t.match(await client.next(), { TaskUpdated: { ID: 'in time' } });
  t.match(await client.next(), { '@type': 'error', error: /has expired/ });
  for (const _ of ['begun', 'expired']) await hub.identified.next();
  hub.topics.publish(TASKS, task('ann', 'too late'));
  t.strictSame(await received(client), []);
  await become(hub, client, { '@type': 'subscribe', jwt: await tokenOf(hub, 'ann') });
  hub.topics.publish(TASKS, task('ann', 'again'));
  t.strictSame(await received(client), [task('ann', 'again')]);
});

test('which claims say what are options', async (t) => {
  const claims = { user: 'uid', name: 'login', profile: 'group', roles: 'r', workspaces: 'w' };
  const hub = await startTopics(t, { options: { claims } });
  const own = {
    uid: 'u1',
    login: 'ann',
    group: 'admin',
    r: ['r1'],
    w: [{ id: 'ws1', slug: 's', roots: ['data/a'] }],
  };
  const client = await subscribe(t, hub, 'x', own);
  const stranger = await subscribe(t, hub, 'u1', {
    name: 'ann',
    profile: 'admin',
    roles: ['r1'],
    workspaces: ['ws1'],
  });
  for (const owner of ['u1', 'ann', 'pydio.system.user']) hub.topics.publish(TASKS, task(owner));
  hub.topics.publish('topic.pydio.idm.event', { Role: { Uuid: 'r1' } });
  hub.topics.publish('topic.pydio.idm.event', { Workspace: { UUID: 'ws1' } });
  t.equal((await received(client)).length, 5);
  t.equal((await received(stranger)).length, 0);
});

test('claims that are something else than expected count as left out', async (t) => {
  const hub = await startTopics(t);
  const odd = {
    name: 7,
    profile: ['admin'],
    roles: 'r1',
    workspaces: [7, null, {}, { id: '' }, { id: 'ws', slug: 5, roots: ['', 8] }],
  };
  const client = await subscribe(t, hub, 'ann', odd);
  for (const owner of ['7', 'pydio.system.user']) hub.topics.publish(TASKS, task(owner));
  hub.topics.publish('topic.pydio.idm.event', { Role: { Uuid: 'r1' } });
  hub.topics.publish(TREE, { Type: 'DELETE', Source: { Path: 'other/a' } });
  t.strictSame(await received(client), []);
  hub.topics.publish(TREE, { Type: 'DELETE', Source: { Path: 'ws/a' } });
  t.match(
    await received(client),
    [{ Source: { Path: 'ws/a' } }],
    'a workspace without roots sees what is below its id',
  );
});

test('a session has at most as many index keys as configured; of more the first count, and the log says so', async (t) => {
  const hub = await startTopics(t, { options: { sessionKeys: 4 } });
  const client = await subscribe(t, hub, 'ann', { roles: ['r1', 'r2', 'r3'] });
  for (const Uuid of ['r1', 'r2', 'r3']) hub.topics.publish('topic.pydio.idm.event', { Role: { Uuid } });
  t.strictSame(await received(client), [{ '@type': 'idm', Role: { Uuid: 'r1' } }]);
  t.ok(hub.logged.some(({ msg }) => /index keys/.test(String(msg))));
});
