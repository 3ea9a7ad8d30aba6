/** Events that are collected and sent as one, over several hubs: once, by whichever hub is there. */
import { type Test, test } from 'tap';
import { type Client, connect } from '../../helpers/hub.ts';
import { type ClusteredHub, follow, followed, received, startCluster, subscribe, TREE } from './wire.ts';

/** More than another hub waits before it sends what the first does not. */
const LATER = 5_000;

const node = { Uuid: 'u', Path: 'ws/u' };
const event = (Type: string, meta: Record<string, string> = {}) =>
  Type === 'DELETE' ? { Type, Source: node } : { Type, Target: { ...node, MetaStore: meta } };

interface Watched {
  readonly hub: ClusteredHub;
  readonly client: Client;
}

async function start(t: Test, options = {}) {
  const { network, join, hubs } = await startCluster(t, { options });
  const watch = async (hub: ClusteredHub): Promise<Watched> => ({
    hub,
    client: await subscribe(t, hub, 'ann', { workspaces: ['ws'] }),
  });
  const watched = [await watch(hubs[0]), await watch(hubs[1]), await watch(hubs[2])] as const;
  const publish = async ({ hub }: Watched, Type: string, meta?: Record<string, string>) => {
    hub.topics.publish(TREE, event(Type, meta));
    await network.settled();
  };
  const advance = async (ms: number, ...all: readonly Watched[]) => {
    for (const { hub } of all) {
      hub.clock.advance(ms);
      await network.settled();
    }
  };
  return { network, join: async () => watch(await join()), watched, publish, advance };
}

/** What came: types, with the names of the metadata. */
async function got({ client }: Watched): Promise<string[]> {
  return (await received(client)).map(({ Type, Target }) => {
    const names = Object.keys(Target?.MetaStore ?? {}).filter((name) => name !== 'EventWorkspaceId');
    return [Type, ...names].join(' ');
  });
}

test('changes made on several hubs are one, sent when the time of the first is over', async (t) => {
  const { watched, publish, advance } = await start(t);
  const [a, b, c] = watched;
  await publish(a, 'UPDATE_META', { x: '1' });
  await publish(b, 'CREATE', { y: '1' });
  await advance(1_000, b, c);
  for (const one of watched) t.strictSame(await got(one), []);
  await advance(1_000, a);
  for (const one of watched) t.strictSame(await got(one), ['CREATE x y']);
  await advance(LATER, ...watched);
  for (const one of watched) t.strictSame(await got(one), [], 'nothing twice');
  for (const { hub } of watched) t.equal(hub.clock.waiting, 0);
});

test('when the hub that collects is gone, another sends it, once', async (t) => {
  const { watched, publish, advance } = await start(t);
  const [a, b, c] = watched;
  await publish(a, 'CREATE');
  await publish(b, 'UPDATE_META', { y: '1' });
  a.hub.broker.cut();
  await advance(1_000, ...watched);
  t.strictSame(await got(a), ['CREATE y'], 'who is cut off serves its own');
  for (const one of [b, c]) t.strictSame(await got(one), []);
  await advance(LATER, b, c);
  for (const one of [b, c]) t.strictSame(await got(one), ['CREATE y']);
  a.hub.broker.restore();
  await advance(LATER, ...watched);
  await advance(LATER, ...watched);
  for (const one of watched) t.strictSame(await got(one), []);
});

test('what a hub collects while it is cut off reaches the others afterwards', async (t) => {
  const { watched, publish, advance } = await start(t);
  const [a, b, c] = watched;
  a.hub.broker.cut();
  await publish(a, 'CREATE');
  await publish(a, 'UPDATE_META', { x: '1' });
  a.hub.broker.restore();
  for (let i = 0; i < 3; i++) await advance(0, a);
  await publish(b, 'UPDATE_META', { y: '1' });
  await advance(1_000, a, b, c);
  for (const one of watched) t.strictSame(await got(one), ['CREATE x y']);
});

test('a hub that stops sends what it began, one that starts knows what is collected', async (t) => {
  const { join, watched, publish } = await start(t);
  const [a, b] = watched;
  await publish(a, 'CREATE');
  const late = await join();
  await publish(b, 'UPDATE_META', { y: '1' });
  await a.hub.stop();
  for (const one of [b, late]) t.strictSame(await got(one), ['CREATE y']);
  await publish(b, 'UPDATE_META', { z: '1' });
  await b.hub.stop();
  t.strictSame(await got(late), ['UPDATE_META z']);
});

test('a deletion on any hub sends what was collected before it; who saw only that comes back for both', async (t) => {
  const { watched, publish } = await start(t);
  const [a, b, c] = watched;
  const token = await a.hub.identity.sign('ann', { workspaces: ['ws'] });
  const { client, place } = await follow(t, c.hub, undefined, token);
  await publish(a, 'CREATE');
  await publish(b, 'DELETE');
  for (const one of watched) t.strictSame(await got(one), ['CREATE', 'DELETE']);
  const [first, second] = await followed(client);
  t.match([first, second], [{ event: { Type: 'CREATE' } }, { event: { Type: 'DELETE' } }]);
  const since = (offset: number) => follow(t, a.hub, { ...place, offset }, token);
  t.strictSame(await followed((await since(first.offset)).client), [first, second]);
  t.strictSame(await followed((await since(second.offset)).client), []);
});

test('of too many collected ones the same goes early everywhere', async (t) => {
  const { network, watched } = await start(t, { collected: 2 });
  const [a, b, c] = watched;
  const client = await connect(t, c.hub, '/ws', { typeField: '@type' });
  client.send({ '@type': 'subscribe', jwt: await c.hub.identity.sign('bob', { workspaces: ['ws'] }) });
  await c.hub.identified.next();
  for (const [index, { hub }] of [a, b, a].entries()) {
    hub.topics.publish(TREE, { Type: 'CREATE', Target: { Uuid: `${index}`, Path: `ws/${index}` } });
    await network.settled();
  }
  for (const one of [a.client, b.client, c.client, client])
    t.match(await received(one), [{ Type: 'CREATE', Target: { Uuid: '0' } }]);
});
