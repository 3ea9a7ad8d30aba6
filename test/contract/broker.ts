/** What every broker must do, by itself and beneath the hubs of a cluster. */
import { type Test, test } from 'tap';
import type { Broker } from '../../core/broker/port.ts';
import { type Connection, type Hub, Type } from '../../core/index.ts';
import { type Client, connect, type TestHub } from '../helpers/hub.ts';
import { catchUp, member, overflows, stall } from '../helpers/slow-reader.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';
import { brokerStreams } from './broker-streams.ts';
import { listener } from './listener.ts';

/** One cluster. */
export interface Cluster {
  /** A broker for one more hub. */
  join(): Broker;
  /** Resolves when what was asked for so far is in force, and what was sent so far has arrived. */
  settled(): Promise<void>;
}

/** Runs the suite. @param make makes a cluster that ends with the test. */
export function brokerContract(name: string, make: (t: Test) => Cluster | Promise<Cluster>): void {
  brokerStreams(name, make);

  test(`${name}: frames reach the hubs that subscribed, in order, and never the one that sent them`, async (t) => {
    const cluster = await make(t);
    const [a, b, c] = [
      await listener(t, cluster, 'a'),
      await listener(t, cluster, 'b'),
      await listener(t, cluster, 'c'),
    ];
    for (const { broker } of [a, b]) broker.subscribe('x');
    c.broker.subscribe('y');
    await cluster.settled();
    for (let i = 0; i < 100; i++) a.broker.publish('x', `{"i":${i}}\n漢\0😀`);
    b.broker.publish('y', 'other');
    b.broker.publish('nobody', 'lost');
    await cluster.settled();
    t.strictSame(
      b.topics,
      Array.from({ length: 100 }, (_, i) => ['x', `{"i":${i}}\n漢\0😀`]),
    );
    t.strictSame(c.topics, [['y', 'other']]);
    t.strictSame(a.topics, []);

    b.broker.unsubscribe('x');
    await cluster.settled();
    a.broker.publish('x', 'after');
    await cluster.settled();
    t.equal(b.topics.length, 100, 'nothing after it was unsubscribed');
    b.broker.subscribe('x');
    await cluster.settled();
    a.broker.publish('x', 'again');
    await cluster.settled();
    t.strictSame(b.topics.at(-1), ['x', 'again']);
  });

  test(`${name}: a frame for one hub reaches that hub, and one for a hub that is gone does no harm`, async (t) => {
    const cluster = await make(t);
    const [a, b] = [await listener(t, cluster, 'a'), await listener(t, cluster, 'b')];
    for (let i = 0; i < 10; i++) a.broker.send(b.node, `to b ${i}`);
    a.broker.send('00000000', 'to nobody');
    await cluster.settled();
    t.strictSame(
      b.inbox,
      Array.from({ length: 10 }, (_, i) => `to b ${i}`),
    );
    await b.broker.close();
    a.broker.send(b.node, 'too late');
    a.broker.publish('x', 'too late');
    await cluster.settled();
    t.equal(b.inbox.length, 10);
    t.strictSame(a.inbox, []);
  });

  test(`${name}: notifications reach channels, users and clients on every hub`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [here, there] = hubs;
    const local = await enter(t, here, 'ann', 'a');
    const remote = await enter(t, there, 'ann', 'a');
    const apart = await enter(t, there, 'bob', 'b');
    await cluster.settled();
    const { notify } = here.parts;
    notify.channels(['a'], here.parts.make(1));
    notify.users(['ann'], here.parts.make(2));
    notify.users(['bob', 'nobody'], here.parts.make(3));
    notify.clients([remote.connection.id, local.connection.id, 'f'.repeat(32)], here.parts.make(4));
    notify.channels(['nowhere'], here.parts.make(5));
    t.strictSame(await seen(cluster, here, local), [1, 2, 4]);
    // Topics and inboxes are in order each by itself.
    t.strictSame((await seen(cluster, there, remote)).sort(), [1, 2, 4]);
    t.strictSame(await seen(cluster, there, apart), [3]);
    for (const { hub } of hubs) t.strictSame(loggedErrors(hub), []);
  });

  test(`${name}: a notification to several channels or clients arrives once`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [here, there] = hubs;
    const members = [
      { at: here, who: await enter(t, here, 'ann', 'a', 'b'), expected: [1, 2, 3] },
      { at: there, who: await enter(t, there, 'bob', 'a', 'b', 'c'), expected: [1, 2, 3] },
      { at: there, who: await enter(t, there, 'cleo', 'c'), expected: [2, 3] },
      { at: there, who: await enter(t, there, 'dan', 'b'), expected: [1, 2, 3] },
    ];
    await cluster.settled();
    const { notify } = here.parts;
    notify.channels(['a', 'b', 'a'], here.parts.make(1));
    notify.channels(['c', 'b', 'a'], here.parts.make(2));
    const ids = members.map(({ who }) => who.connection.id);
    notify.clients([...ids, ...ids], here.parts.make(3));
    for (const { at, who, expected } of members)
      t.strictSame((await seen(cluster, at, who)).sort(), expected);
  });

  test(`${name}: one frame goes to each other hub, and none for clients of the own that are gone`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [here, there] = hubs;
    const gone = await enter(t, here, 'ann');
    const remote = [await enter(t, there, 'bob'), await enter(t, there, 'cleo')];
    gone.connection.close(4_100, 'done');
    const ids = [gone, ...remote].map(({ connection }) => connection.id);
    here.parts.notify.clients(ids, here.parts.make(1));
    t.strictSame(here.sends, [ids[1]?.slice(0, 8)]);
    for (const one of remote) t.strictSame(await seen(cluster, there, one), [1]);
  });

  test(`${name}: what one hub sends to a channel arrives in that order everywhere`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [here, there] = hubs;
    const members = [await enter(t, here, 'ann', 'a'), await enter(t, there, 'bob', 'a')] as const;
    await cluster.settled();
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    for (const n of numbers) here.parts.notify.channels(['a'], here.parts.make(n));
    t.strictSame(await seen(cluster, here, members[0]), numbers);
    t.strictSame(await seen(cluster, there, members[1]), numbers);
  });

  test(`${name}: an exception and a filter hold on the hub of the sender, others deliver to all members`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [here, there] = hubs;
    const local = await enter(t, here, 'ann', 'a');
    const remote = await enter(t, there, 'bob', 'a');
    await cluster.settled();
    here.parts.notify.channels(['a'], here.parts.make(1), { except: local.connection });
    here.parts.notify.channels(['a'], here.parts.make(2), { filter: () => false });
    t.strictSame(await seen(cluster, here, local), []);
    t.strictSame(await seen(cluster, there, remote), [1, 2]);
  });

  test(`${name}: a hub subscribes for its first member of a channel, and unsubscribes after the last`, async (t) => {
    const { cluster, hubs } = await twoHubs(t, make);
    const [hub] = hubs;
    const { channels } = hub.parts;
    const one = await enter(t, hub, 'ann', 'a');
    const two = await enter(t, hub, 'ann', 'a', 'b');
    t.strictSame(hub.subscriptions.splice(0), ['+u / ann', '+c / a', '+c / b']);
    channels.leave(one.connection, 'a');
    t.strictSame(hub.subscriptions.splice(0), []);
    channels.leave(two.connection, 'a');
    t.strictSame(hub.subscriptions.splice(0), ['-c / a']);
    two.connection.close(4_100, 'done');
    t.strictSame(hub.subscriptions.splice(0), ['-c / b']);
    one.connection.close(4_100, 'done');
    t.strictSame(hub.subscriptions.splice(0), ['-u / ann']);
    await cluster.settled();
  });

  test(`${name}: a slow reader on another hub gets the newest of each key`, async (t) => {
    const cluster = await make(t);
    const here = await startWith(t, overflows(), { broker: cluster.join() });
    const there = await startWith(t, overflows(), { broker: cluster.join() });
    const { client, connection } = await member(t, there.hub, there.parts, 'slow');
    const filled = await stall(client, connection, there.parts);
    await cluster.settled();
    for (let n = 0; n < 30; n++) {
      here.parts.hub.notify.channels(['all'], here.parts.make('STATE', n, 100, `key${n % 3}`));
    }
    await cluster.settled();
    const got = (await catchUp(client, connection, there.parts)).slice(filled);
    t.strictSame(
      got.map(({ n }) => n),
      [27, 28, 29],
    );
  });

  test(`${name}: messages of endpoints and types that another hub does not have are nothing to it`, async (t) => {
    const cluster = await make(t);
    const here = await startWith(t, numbers, { broker: cluster.join() });
    const elsewhere = await startWith(
      t,
      (hub) => {
        const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
        hub.hooks.opened.tap((connection) => void hub.channels.join(connection, 'a'));
        return endpoint.emits('OTHER', Type.Object({}), { overflow: 'close' });
      },
      { broker: cluster.join() },
    );
    const client = await connect(t, elsewhere.hub, '/');
    await cluster.settled();
    here.parts.notify.channels(['a'], here.parts.make(1));
    await cluster.settled();
    client.send({ type: 'UNKNOWN' });
    t.match(await client.next(), { error: { code: 'unknown_type' } }, 'the next thing it hears');
    t.strictSame(loggedErrors(elsewhere.hub), []);
  });
}

