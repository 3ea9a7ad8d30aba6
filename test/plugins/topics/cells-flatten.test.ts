/** Changes of one node within a second become one. */
import { type Test, test } from 'tap';
import { received, startTopics, subscribe, TREE } from './wire.ts';

const META = 'topic.pydio.meta.nodes.changes';
type Change = {
  readonly Type: string;
  readonly Uuid?: string;
  readonly meta?: object;
  readonly Etag?: string;
};

const event = ({ Type, Uuid = 'u1', meta = {}, Etag }: Change) => {
  const node = { Uuid, Path: `ws/${Uuid}`, ...(Etag !== undefined && { Etag }), MetaStore: { ...meta } };
  return Type === 'DELETE' ? { Type, Source: node } : { Type, Target: node };
};
/** What a test looks at of an event: `CREATE u1`. */
const brief = ({
  Type,
  Source,
  Target,
}: {
  Type: string;
  Source?: { Uuid: string };
  Target?: { Uuid: string };
}) => `${Type} ${(Target ?? Source)?.Uuid}`;

async function start(t: Test, options = {}, single?: string) {
  const hub = await startTopics(t, { options, ...(single && { single }) });
  const client = await subscribe(t, hub, 'ann', { workspaces: ['ws'] });
  const publish = (...changes: Change[]) => {
    for (const change of changes) hub.topics.publish(TREE, event(change));
  };
  return { hub, publish, got: async () => (await received(client)).map(brief), all: () => received(client) };
}

test('one event goes a second after the first change, not before', async (t) => {
  const { hub, publish, got } = await start(t);
  publish({ Type: 'UPDATE_META' });
  await hub.pass(999);
  publish({ Type: 'UPDATE_META' });
  t.strictSame(await got(), []);
  await hub.pass(1);
  t.strictSame(await got(), ['UPDATE_META u1']);
  await hub.pass(5_000);
  t.strictSame(await got(), [], 'and only once');
  publish({ Type: 'UPDATE_CONTENT' });
  await hub.pass(1_000);
  t.strictSame(await got(), ['UPDATE_CONTENT u1'], 'the next second is another one');
  t.equal(hub.clock.waiting, 0);
});

test('a creation wins, then a change of content, else the last type stands', async (t) => {
  const { hub, publish, got } = await start(t);
  const flattened = async (...types: string[]) => {
    publish(...types.map((Type) => ({ Type })));
    await hub.pass(1_000);
    return got();
  };
  t.strictSame(await flattened('UPDATE_META', 'UPDATE_CONTENT', 'CREATE', 'UPDATE_META'), ['CREATE u1']);
  t.strictSame(await flattened('UPDATE_META', 'UPDATE_CONTENT', 'UPDATE_META'), ['UPDATE_CONTENT u1']);
  t.strictSame(await flattened('UPDATE_META', 'UPDATE_META'), ['UPDATE_META u1']);
});

test('changes of different nodes stay apart, each with its own second', async (t) => {
  const { hub, publish, got } = await start(t);
  publish({ Type: 'CREATE', Uuid: 'a' });
  await hub.pass(600);
  publish({ Type: 'UPDATE_META', Uuid: 'b' }, { Type: 'UPDATE_META', Uuid: 'a' });
  await hub.pass(400);
  t.strictSame(await got(), ['CREATE a']);
  await hub.pass(600);
  t.strictSame(await got(), ['UPDATE_META b']);
});

test('metadata of all is merged, later ones first, and the other fields are the latest', async (t) => {
  const { hub, all } = await start(t);
  const node = { Uuid: 'u', Path: 'ws/u' };
  hub.topics.publish(TREE, {
    Type: 'CREATE',
    Target: { ...node, Size: 1, Type: 'LEAF', MetaStore: { a: '1', b: '1' } },
  });
  hub.topics.publish(META, { Type: 'UPDATE_META', Target: { ...node, MetaStore: { b: '2', c: '2' } } });
  hub.topics.publish(TREE, { Type: 'UPDATE_CONTENT', Target: { ...node, Size: 3 } });
  await hub.pass(1_000);
  t.strictSame(await all(), [
    {
      Type: 'CREATE',
      Target: {
        ...node,
        Type: 'LEAF',
        Size: 3,
        MetaStore: { a: '1', b: '2', c: '2', EventWorkspaceId: '"ws"' },
      },
    },
  ]);
});

test('a temporary Etag does not replace a real one, whichever comes first', async (t) => {
  const { hub, publish, all } = await start(t);
  const etag = async (...etags: (string | undefined)[]) => {
    publish(...etags.map((Etag) => ({ Type: 'UPDATE_CONTENT', ...(Etag !== undefined && { Etag }) })));
    await hub.pass(1_000);
    return (await all()).map(({ Target }) => Target.Etag);
  };
  t.strictSame(await etag('e1', 'temporary'), ['e1']);
  t.strictSame(await etag('temporary', 'e1'), ['e1']);
  t.strictSame(await etag('e1', 'temporary', 'e2', 'temporary'), ['e2']);
  t.strictSame(await etag('temporary', 'temporary'), ['temporary']);
  t.strictSame(await etag('e1', undefined), ['e1']);
});

test('other changes go at once; what was collected of a node goes before its deletion or move', async (t) => {
  const { hub, publish, got } = await start(t);
  publish({ Type: 'DELETE', Uuid: 'a' });
  t.strictSame(await got(), ['DELETE a']);
  publish({ Type: 'CREATE' }, { Type: 'CREATE', Uuid: 'b' }, { Type: 'DELETE' });
  t.strictSame(await got(), ['CREATE u1', 'DELETE u1']);
  publish({ Type: 'UPDATE_META' });
  hub.topics.publish(TREE, {
    Type: 'UPDATE_PATH',
    Source: { Uuid: 'u1', Path: 'ws/u1' },
    Target: { Uuid: 'u1', Path: 'ws/x' },
  });
  t.strictSame(await got(), ['UPDATE_META u1', 'UPDATE_PATH u1']);
  const policies = JSON.stringify([{ Subject: '*', Action: 'READ', Effect: 'allow' }]);
  publish(
    { Type: 'UPDATE_META' },
    { Type: 'UPDATE_USER_META', meta: { 'pydio:meta-policies': policies } },
    { Type: 'READ' },
  );
  t.strictSame(await got(), ['UPDATE_USER_META u1'], 'others leave it waiting');
  await hub.pass(1_000);
  t.strictSame(await got(), ['CREATE b', 'UPDATE_META u1']);
});

test('who has a session when the event goes gets it, whoever had one before', async (t) => {
  const { hub, publish } = await start(t);
  publish({ Type: 'CREATE' });
  const late = await subscribe(t, hub, 'bob', { workspaces: ['ws'] });
  await hub.pass(1_000);
  t.equal((await received(late)).length, 1);
});

test('of too many collected ones the oldest goes early', async (t) => {
  const { hub, publish, got } = await start(t, { collected: 2 });
  publish(...['a', 'b', 'c'].map((Uuid) => ({ Type: 'CREATE', Uuid })));
  t.strictSame(await got(), ['CREATE a']);
  await hub.pass(1_000);
  t.strictSame(await got(), ['CREATE b', 'CREATE c']);
});

test('a hub that stops sends what it collected', async (t) => {
  const { hub, publish } = await start(t, {}, 'with others, its clients are sent to them first');
  const client = await subscribe(t, hub, 'bob', { workspaces: ['ws'] });
  publish({ Type: 'CREATE' });
  const stopped = hub.stop();
  t.match(await client.next(), { Type: 'CREATE' });
  await stopped;
});
