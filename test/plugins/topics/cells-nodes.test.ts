/** Who sees a node change, and as what. */
import { type Test, test } from 'tap';
import { type Claims, received, startTopics, subscribe, type TopicsHub, TREE } from './wire.ts';

const META = 'topic.pydio.meta.nodes.changes';
const one = (id: string, slug: string, ...roots: string[]) => ({ id, slug, roots });
const leaf = (Path: string, more: object = {}) => ({ Uuid: `u ${Path}`, Path, Type: 'LEAF', ...more });
/** As a workspace sees it. */
const seen = (workspace: string, Path: string, origin: string, more: object = {}) => ({
  ...leaf(origin, more),
  Path,
  MetaStore: { EventWorkspaceId: JSON.stringify(workspace) },
});

/** A hub and what a session with these workspaces gets of events. */
async function watching(t: Test, workspaces: unknown[], claims: Claims = {}) {
  const hub = await startTopics(t);
  const client = await subscribe(t, hub, 'ann', { workspaces, ...claims });
  return {
    hub,
    of: async (...events: object[]) => {
      for (const event of events) hub.topics.publish(TREE, event);
      await hub.pass(1_000);
      return received(client);
    },
  };
}

test('a workspace sees what is below its roots, by whole names, under its slug', async (t) => {
  const { of } = await watching(t, [one('ws1', 'common', 'data/a', '/more/b/')]);
  const path = async (Path: string) =>
    (await of({ Type: 'DELETE', Source: leaf(Path) })).map((e) => e.Source.Path);
  t.strictSame(await path('data/a/x/y.txt'), ['common/x/y.txt']);
  t.strictSame(await path('/data//a/x'), ['common/x']);
  t.strictSame(await path('more/b/z'), ['common/z']);
  t.strictSame(await path('data/a'), ['common'], 'the root itself is the slug');
  for (const other of ['data', 'data/ab/x', 'data/b', 'a/x', 'more', 'x/data/a/y'])
    t.strictSame(await path(other), [], other);
});

test('a workspace without roots sees what is below its id, and without a slug is called by its id', async (t) => {
  const { of } = await watching(t, ['ws1', { id: 'ws2' }, { id: 'ws3', slug: 'three', roots: [] }]);
  const events = ['ws1/a', 'ws2/a', 'ws3/a', 'three/a'].map((path) => ({
    Type: 'DELETE',
    Source: leaf(path),
  }));
  t.strictSame(
    (await of(...events)).map(({ Source }) => Source.Path),
    ['ws1/a', 'ws2/a', 'three/a'],
  );
});

test('a root "/" is the root of everything', async (t) => {
  const { of } = await watching(t, [one('all', 'all', '/')]);
  t.match(await of({ Type: 'DELETE', Source: leaf('any/where') }), [{ Source: { Path: 'all/any/where' } }]);
});

test('who sees a node through two workspaces gets it once for each, through two roots of one once', async (t) => {
  const { of } = await watching(t, [
    one('ws1', 's1', 'a', 'a/b'),
    one('ws2', 's2', 'a/b'),
    one('ws3', 's3', 'c'),
  ]);
  t.strictSame(await of({ Type: 'CREATE', Target: leaf('a/b/x') }), [
    { Type: 'CREATE', Target: seen('ws1', 's1/b/x', 'a/b/x') },
    { Type: 'CREATE', Target: seen('ws2', 's2/x', 'a/b/x') },
  ]);
});

