/** A random installation and random events, and naively computed who gets which of them. Knows nothing of the plugin. */

interface Workspace {
  readonly id: string;
  readonly slug: string;
  readonly roots: readonly string[];
}
export interface User {
  readonly id: string;
  readonly login: string;
  readonly profile: string;
  readonly roles: readonly string[];
  readonly workspaces: readonly Workspace[];
}
type Fields = Record<string, unknown>;
interface Node extends Fields {
  readonly Path: string;
  readonly MetaStore: Record<string, string>;
}
export interface Change extends Fields {
  readonly Type: string;
  readonly Source?: Node;
  readonly Target?: Node;
}
export interface Published {
  readonly topic: string;
  readonly event: Fields;
}

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    // Park and Miller's: enough for a test, and the same everywhere.
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % end;
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  some<T>(values: readonly T[], most: number): T[] {
    return [...new Set(Array.from({ length: this.below(most + 1) }, () => this.one(values)))];
  }
}

const NAMES = ['a', 'b', 'ab', 'c'];
const path = (random: Random, depth: number) =>
  Array.from({ length: 1 + random.below(depth) }, () => random.one(NAMES)).join('/');

export function makeUsers(random: Random, users: number, workspaces: number): User[] {
  const shared = Array.from({ length: workspaces }, (_, n) => ({
    id: `w${n}`,
    slug: `slug-${n}`,
    roots: [...new Set(Array.from({ length: 1 + random.below(3) }, () => path(random, 4)))],
  }));
  return Array.from({ length: users }, (_, n) => {
    const personal = { id: 'personal', slug: 'my-files', roots: [`people/u${n}`] };
    return {
      id: `id${n}`,
      login: `u${n}`,
      profile: random.one(['admin', 'standard', 'standard', 'shared']),
      roles: random.some(['r0', 'r1', 'r2', 'r3', 'r4'], 3),
      workspaces: [...random.some(shared, 4), personal],
    };
  });
}

const TYPES = [
  'CREATE',
  'READ',
  'UPDATE_PATH',
  'UPDATE_CONTENT',
  'UPDATE_META',
  'UPDATE_USER_META',
  'DELETE',
];

/** Where much happens within a second. */
const BUSY = ['a', 'a/b', 'b/a/c', 'ab/c', 'c/c', 'b/b/ab'];

function makeNode(random: Random, users: readonly User[]): Node {
  const Path = random.one([
    random.one(BUSY),
    path(random, 6),
    path(random, 6),
    `people/${random.one(users).login}/${path(random, 2)}`,
  ]);
  const policies = Array.from({ length: random.below(3) }, () => ({
    Subject: random.one(['*', `user:${random.one(users).login}`, 'profile:standard', 'role:r1', 'role:r2']),
    Action: random.one(['READ', 'READ', 'WRITE']),
    Effect: random.one(['allow', 'allow', 'deny']),
  }));
  return {
    Uuid: `uuid ${Path}`,
    Path,
    Type: 'LEAF',
    ...(random.below(2) === 0 && { Size: random.below(1_000) }),
    ...(random.below(2) === 0 && { Etag: random.one(['temporary', 'e1', 'e2']) }),
    MetaStore: {
      [`meta${random.below(3)}`]: String(random.below(9)),
      'pydio:internal': '"x"',
      'pydio:meta-policies': JSON.stringify(policies),
    },
  };
}

export function makeEvent(random: Random, users: readonly User[]): Published {
  const login = () => random.one([...users.map((user) => user.login), 'nobody']);
  switch (random.below(8)) {
    case 0:
      return {
        topic: 'topic.pydio.tasks.event',
        event: {
          Job: { ID: 'j' },
          TaskUpdated: { TriggerOwner: random.one([login(), login(), 'pydio.system.user']) },
        },
      };
    case 1: {
      const parts: Fields = {
        Acl: {
          RoleID: random.one(['', 'r0', 'r3']),
          Action: { Name: random.one(['read', 'parameter:x', 'action:y']) },
        },
        Role: { Uuid: random.one(['', 'r1', 'r9']) },
        User: { Login: random.one(['', login()]), Uuid: random.one(users).id },
        Workspace: { UUID: `w${random.below(31)}` },
      };
      const kept = Object.entries(parts).filter(() => random.below(2) === 0);
      return { topic: 'topic.pydio.idm.event', event: Object.fromEntries(kept) };
    }
    case 2: {
      const OwnerId = login();
      return {
        topic: 'topic.pydio.activity.event',
        event: {
          OwnerType: 'USER',
          OwnerId,
          BoxName: random.one(['inbox', 'inbox', 'outbox']),
          Activity: {
            Actor: { Id: random.one([login(), OwnerId]) },
            Object: { Name: path(random, 4) },
            Target: { Name: path(random, 4) },
          },
        },
      };
    }
    default: {
      const Type = random.one(TYPES);
      const [here, there] = [makeNode(random, users), makeNode(random, users)];
      const nodes =
        Type === 'UPDATE_PATH'
          ? { Source: here, Target: there }
          : Type === 'DELETE'
            ? { Source: here }
            : { Target: here };
      const topic = random.one(['topic.pydio.tree.nodes.changes', 'topic.pydio.meta.nodes.changes']);
      return { topic, event: { Type, ...nodes } };
    }
  }
}

/** What each user gets, as JSON texts, in no particular order. */
export class Reference {
  readonly got = new Map<string, string[]>();
  readonly #users: readonly User[];
  #waiting: { readonly uuid: unknown; readonly due: number; change: Change }[] = [];

  constructor(users: readonly User[]) {
    this.#users = users;
    for (const { id } of users) this.got.set(id, []);
  }