/** An endpoint that sends numbers; the token in the query is the user. */
function numbers(hub: Hub) {
  const endpoint = hub.endpoint('/', { envelope: { type: 'type' }, tokenInQuery: true });
  const number = endpoint.emits('NUMBER', Type.Object({ n: Type.Integer() }), { overflow: 'close' });
  const connections: Connection[] = [];
  hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
  hub.hooks.opened.tap((connection) => void connections.push(connection));
  return { notify: hub.notify, channels: hub.channels, make: (n: number) => number({ n }), connections };
}

interface ClusterHub {
  readonly hub: TestHub;
  readonly parts: ReturnType<typeof numbers>;
  /** What its broker was asked: + and - with the topic. */
  readonly subscriptions: string[];
  /** The hubs it was asked to send to. */
  readonly sends: string[];
}

async function twoHubs(t: Test, make: (t: Test) => Cluster | Promise<Cluster>) {
  const cluster = await make(t);
  const start = async (): Promise<ClusterHub> => {
    const subscriptions: string[] = [];
    const sends: string[] = [];
    const broker = cluster.join();
    const recording: Broker = {
      isDistributed: broker.isDistributed,
      waitMs: broker.waitMs,
      start: (node, receiver) => broker.start(node, receiver),
      publish: (topic, frame) => broker.publish(topic, frame),
      send: (node, frame) => {
        sends.push(node);
        broker.send(node, frame);
      },
      append: (topic, frame, options) => broker.append(topic, frame, options),
      history: (topic, since) => broker.history(topic, since),
      close: () => broker.close(),
      subscribe: (topic) => {
        subscriptions.push(`+${topic}`);
        return broker.subscribe(topic);
      },
      unsubscribe: (topic) => {
        subscriptions.push(`-${topic}`);
        broker.unsubscribe(topic);
      },
    };
    return { ...(await startWith(t, numbers, { broker: recording })), subscriptions, sends };
  };
  return { cluster, hubs: [await start(), await start()] as const };
}

interface Entered {
  readonly client: Client;
  readonly connection: Connection;
}

/** Connects as the user and joins the channels. */
async function enter(
  t: Test,
  { hub, parts }: ClusterHub,
  user: string,
  ...channels: string[]
): Promise<Entered> {
  const client = await connect(t, hub, `/?token=${user}`);
  const connection = parts.connections.at(-1);
  if (connection === undefined) throw new Error('not connected');
  for (const channel of channels) await parts.channels.join(connection, channel);
  return { client, connection };
}

/** The numbers a client got up to now. */
async function seen(
  cluster: Cluster,
  { parts }: ClusterHub,
  { client, connection }: Entered,
): Promise<number[]> {
  await cluster.settled();
  connection.send(parts.make(-1));
  const got: number[] = [];
  for (;;) {
    const { n } = await client.next();
    if (n === -1) return got;
    got.push(n);
  }
}
