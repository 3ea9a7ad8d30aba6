/** Hubs with the plugin, and the little plugin that tests talk to. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import redis from '../../../plugins/redis/index.ts';
import { type Client, connect, startHub, type TestHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { Queue } from '../../helpers/queue.ts';

type RedisOptions = NonNullable<Parameters<typeof redis>[0]>;

export interface RedisHub {
  readonly hub: TestHub;
  readonly parts: ReturnType<typeof numbers>;
}

/**
 * An endpoint with presence that sends numbers to the channel `all`, to users and to clients, the token in the query being the user; and
 * a line.
 */
export function numbers(hub: Hub) {
  const endpoint = hub.endpoint('/', {
    envelope: { type: 'type' },
    tokenInQuery: true,
    presence: ({ identity }) => `info of ${identity?.user}`,
  });
  const number = endpoint.emits('NUMBER', Type.Object({ n: Type.Integer() }), { overflow: 'close' });
  const clients: string[] = [];
  /** What came over the line: the texts, and `missed`. */
  const heard = new Queue<string>();
  const line = hub.line('numbers', {
    receive: (text) => heard.push(text),
    missed: () => heard.push('missed'),
  });
  hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
  hub.hooks.opened.tap((connection) => {
    clients.push(connection.id);
    return void hub.channels.join(connection, 'all');
  });
  /** The users in the channel, on all hubs, in order. */
  const present = async () => {
    const all = await hub.presence.inChannel(endpoint, 'all');
    return all.map(({ user }) => user).sort();
  };
  const { notify, store } = hub;
  return { notify, store, clients, present, line, heard, make: (n: number) => number({ n }) };
}

/** Asks until these are in the channel. */
export async function untilPresent({ parts }: RedisHub, ...users: readonly string[]): Promise<void> {
  while ((await parts.present()).join() !== users.join()) await wait(20);
}

export async function redisHub(t: Test, options: RedisOptions, data?: string): Promise<RedisHub> {
  const made: ReturnType<typeof numbers>[] = [];
  const plugins = [plugin('numbers', (hub) => void made.push(numbers(hub))), redis(options)];
  const hub = await startHub(t, { plugins, ...(data && { data }) });
  const [parts] = made;
  if (parts === undefined) throw new Error('not set up');
  return { hub, parts };
}

export async function enter(t: Test, { hub }: RedisHub, user: string): Promise<Client> {
  return connect(t, hub, `/?token=${user}`);
}

/**
 * Sends from one hub until the first client, on another hub, hears it: until then that hub may not have its
 * subscriptions. Takes all that was sent so from all of the clients.
 */
export async function untilHeard(from: RedisHub, ...clients: readonly [Client, ...Client[]]): Promise<void> {
  const { notify, make } = from.parts;
  const heard = clients[0].next().then(() => true);
  do notify.channels(['all'], make(-1));
  while (!(await Promise.race([heard, wait(20, false)])));
  notify.channels(['all'], make(-2));
  for (const client of clients) await takeUntil(client, -2);
}

/** Takes what came up to the number, which is not among what is returned. */
export async function takeUntil(client: Client, n: number): Promise<number[]> {
  const taken: number[] = [];
  for (;;) {
    const message = await client.next();
    if (message.n === n) return taken;
    taken.push(message.n);
  }
}

interface Readiness {
  readonly status: number;
  readonly obstacles?: Readonly<Record<string, string>>;
}

export async function readiness({ hub }: Pick<RedisHub, 'hub'>): Promise<Readiness> {
  const answer = await fetch(`${hub.origin}/health/ready`);
  return { ...((await answer.json()) as object), status: answer.status };
}

/** Asks until `/health/ready` answers so. */
export async function untilReady(hub: Pick<RedisHub, 'hub'>, status: 200 | 503): Promise<Readiness> {
  for (;;) {
    const found = await readiness(hub);
    if (found.status === status) return found;
    await wait(5);
  }
}
