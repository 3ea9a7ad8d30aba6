/** The Redis that tests use: the one on this machine, or one of their own that they may kill and stop. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RedisClient } from '@redis/client';
import tap, { type Test, test } from 'tap';

export const REDIS_URL = 'redis://127.0.0.1:6379';

/**
 * Runs the tests when the machine's Redis answers and another can be started; else they are skipped with a line that
 * says so, or fail where services are required.
 */
export async function withRedis(tests: () => void | Promise<void>): Promise<void> {
  const reason = await missing();
  if (reason === undefined) return tests();
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(reason);
  test('redis', { skip: reason }, () => {});
}

async function missing(): Promise<string | undefined> {
  if (!(await answers(6379))) return `no Redis answers at ${REDIS_URL}`;
  const { error } = spawnSync('redis-server', ['--version']);
  return error && `redis-server cannot be started: ${error.message}`;
}

/** A prefix of its own, whose keys are gone after the test. */
export function ownPrefix(t: Test): string {
  const prefix = newPrefix();
  const client = cleaner();
  t.teardown(async () => deleteKeysBy(await client, prefix));
  return prefix;
}

let cleaning: ReturnType<typeof clientOf> | undefined;

/** One for all tests of a file: to connect takes longer than to delete the keys of a test. */
function cleaner(): ReturnType<typeof clientOf> {
  if (cleaning !== undefined) return cleaning;
  const client = clientOf(REDIS_URL);
  // At once: what ends last must be there first.
  tap.teardown(async () => (await client).close());
  cleaning = client;
  return client;
}

export function newPrefix(): string {
  return `wayhub-test-${randomBytes(6).toString('hex')}`;
}

export async function deleteKeys(url: string, prefixes: readonly string[]): Promise<void> {
  const client = await clientOf(url);
  for (const prefix of prefixes) await deleteKeysBy(client, prefix);
  await client.close();
}

/** `createClient` takes longer than to connect. */
const newClient = RedisClient.factory();

/** A connection of the test's own. */
export const clientOf = (url: string) => newClient({ url }).connect();

async function deleteKeysBy(client: Awaited<ReturnType<typeof clientOf>>, prefix: string): Promise<void> {
  for await (const keys of client.scanIterator({ MATCH: `${prefix}:*`, COUNT: 10_000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
}

/** A Redis of the test's own on a free port, which keeps what it acknowledged when it is killed; or a sentinel. */
export interface OwnRedis {
  readonly url: string;
  /** As `kill -9`. @returns when it is gone. */
  kill(): Promise<void>;
  /** @returns when it answers again. */
  start(): Promise<void>;
  /** Stops it as it is, without ending it. */
  pause(): void;
  resume(): void;
}

/** @param more settings of redis.conf; several words of one are a list. */
export async function ownRedis(t: Test, more: Settings = {}): Promise<OwnRedis> {
  const port = await freePort();
  return ownServer(t, port, (folder) => {
    const settings: Settings = {
      port: `${port}`,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      ...more,
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...[value].flat()]);
  });
}

type Settings = Readonly<Record<string, string | readonly string[]>>;

/** @param argsIn the arguments of redis-server, for a folder of its own. */
export async function ownServer(
  t: Test,
  port: number,
  argsIn: (folder: string) => string[],
): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'wayhub-redis-'));
  const args = argsIn(folder);
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const start = async () => {
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await once(child, 'spawn');
    while (!(await answers(port))) await wait(5);
  };
  t.teardown(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}

/** A way to a Redis that a test can cut, while others still reach it. */
export async function wayTo(t: Test, url: string) {
  const target = Number(new URL(url).port);
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = createConnection(target, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const cut = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const port = await freePort();
  await listen(port);
  t.teardown(cut);
  return { url: `redis://127.0.0.1:${port}`, cut, restore: () => listen(port) };
}

/** Whether something takes connections there. */
async function answers(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
