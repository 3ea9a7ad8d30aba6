/** A hub with the plugin on a clock that the test moves, and clients of both kinds. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import type { Clock } from '../../../plugins/irrigation/clock.ts';
import { irrigationOn } from '../../../plugins/irrigation/index.ts';
import {
  type Client,
  connect,
  type Received,
  startHub,
  type TestHub,
  type TestOptions,
} from '../../helpers/hub.ts';
import { type SharedBroker, SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';

/** 2026-06-01T00:00:00Z */
export const START = 1_780_272_000_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** The same on all hubs of a cluster. */
export const SECRET = 'the same on all hubs of the cluster';

export interface TestClock extends Clock {
  /** Lets time pass: what is due in between is done, and has been done when this resolves. */
  advance(ms: number): Promise<void>;
}

export function testClock(start = START): TestClock {
  let now = start;
  const tasks: { readonly ms: number; readonly task: () => Promise<void>; next: number }[] = [];
  return {
    now: () => now,
    every(hub, _name, ms, task) {
      const unlessStopped = async () => {
        if (!hub.signal.aborted) await task();
      };
      tasks.push({ ms, task: unlessStopped, next: start + ms });
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = Math.min(end, ...tasks.map((one) => one.next));
        now = Math.max(now, next);
        const due = tasks.filter((one) => one.next <= now);
        for (const one of due) {
          // One that comes every second need not be run for each second of a month.
          one.next = now + Math.max(one.ms, ms / 200);
          await one.task();
        }
        if (now >= end && due.length === 0) break;
      }
      for (const one of tasks) if (one.ms <= ms) await one.task();
    },
  };
}

export type FieldOptions = NonNullable<Parameters<ReturnType<typeof irrigationOn>>[0]>;

export interface TestField extends TestHub {
  readonly clock: TestClock;
}

export async function startField(
  t: Test,
  options: FieldOptions = {},
  { plugins = [], ...more }: TestOptions = {},
  clock = testClock(),
): Promise<TestField> {
  const hub = await startHub(t, { ...more, plugins: [...plugins, irrigationOn(clock)(options)] });
  return Object.assign(hub, { clock });
}

/** Hubs that share a store, on one clock. */
export interface Cluster {
  readonly hubs: readonly [TestField, TestField, TestField];
  readonly network: SharedNetwork;
  /** By hub. */
  readonly brokers: readonly [SharedBroker, SharedBroker, SharedBroker];
  readonly clock: TestClock;
}

export async function startCluster(
  t: Test,
  options: FieldOptions = {},
  plugins: () => TestOptions['plugins'] = () => [],
): Promise<Cluster> {
  const network = new SharedNetwork();
  const store = await sharedStore();
  const clock = testClock();
  const start = async () => {
    const parts = network.hub();
    const more = { ...parts, identity: { secret: SECRET }, plugins: [...(plugins() ?? []), store.plugin] };
    return { hub: await startField(t, options, more, clock), broker: parts.broker };
  };
  const [a, b, c] = [await start(), await start(), await start()];
  return { hubs: [a.hub, b.hub, c.hub], brokers: [a.broker, b.broker, c.broker], network, clock };
}

/** A controller's connection. */
export async function openBoard(t: Test, hub: TestHub, id: string): Promise<Client> {
  const token = await hub.identity.sign(`board ${id}`, { controller: id });
  const headers = { authorization: `Bearer ${token}` };
  const board = await connect(t, hub, '/', { headers, typeField: 'event' });
  await board.settled();
  return board;
}

export interface Dashboard extends Client {
  /** The message it got first. */
  readonly latest: Received;
}

/** A dashboard's connection, whose user may see and command the controllers: all by default. */
export async function openDashboard(
  t: Test,
  hub: TestHub,
  user = 'ann',
  claims: Record<string, unknown> = { controllers: ['*'] },
): Promise<Dashboard> {
  const token = await hub.identity.sign(user, claims);
  const client = await connect(t, hub, `/clients/${user}?token=${token}`, { typeField: 'event' });
  const { data: latest } = await client.next('latest');
  return Object.assign(client, { latest });
}

/** One on each hub. */
export function openDashboards(t: Test, { hubs }: Cluster): Promise<Dashboard[]> {
  return Promise.all(hubs.map((hub, i) => openDashboard(t, hub, `user${i}`)));
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Received;
  readonly headers: Headers;
}

/** A request of a user who may see all controllers, unless the claims say otherwise. */
export async function get(
  hub: TestHub,
  path: string,
  query: Record<string, string | number> = {},
  claims: Record<string, unknown> | undefined = { controllers: ['*'] },
): Promise<Answer> {
  const token = await hub.identity.sign('zoe', claims);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  const response = await fetch(`${hub.origin}${path}?${search}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    text,
    json: isJson ? JSON.parse(text) : undefined,
    headers: response.headers,
  };
}

/** The history of a sensor. */
export function history(
  hub: TestHub,
  controller: string,
  event: string,
  query: Record<string, string | number> = {},
) {
  return get(hub, '/irrigation/telemetry', { controller, event, ...query });
}

interface Killable {
  readonly child: ChildProcess;
  readonly port: number;
  /** Tokens by what they are for. */
  readonly tokens: Record<'board' | 'dashboard', string>;
}

/** A hub in a process of its own, whose clock stands still at the start. */
export async function startProcess(t: Test, data: string): Promise<Killable> {
  const child = fork(new URL('./hub-process.ts', import.meta.url), [data, `${START}`]);
  t.teardown(() => child.kill('SIGKILL'));
  const [ready] = await once(child, 'message');
  return { child, ...ready };
}