  publish({ topic, event }: Published, now: number): void {
    this.advance(now);
    if (topic.includes('.nodes.')) this.#node(event as Change, now);
    else for (const user of this.#users) if (isFor(user, topic, event)) this.#give(user, shown(topic, event));
  }

  advance(now: number): void {
    for (const { change } of this.#waiting.filter(({ due }) => due <= now)) this.#send(change);
    this.#waiting = this.#waiting.filter(({ due }) => due > now);
  }

  #node(change: Change, now: number): void {
    const uuid = (change.Source ?? change.Target)?.Uuid;
    const waiting = this.#waiting.find((one) => one.uuid === uuid);
    if (['CREATE', 'UPDATE_CONTENT', 'UPDATE_META'].includes(change.Type)) {
      if (waiting === undefined) this.#waiting.push({ uuid, due: now + 1_000, change });
      else waiting.change = flattened(waiting.change, change);
      return;
    }
    if (waiting !== undefined && ['DELETE', 'UPDATE_PATH'].includes(change.Type)) {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      this.#send(waiting.change);
    }
    this.#send(change);
  }

  #send(change: Change): void {
    if (change.Type === 'READ') return;
    for (const user of this.#users) {
      if (change.Type === 'UPDATE_USER_META' && !isAllowed(user, change)) continue;
      for (const workspace of user.workspaces) {
        const own = inWorkspace(workspace, change);
        if (own !== undefined) this.#give(user, own);
      }
    }
  }

  #give(user: User, event: object): void {
    this.got.get(user.id)?.push(JSON.stringify(event));
  }
}

function flattened(earlier: Change, later: Change): Change {
  const [a, b] = [earlier.Target as Node, later.Target as Node];
  const types = [earlier.Type, later.Type];
  let Type = later.Type;
  if (types.includes('UPDATE_CONTENT')) Type = 'UPDATE_CONTENT';
  if (types.includes('CREATE')) Type = 'CREATE';
  const Target: Node = { ...a, ...b, MetaStore: { ...a.MetaStore, ...b.MetaStore } };
  const Etag = b.Etag === 'temporary' ? (a.Etag ?? b.Etag) : (b.Etag ?? a.Etag);
  return { Type, Target: { ...Target, ...(Etag !== undefined && { Etag }) } };
}

function inWorkspace(workspace: Workspace, { Type, Source, Target }: Change): object | undefined {
  const [source, target] = [nodeIn(workspace, Source), nodeIn(workspace, Target)];
  if (Type === 'UPDATE_PATH' && source && target) return { Type, Source: source, Target: target };
  if (Type === 'UPDATE_PATH' && target) return { Type: 'CREATE', Target: target };
  if (Type === 'UPDATE_PATH' && source) return { Type: 'DELETE', Source: source };
  if (Type === 'DELETE') return source && { Type, Source: source };
  return target && { Type, Target: target };
}

function nodeIn({ id, slug, roots }: Workspace, node: Node | undefined): object | undefined {
  const root = roots.find((one) => `${node?.Path}/`.startsWith(`${one}/`));
  if (node === undefined || root === undefined) return undefined;
  const MetaStore = Object.fromEntries(
    Object.entries(node.MetaStore).filter(([name]) => !name.startsWith('pydio:')),
  );
  const { Uuid, Type, Size, Etag } = node;
  const Path = slug + node.Path.slice(root.length);
  // Those that are undefined are left out as JSON.
  return { Uuid, Path, Type, Size, Etag, MetaStore: { ...MetaStore, EventWorkspaceId: `"${id}"` } };
}

function isAllowed({ login, profile, roles }: User, { Target }: Change): boolean {
  const policies: { Subject: string; Action: string; Effect: string }[] = JSON.parse(
    Target?.MetaStore['pydio:meta-policies'] ?? '[]',
  );
  const mine = ['*', `user:${login}`, `profile:${profile}`, ...roles.map((role) => `role:${role}`)];
  const matching = policies.filter(({ Subject, Action }) => Action === 'READ' && mine.includes(Subject));
  return (
    matching.some(({ Effect }) => Effect === 'allow') && !matching.some(({ Effect }) => Effect === 'deny')
  );
}

type Loose = Record<string, Record<string, Record<string, string>> & Record<string, string>>;

function isFor(user: User, topic: string, event: Fields): boolean {
  const { TaskUpdated, Acl, Role, User, Workspace, Activity } = event as Loose;
  if (topic.includes('.tasks.')) {
    const owner = TaskUpdated?.TriggerOwner;
    return (
      String(owner) === user.login || (String(owner) === 'pydio.system.user' && user.profile === 'admin')
    );
  }
  if (topic.includes('.activity.')) {
    return event.BoxName === 'inbox' && event.OwnerId === user.login && Activity?.Actor?.Id !== user.login;
  }
  const action = Acl?.Action?.Name ?? '';
  if (Acl?.RoleID && !action.startsWith('parameter:') && !action.startsWith('action:'))
    return user.roles.includes(String(Acl.RoleID));
  if (Role?.Uuid) return user.roles.includes(String(Role.Uuid));
  if (User?.Login) return String(User.Login) === user.login;
  if (User?.Uuid) return String(User.Uuid) === user.id;
  return user.workspaces.some(({ id }) => id === String(Workspace?.UUID));
}

function shown(topic: string, event: Fields): object {
  if (topic.includes('.idm.')) return { '@type': 'idm', ...event };
  if (!topic.includes('.activity.')) return event;
  const base = (text: unknown) => String(text).split('/').at(-1);
  const { Activity } = event as Loose;
  const named = ['Object', 'Target'].map((part) => [part, { Name: base(Activity?.[part]?.Name) }]);
  return { '@type': 'activity', ...event, Activity: { ...Activity, ...Object.fromEntries(named) } };
}