test('a node goes without reserved metadata, with the workspace, and with nothing that is no field of a node', async (t) => {
  const { of } = await watching(t, [one('ws1', 's', 'a')]);
  const MetaStore = { name: '"x"', 'pydio:meta-data-source-name': '"secret"', 'usermeta-tag': '"t"' };
  const Target = {
    ...leaf('a/x', { Size: 5, MTime: '1700000000', Etag: 'e' }),
    MetaStore,
    AppearsIn: [{ WsUuid: 'ws9' }],
  };
  t.strictSame(await of({ Type: 'CREATE', Target, Silent: false, Optimistic: true }), [
    {
      Type: 'CREATE',
      Target: {
        ...leaf('s/x', { Size: 5, MTime: '1700000000', Etag: 'e' }),
        Uuid: 'u a/x',
        MetaStore: { name: '"x"', 'usermeta-tag': '"t"', EventWorkspaceId: '"ws1"' },
      },
    },
  ]);
});

test('a move is a move, a creation or a deletion, as the workspace sees its two ends', async (t) => {
  const { of } = await watching(t, [one('ws1', 's', 'in', 'also')]);
  const move = (from: string, to: string) =>
    of({ Type: 'UPDATE_PATH', Source: leaf(from), Target: leaf(to) });
  t.strictSame(await move('in/a', 'in/b'), [
    { Type: 'UPDATE_PATH', Source: seen('ws1', 's/a', 'in/a'), Target: seen('ws1', 's/b', 'in/b') },
  ]);
  t.strictSame(await move('in/a', 'also/b'), [
    { Type: 'UPDATE_PATH', Source: seen('ws1', 's/a', 'in/a'), Target: seen('ws1', 's/b', 'also/b') },
  ]);
  t.strictSame(await move('out/a', 'in/b'), [{ Type: 'CREATE', Target: seen('ws1', 's/b', 'in/b') }]);
  t.strictSame(await move('in/a', 'out/b'), [{ Type: 'DELETE', Source: seen('ws1', 's/a', 'in/a') }]);
  t.strictSame(await move('out/a', 'out/b'), []);
  t.match(await of({ Type: 'UPDATE_PATH', Target: leaf('in/b') }), [{ Type: 'CREATE' }], 'from nowhere');
  t.match(await of({ Type: 'UPDATE_PATH', Source: leaf('in/b') }), [{ Type: 'DELETE' }], 'to nowhere');
});

test('of other changes the node they are about decides, and the other one is left out where it cannot be seen', async (t) => {
  const { of } = await watching(t, [one('ws1', 's', 'in')]);
  const [In, Out] = [leaf('in/a'), leaf('out/a')];
  const Target = seen('ws1', 's/a', 'in/a');
  t.strictSame(await of({ Type: 'CREATE', Source: Out, Target: In }), [{ Type: 'CREATE', Target }]);
  t.strictSame(await of({ Type: 'CREATE', Source: In, Target: Out }), []);
  t.strictSame(await of({ Type: 'UPDATE_CONTENT', Source: In, Target: In }), [
    { Type: 'UPDATE_CONTENT', Source: Target, Target },
  ]);
  t.strictSame(await of({ Type: 'DELETE', Source: In }), [{ Type: 'DELETE', Source: Target }]);
  t.strictSame(await of({ Type: 'DELETE', Target: In }), [{ Type: 'DELETE', Target }]);
  t.strictSame(await of({ Type: 'DELETE', Source: Out, Target: In }), []);
  t.strictSame(await of({ Type: 'UPDATE_META', Source: In }), [{ Type: 'UPDATE_META', Source: Target }]);
  t.strictSame(await of({ Type: 'READ', Target: In }), [], 'reading is never told');
});

