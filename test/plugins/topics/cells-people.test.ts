/** Tasks, identity changes and activities: whom they go to. */
import { type Test, test } from 'tap';
import type { Client } from '../../helpers/hub.ts';
import { received, startTopics, subscribe, type TopicsHub } from './wire.ts';

const TASKS = 'topic.pydio.tasks.event';
const IDM = 'topic.pydio.idm.event';
const ACTIVITY = 'topic.pydio.activity.event';

/** Ann (a login), Bob, who is an administrator, and Cleo, each with an id of their own, and what an event brings each. */
async function people(t: Test) {
  const hub = await startTopics(t);
  const clients: Record<string, Client> = {
    ann: await subscribe(t, hub, 'id-a', {
      name: 'ann',
      profile: 'standard',
      roles: ['r1'],
      workspaces: ['w1'],
    }),
    bob: await subscribe(t, hub, 'id-b', {
      name: 'bob',
      profile: 'admin',
      roles: ['r1', 'r2'],
      workspaces: ['w2'],
    }),
    cleo: await subscribe(t, hub, 'id-c', {
      name: 'cleo',
      profile: 'shared',
      roles: [],
      workspaces: ['w1', 'w2'],
    }),
  };
  return { hub, reached: (topic: string, event: object) => reached(hub, clients, topic, event) };
}

async function reached(hub: TopicsHub, clients: Record<string, Client>, topic: string, event: object) {
  hub.topics.publish(topic, event);
  const names: string[] = [];
  const messages: object[] = [];
  for (const [name, client] of Object.entries(clients)) {
    const got = await received(client);
    for (const message of got) {
      names.push(name);
      messages.push(message);
    }
  }
  return { names, messages };
}

test('tasks go to their owner, those of the system to administrators', async (t) => {
  const { reached } = await people(t);
  const task = (TriggerOwner?: string) => ({
    Job: { ID: 'j' },
    TaskUpdated: { ID: 't', ...(TriggerOwner !== undefined && { TriggerOwner }) },
  });
  const names = async (owner?: string) => (await reached(TASKS, task(owner))).names;
  t.strictSame(await names('ann'), ['ann']);
  t.strictSame(await names('id-a'), ['ann'], 'ids are understood, too');
  t.strictSame(await names('pydio.system.user'), ['bob']);
  t.strictSame(await names('dan'), []);
  t.strictSame(await names(), []);
  t.strictSame(await names(''), []);
  t.strictSame((await reached(TASKS, task('ann'))).messages, [task('ann')], 'as they are');
});

test('identity changes go by the first rule that applies', async (t) => {
  const { reached } = await people(t);
  const Acl = (RoleID: string, Name?: string) => ({
    Acl: { RoleID, ...(Name !== undefined && { Action: { Name } }) },
  });
  const [User, Role, Workspace] = [{ Login: 'ann', Uuid: 'id-c' }, { Uuid: 'r2' }, { UUID: 'w2' }];
  const cases: [object, string[]][] = [
    [{ ...Acl('r1', 'read'), Role, User, Workspace }, ['ann', 'bob']],
    [Acl('r1'), ['ann', 'bob']],
    [{ ...Acl('r1', 'parameter:core.x'), Role, User, Workspace }, ['bob']],
    [{ ...Acl('r1', 'action:x'), User, Workspace }, ['ann']],
    [Acl('r1', 'parameter:x'), []],
    [Acl('r1', 'my-parameter:x'), ['ann', 'bob']],
    [{ ...Acl('', 'read'), Role }, ['bob']],
    [{ Role, User, Workspace }, ['bob']],
    [{ User, Workspace }, ['ann']],
    [{ User: { Uuid: 'id-c' }, Workspace }, ['cleo']],
    [{ User: { Login: '', Uuid: 'id-c' } }, ['cleo']],
    [{ User: { Login: 'id-a' } }, []],
    [{ User: { Uuid: 'ann' } }, []],
    [{ User: {}, Workspace }, ['bob', 'cleo']],
    [{ Workspace: { UUID: 'w1' } }, ['ann', 'cleo']],
    [{ Workspace: { UUID: 'w3' } }, []],
    [{}, []],
  ];
  for (const [event, names] of cases) {
    const got = await reached(IDM, event);
    t.strictSame(got.names, names, JSON.stringify(event));
    for (const message of got.messages) t.strictSame(message, { '@type': 'idm', ...event });
  }
  const marked = { '@type': 'idm', Workspace: { UUID: 'w1' } };
  t.strictSame((await reached(IDM, marked)).messages[0], marked, 'one that is marked already');
});

test('activities go to the inbox of a user, but not to whoever acted, with base names only', async (t) => {
  const { reached } = await people(t);
  const event = (more: object = {}, activity: object = {}) => ({
    OwnerType: 'USER',
    OwnerId: 'ann',
    BoxName: 'inbox',
    Activity: { Actor: { Id: 'bob' }, Object: { Id: 'n1', Name: 'data/ws/report.pdf' }, ...activity },
    ...more,
  });
  const names = async (...parts: Parameters<typeof event>) =>
    (await reached(ACTIVITY, event(...parts))).names;
  t.strictSame(await names(), ['ann']);
  t.strictSame(await names({ OwnerId: 'id-a' }), ['ann']);
  t.strictSame(await names({ BoxName: 'outbox' }), []);
  t.strictSame(await names({ BoxName: undefined }), []);
  t.strictSame(await names({ OwnerType: 'NODE' }), []);
  t.strictSame(await names({ OwnerId: 'dan' }), []);
  for (const Id of ['ann', 'id-a'])
    t.strictSame(await names({}, { Actor: { Id } }), [], 'it was she herself');
  t.strictSame(await names({}, { Actor: undefined }), ['ann']);
  t.strictSame(await names({}, { Actor: 'bob' }), ['ann']);

  const parts = {
    Object: { Id: 'n1', Name: '/data/ws/report.pdf', Type: 'Document' },
    Origin: { Name: 'a/b/' },
    Target: { name: 'plain' },
    Summary: 'a/b',
  };
  t.strictSame((await reached(ACTIVITY, event({}, parts))).messages, [
    {
      '@type': 'activity',
      ...event(
        {},
        {
          ...parts,
          Object: { Id: 'n1', Name: 'report.pdf', Type: 'Document' },
          Origin: { Name: 'b' },
        },
      ),
    },
  ]);
  const lower = { actor: { id: 'ann' }, Actor: undefined };
  t.strictSame(await names({}, lower), [], 'in lower case as well');
  t.match(
    (await reached(ACTIVITY, event({}, { object: { name: 'a/b' }, Origin: null, Target: 'x/y', Object: {} })))
      .messages,
    [{ Activity: { object: { name: 'b' }, Origin: null, Target: 'x/y', Object: {} } }],
  );
});
