/** Whatever comes from outside: the hub refuses or ignores it, and goes on. */
import fc from 'fast-check';
import { test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { received, startTopics, subscribe, tokenOf } from './wire.ts';

const TOPICS = ['tree.nodes.changes', 'meta.nodes.changes', 'tasks.event', 'idm.event', 'activity.event'].map(
  (name) => `topic.pydio.${name}`,
);
/** Words that mean something somewhere, so that random events get past the first check. */
const word = fc.constantFrom(
  'Type',
  'Source',
  'Target',
  'Path',
  'MetaStore',
  'pydio:meta-policies',
  'Acl',
  'RoleID',
  'TaskUpdated',
  'TriggerOwner',
  'Activity',
  'Object',
  'Name',
  'name',
  'Actor',
  'Id',
  'OwnerId',
  'BoxName',
  'inbox',
  'CREATE',
  'UPDATE_PATH',
  'ws/a',
  'ann',
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.jsonValue({ maxDepth: 1 }),
    fc.dictionary(word, tie('value')),
    fc.array(tie('value')),
  ),
}));

test('events of any form are published or refused, and nothing fails behind', async (t) => {
  const hub = await startTopics(t, { allowInvalidOutgoing: false });
  const client = await subscribe(t, hub, 'ann', { name: 'ann', workspaces: ['ws'], roles: ['ann'] });
  let published = 0;
  fc.assert(
    fc.property(fc.constantFrom(...TOPICS), value, (topic, event) => {
      try {
        hub.topics.publish(topic, event);
        published++;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'invalid_event')) throw error;
      }
    }),
    { numRuns: 2_000, seed: 7 },
  );
  const nodes = fc.record({
    Type: fc.constantFrom('CREATE', 'UPDATE_USER_META', 'UPDATE_PATH', 'DELETE'),
    Source: fc.record({ Path: fc.string() }),
    Target: fc.record({
      Path: fc.string().map((text) => `ws/${text}`),
      MetaStore: fc.dictionary(word, fc.string()),
    }),
  });
  fc.assert(
    fc.property(nodes, (event) => {
      try {
        hub.topics.publish('topic.pydio.tree.nodes.changes', event);
        published++;
      } catch (error) {
        if (!/Path/.test(String(error))) throw error;
      }
    }),
    { numRuns: 500, seed: 7 },
  );
  await hub.pass(10_000);
  t.ok(published > 200, `${published} published`);
  t.ok((await received(client)).length > 20);
  t.strictSame(loggedErrors(hub), []);
});

test('messages of any form on both endpoints leave the hub as it was', async (t) => {
  const hub = await startTopics(t);
  const jwt = await tokenOf(hub, 'ann');
  const odd = fc.sample(
    fc.oneof(
      fc.json(),
      fc.string(),
      value.map((one) => JSON.stringify(one)),
    ),
    { numRuns: 100, seed: 3 },
  );
  const typed = ['subscribe', 'register', 'unsubscribe', 'identify'].flatMap((type) =>
    fc
      .sample(value, { numRuns: 20, seed: 5 })
      .map((one) => JSON.stringify({ '@type': type, type, jwt: one, token: one, topics: one, since: one })),
  );
  for (const path of ['/ws', '/topics']) {
    for (const text of [
      ...odd,
      ...typed,
      'register:',
      `register:${jwt} `,
      '{"__proto__":{"@type":"subscribe"}}',
      '['.repeat(1_000),
    ]) {
      const client = await connect(t, hub, path);
      client.send(text);
      client.socket.close();
    }
  }
  const client = await subscribe(t, hub, 'ann');
  hub.topics.publish('topic.pydio.idm.event', { User: { Login: 'ANN' } });
  t.equal((await received(client)).length, 1);
  t.strictSame(loggedErrors(hub), []);
});

test('nobody gets what is for others by choosing names that look like keys', async (t) => {
  const hub = await startTopics(t, {
    define: (topics) =>
      topics.define('for.bob', { schema: {}, summary: '', audience: () => ({ keys: ['user:bob'] }) }),
  });
  const odd = {
    name: 'user:bob',
    profile: 'x user:bob',
    roles: ['user:bob', ' user:bob'],
    workspaces: ['user:bob'],
  };
  const client = await connect(t, hub, `/topics?token=${await hub.identity.sign('ann', odd)}`);
  client.send({ type: 'subscribe', topics: ['for.*', '*'] });
  await client.next('subscribed');
  for (const topics of [['for.* user:bob'], ['* user:bob']]) {
    client.send({ type: 'subscribe', topics });
    t.match(await client.next(), { error: { code: 'invalid_topic' } });
  }
  hub.topics.publish('for.bob', 1);
  client.send({ type: 'unsubscribe', topics: ['x'] });
  t.match(await client.next(), { type: 'unsubscribed' });
});
