/** A hub with topics, a clock of the test's own, and sessions of people. */
import type { Test } from 'tap';
import type { ConfiguredPlugin, Hub, Services } from '../../../core/index.ts';
import { topicsWith } from '../../../plugins/topics/index.ts';
import type { Options } from '../../../plugins/topics/options.ts';
import {
  type Client,
  connect,
  type Received,
  startHub,
  type TestHub,
  type TestOptions,
} from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';
import { type SharedBroker, SharedNetwork } from '../../helpers/shared-broker.ts';
import { FakeClock } from './fake-clock.ts';

export const TREE = 'topic.pydio.tree.nodes.changes';

type Topics = Services['topics'];

export interface TopicsHub extends TestHub {
  readonly topics: Topics;
  readonly clock: FakeClock;
  /** Lets so many ms pass, once what was published until now has come to every hub. */
  pass(ms: number): Promise<void>;
  /** Changes of identity that nobody waited for yet. */
  readonly identified: Queue<true>;
}

export interface Setup extends TestOptions {
  readonly options?: Partial<Options>;
  /** Defines topics, as a plugin named `producer`. */
  readonly define?: (topics: Topics, hub: Hub) => void;
  readonly more?: readonly ConfiguredPlugin[];
}

export async function startTopics(
  t: Test,
  { options = {}, define = () => {}, more = [], ...given }: Setup = {},
): Promise<TopicsHub> {
  const clock = new FakeClock();
  const services: Topics[] = [];
  const identified = new Queue<true>();
  const producer = plugin(
    'producer',
    (hub) => {
      const topics = hub.use('topics');
      services.push(topics);
      hub.hooks.identified.tap(() => identified.push(true));
      define(topics, hub);
    },
    { requires: ['topics'] },
  );
  const hub = await startHub(t, { ...given, plugins: [topicsWith(clock)(options), producer, ...more] });
  const pass = async (ms: number) => {
    await hub.settled();
    clock.advance(ms);
  };
  return Object.assign(hub, { topics: onAll(services), clock, pass, identified });
}

/** Publishes on the first hub, and follows what is published on any. */
function onAll(services: readonly Topics[]): Topics {
  const [first] = services;
  if (first === undefined) throw new Error('the plugin was not set up');
  return {
    ...first,
    subscribe: (names, handler) => {
      const ends = services.map((topics) => topics.subscribe(names, handler));
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

export interface ClusteredHub extends TopicsHub {
  readonly broker: SharedBroker;
}

/** What all hubs of a cluster have in common. */
const SAME_KEYS = { identity: { secret: 'of all hubs that the tests of topics start' } };

/**
 * Hubs of one cluster.
 * @param waitMs how long they wait for the others when they are cut off.
 * @returns them, and `join`, which starts one more.
 */
export async function startCluster(t: Test, setup: Setup = {}, waitMs?: number) {
  const network = new SharedNetwork();
  const join = async (): Promise<ClusteredHub> => {
    const broker = network.join(waitMs);
    return Object.assign(await startTopics(t, { ...setup, ...SAME_KEYS, broker }), { broker });
  };
  return { network, join, hubs: [await join(), await join(), await join()] as const };
}

/** A client of `/topics` that follows all it may, from a place on. */
export async function follow(t: Test, hub: { readonly port: number }, since?: Place, token?: string) {
  const client = await connect(t, hub, `/topics${token === undefined ? '' : `?token=${token}`}`);
  client.send({ type: 'subscribe', topics: ['*'], ...(since && { since }) });
  const { epoch, offset, recovered }: Received = await client.next('subscribed');
  return { client, place: { epoch, offset }, recovered };
}

export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

/** Everything that came to a client of `/topics` until now. */
export async function followed(client: Client): Promise<Received[]> {
  await client.settled();
  client.send({ type: 'unsubscribe', topics: ['none.of.this'] });
  const messages: Received[] = [];
  for (;;) {
    const message = await client.next();
    if (message.type === 'unsubscribed') return messages;
    messages.push(message);
  }
}

export type Claims = Readonly<Record<string, unknown>>;

/**
 * A connection to `/ws` that subscribed.
 * @param user the token's `sub`; its login is the same in capitals, unless claims say so.
 */
export async function subscribe(t: Test, hub: TopicsHub, user: string, claims: Claims = {}): Promise<Client> {
  const client = await connect(t, hub, '/ws', { typeField: '@type' });
  await become(hub, client, { '@type': 'subscribe', jwt: await tokenOf(hub, user, claims) });
  return client;
}

/** Sends a message that changes the session, and waits until it has. */
export async function become(hub: TopicsHub, client: Client, message: unknown): Promise<void> {
  await hub.settled();
  client.send(message);
  await hub.identified.next();
}

export function tokenOf(hub: TestHub, user: string, claims: Claims = {}): Promise<string> {
  return hub.identity.sign(user, { name: user.toUpperCase(), ...claims });
}

/** Everything that came on `/ws` until now. What the hub answers to a message that is too long comes after all it sent before. */
export async function received(client: Client): Promise<Received[]> {
  await client.settled();
  client.send({ '@type': 'unknown', text: 'x'.repeat(2_048) });
  const messages: Received[] = [];
  for (;;) {
    const message = await client.next();
    if (/at most 2048 are accepted/.test(message.error)) return messages;
    messages.push(message);
  }
}
