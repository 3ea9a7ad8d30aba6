/** The service `topics`: define, publish, subscribe. */
import { test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import topics from '../../../plugins/topics/index.ts';
import { connect, startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { startTopics } from './wire.ts';

const anything = { schema: Type.Unknown(), summary: 'anything' };
const everybody = () => ({ keys: ['everybody'] });

test('subscribers of a topic, its families and all topics are told, until they end', async (t) => {
  const { topics } = await startTopics(t, { define: (topics) => topics.define('a.*', anything) });
  const told: unknown[] = [];
  const ends = ['a.b.c', 'a.b.*', 'a.*', '*', 'b.*', 'a.b', 'a.bb.*'].map((name) =>
    topics.subscribe(name, (event, topic) => told.push([name, topic, event])),
  );
  topics.publish('a.b.c', 1);
  t.strictSame(
    told.splice(0),
    ['a.b.c', 'a.b.*', 'a.*', '*'].map((name) => [name, 'a.b.c', 1]),
  );
  for (const end of ends) end();
  for (const end of ends) end();
  topics.publish('a.b.c', 2);
  t.strictSame(told, []);
});

test('a subscriber of several names is told once of each event', async (t) => {
  const { topics } = await startTopics(t, { define: (topics) => topics.define('a.*', anything) });
  const told: unknown[] = [];
  const end = topics.subscribe(['a.b', 'a.*', 'a.b.*', 'a.*'], (_event, topic) => told.push(topic));
  for (const name of ['a.b', 'a.b.c', 'a.d']) topics.publish(name, null);
  t.strictSame(told, ['a.b', 'a.b.c', 'a.d']);
  end();
  topics.publish('a.b', null);
  t.equal(told.length, 3);
});

test('a subscriber that throws keeps nobody from being told, and is logged with its plugin', async (t) => {
  const hub = await startTopics(t, { define: (topics) => topics.define('a', anything) });
  let told = 0;
  hub.topics.subscribe('a', () => {
    throw new Error('no');
  });
  hub.topics.subscribe('a', () => told++);
  hub.topics.publish('a', null);
  t.equal(told, 1);
  t.match(
    hub.logged.filter(({ topic }) => topic === 'a'),
    [{ topic: 'a', subscriber: 'producer', err: { message: 'no' } }],
  );
});

test('there are only so many subscribers, and their names must be names', async (t) => {
  const { topics } = await startTopics(t, { options: { subscribers: 2 } });
  const listen = () => topics.subscribe('a', () => {});
  const end = listen();
  listen();
  t.throws(listen, { code: 'too_many_subscribers' });
  end();
  listen();
  for (const name of ['', 'a*', '*.a', 'a b', 'a.'])
    t.throws(() => topics.subscribe(name, () => {}), { code: 'invalid_topic' }, name);
});

test('an event must be of a defined topic and match its schema; defaults are filled in', async (t) => {
  const schema = Type.Object({ zone: Type.Integer(), unit: Type.String({ default: '%' }) });
  const { topics } = await startTopics(t, {
    options: { eventBytes: 100 },
    define: (topics) => {
      topics.define('farm.soil', { schema, summary: 'soil' });
      topics.define('any', anything);
    },
  });
  const told: unknown[] = [];
  topics.subscribe('*', (event) => told.push(event));
  topics.publish('farm.soil', { zone: 1 });
  t.strictSame(told, [{ zone: 1, unit: '%' }]);
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const refused: [string, unknown, string, RegExp][] = [
    ['farm.soil', { zone: 'x' }, 'invalid_event', /"farm.soil": \/zone must be integer, found "x"/],
    ['farm.soil', null, 'invalid_event', /must be object/],
    ['farm.air', {}, 'unknown_topic', /farm\.air/],
    ['farm.*', {}, 'unknown_topic', /./],
    ['', {}, 'unknown_topic', /./],
    ['any', 'x'.repeat(99), 'invalid_event', /101 characters, at most 100/],
    ['any', cycle, 'invalid_event', /no JSON/],
    ['any', () => {}, 'invalid_event', /no JSON/],
    ['any', 1n, 'invalid_event', /no JSON/],
  ];
  for (const [name, event, code, message] of refused)
    t.throws(() => topics.publish(name, event), { code, message });
  t.equal(told.length, 1);
});

test('names are defined once, by one plugin, during set-up', async (t) => {
  const fails = async (message: RegExp, ...names: [string, string][]) => {
    const definers = names.map(([by, name]) =>
      plugin(by, (hub: Hub) => hub.use('topics').define(name, anything), { requires: ['topics'] }),
    );
    await t.rejects(startHub(t, { plugins: [topics(), ...definers] }), { message }, names.join(' '));
  };
  await fails(/plugin "y": the topic "a.b" is already defined by plugin "x"/, ['x', 'a.b'], ['y', 'a.b']);
  await fails(
    /plugin "y": the topic "a.b" is already defined by plugin "x" as "a.\*"/,
    ['x', 'a.*'],
    ['y', 'a.b'],
  );
  await fails(/already defined by plugin "x" as "a.b.c"/, ['x', 'a.b.c'], ['y', 'a.*']);
  await fails(/already defined by plugin "topics"/, ['x', 'topic.pydio.idm.event']);
  for (const name of ['*', '', 'a b', 'a.*.b', '.a', 'a.'])
    await fails(/must have a name such as/, ['x', name]);

  const hub = await startTopics(t, {
    define: (topics) => {
      topics.define('own.*', { ...anything, audience: everybody });
      topics.define('own.hidden', anything);
      t.throws(() => topics.define('own.*', anything), /already defined/, 'not even by the same plugin');
    },
  });
  t.throws(() => hub.topics.define('late', anything), /only be defined during set-up/);
  const client = await connect(t, hub, '/topics');
  client.send({ type: 'subscribe', topics: ['*'] });
  await client.next('subscribed');
  hub.topics.publish('own.hidden', 1);
  hub.topics.publish('own.shown', 2);
  t.match(
    await client.next(),
    { topic: 'own.shown' },
    'the definition of a name goes before that of its family',
  );
});

test('clients see an event before what a subscriber publishes because of it', async (t) => {
  const hub = await startTopics(t, {
    define: (topics) => topics.define('chain.*', { ...anything, audience: everybody }),
  });
  hub.topics.subscribe('chain.cause', () => hub.topics.publish('chain.effect', 2));
  const client = await connect(t, hub, '/topics');
  client.send({ type: 'subscribe', topics: ['*'] });
  await client.next('subscribed');
  hub.topics.publish('chain.cause', 1);
  t.match(await client.next(), { topic: 'chain.cause', offset: 1 });
  t.match(await client.next(), { topic: 'chain.effect', offset: 2 });
});

test('an audience may filter and transform for each recipient; what throws is logged and harms nobody', async (t) => {
  const hub = await startTopics(t, {
    define: (topics) => {
      topics.define('shape.own', {
        schema: Type.Array(Type.String()),
        summary: 'each gets what is about it',
        audience: (names) => ({
          keys: ['everybody', 'role:r'],
          filter: ({ user }) => user !== 'bob',
          transform: ({ user }) => names.filter((name) => name === user).map((name) => [name]),
        }),
      });
      topics.define('shape.broken', {
        ...anything,
        audience: () => {
          throw new Error('broken');
        },
      });
    },
  });
  const open = async (user: string) => {
    const client = await connect(t, hub, `/topics?token=${await hub.identity.sign(user, { roles: ['r'] })}`);
    client.send({ type: 'subscribe', topics: ['*', 'shape.own'] });
    await client.next('subscribed');
    return client;
  };
  const [ann, bob, cleo] = [await open('ann'), await open('bob'), await open('cleo')];
  hub.topics.publish('shape.broken', 1);
  hub.topics.publish('shape.own', ['ann', 'bob', 'ann']);
  hub.topics.publish('shape.own', ['cleo', 'bob']);
  t.strictSame([(await ann.next()).event, (await ann.next()).event], [['ann'], ['ann']]);
  t.strictSame((await cleo.next()).event, ['cleo']);
  hub.topics.publish('shape.own', ['ann', 'cleo']);
  await ann.next();
  t.strictSame(bob.waiting, []);
  t.match(
    hub.logged.filter(({ topic }) => topic === 'shape.broken'),
    [{ err: { message: 'broken' } }],
  );
});