test('user metadata goes only to those whom the policies of the node let read', async (t) => {
  const { of } = await watching(t, ['ws'], { name: 'ann.login', profile: 'standard', roles: ['r1', 'r2'] });
  const allow = (Subject: string, more: object = {}) => ({
    Subject,
    Action: 'READ',
    Effect: 'allow',
    ...more,
  });
  const deny = (Subject: string) => ({ Subject, Action: 'READ', Effect: 'deny' });
  const sees = async (policies: unknown) => {
    const MetaStore = {
      'pydio:meta-policies': typeof policies === 'string' ? policies : JSON.stringify(policies),
    };
    const events = await of({ Type: 'UPDATE_USER_META', Target: leaf('ws/a', { MetaStore }) });
    for (const { Target } of events)
      t.strictSame(Target.MetaStore, { EventWorkspaceId: '"ws"' }, 'the policies stay here');
    return events.length === 1;
  };
  for (const subject of ['*', 'user:ann', 'user:ann.login', 'profile:standard', 'role:r2'])
    t.ok(await sees([deny('user:bob'), allow(subject)]), subject);
  t.ok(await sees([{ Subject: '*', Action: 2, Effect: 1 }]), 'numbers are understood');
  for (const policies of [
    [],
    [allow('user:bob'), allow('profile:admin'), allow('role:r3')],
    [allow('*'), deny('role:r1')],
    [deny('*'), allow('user:ann')],
    [{ Subject: '*', Action: 'READ' }],
    [{ Subject: '*', Action: 'WRITE', Effect: 'allow' }],
    [{ Subject: '*', Effect: 'allow' }],
    [allow('*', { JsonConditions: '{"ip":"10.0.0.1"}' })],
    [null, 7, { Subject: 7 }],
    { Subject: '*', Action: 'READ', Effect: 'allow' },
    'no JSON',
    '',
  ])
    t.notOk(await sees(policies), JSON.stringify(policies));
  t.strictSame(await of({ Type: 'UPDATE_USER_META', Target: leaf('ws/a') }), [], 'without policies: nobody');
  const MetaStore = { 'pydio:meta-policies': JSON.stringify([deny('*')]) };
  t.equal(
    (await of({ Type: 'UPDATE_META', Target: leaf('ws/a', { MetaStore }) })).length,
    1,
    'of other changes they say nothing',
  );
});

test('the topic of metadata changes is handled as that of tree changes', async (t) => {
  const { hub, of } = await watching(t, ['ws']);
  hub.topics.publish(META, { Type: 'UPDATE_META', Target: leaf('ws/a') });
  t.match(await of(), [{ Type: 'UPDATE_META', Target: { Path: 'ws/a' } }]);
});

/** What a publisher is told about an event. */
function refusal(hub: TopicsHub, event: unknown): string {
  try {
    hub.topics.publish(TREE, event);
    return 'published';
  } catch (error) {
    return String(error);
  }
}

test('what is no node change is refused, saying what was expected', async (t) => {
  const hub = await startTopics(t);
  const cases: [unknown, RegExp][] = [
    [null, /must be object/],
    [{}, /must have required property 'Source'/],
    [{ Target: leaf('a') }, /must have required property 'Type'/],
    [{ Type: 'RENAME', Target: leaf('a') }, /\/Type must be/],
    [{ Type: 'CREATE' }, /Source|Target/],
    [{ Type: 'CREATE', Target: { Uuid: 'u' } }, /\/Target must have required property 'Path'/],
    [{ Type: 'CREATE', Target: leaf('a/../b') }, /\/Target\/Path/],
    [{ Type: 'CREATE', Target: leaf('..') }, /\/Target\/Path/],
    [{ Type: 'CREATE', Target: leaf('./a') }, /\/Target\/Path/],
    [{ Type: 'CREATE', Target: { Path: 'a'.repeat(4_097) } }, /\/Target\/Path/],
    [
      { Type: 'CREATE', Target: leaf('a', { MetaStore: { name: 5 } }) },
      /\/Target\/MetaStore\/name must be string/,
    ],
    [{ Type: 'CREATE', Target: leaf('a', { Type: 'LINK' }) }, /\/Target\/Type/],
  ];
  for (const [event, reason] of cases)
    t.match(refusal(hub, event), reason, JSON.stringify(event)?.slice(0, 60));
  t.equal(
    refusal(hub, { Type: 'CREATE', Target: leaf('a/..b/...') }),
    'published',
    'dots within names are names',
  );
});
