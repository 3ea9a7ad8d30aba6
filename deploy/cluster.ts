/** `npm run cluster`: three hubs on this machine that are one, for trying out what several hubs do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@redis/client';

const ROOT = join(import.meta.dirname, '..');
const { HUB_PORT = '8081,8082,8083', REDIS_URL = 'redis://127.0.0.1:6379' } = process.env;
/** How long a Redis may take to answer, and one that is started here to begin with it, in ms. */
const ANSWER_MS = 2_000;
const START_MS = 30_000;
/** Between questions to one that starts, in ms. */
const RETRY_MS = 20;

const folder = mkdtempSync(join(tmpdir(), 'wayhub-cluster-'));
const children: ChildProcess[] = [];
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));
try {
  await run();
} catch (error) {
  if (!isEnding) {
    process.stderr.write(`cluster: ${error instanceof Error ? error.message : error}\n`);
    await end(1);
  }
}

async function run(): Promise<void> {
  const ports = HUB_PORT.split(',');
  if (ports.length !== 3) throw new Error(`HUB_PORT must be three ports with commas, found "${HUB_PORT}"`);
  const redis = (await answers(REDIS_URL, ANSWER_MS, false)) ? REDIS_URL : await startRedis();
  const secret = process.env.HUB_SECRET ?? randomBytes(32).toString('hex');
  const origins = await Promise.all(ports.map((port, i) => startHub(i + 1, port, redis, secret)));
  process.stdout.write(`${welcome(origins)}\n`);
}

/** In a group of its own: what a terminal sends to all at once would end Redis before the hubs that need it. */
function start(command: string, args: string[], env: NodeJS.ProcessEnv, output: 'pipe' | 'ignore') {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', output, output === 'pipe' ? 'inherit' : 'ignore'],
  });
  children.push(child);
  return child;
}

/** @returns where it listens. */
async function startHub(number: number, port: string, redis: string, secret: string): Promise<string> {
  const env = {
    HUB_CONFIG: 'deploy/cluster.config.ts',
    HUB_PORT: port,
    HUB_DATA: join(folder, `${number}`),
    HUB_SECRET: secret,
    HUB_LOG_LEVEL: process.env.HUB_LOG_LEVEL ?? 'warn',
    REDIS_URL: redis,
  };
  const hub = start(process.execPath, ['core/cli.ts', 'start'], env, 'pipe');
  const ended = once(hub, 'exit').then(([code, signal]) => `hub ${number} ended (${signal ?? code})`);
  const line = hub.stdout ? once(createInterface(hub.stdout), 'line') : ended;
  const said = String(await Promise.race([line, ended]));
  const [origin] = /https?:\/\/[^\s,]+/.exec(said) ?? [];
  if (origin === undefined) throw new Error(said);
  void ended.then((how) => {
    if (!isEnding) process.stdout.write(`${how}; the others go on\n`);
  });
  return origin;
}

/** @returns its address. @throws Error when there is none to start. */
async function startRedis(): Promise<string> {
  const port = await freePort();
  // Without what it would write to its folder: the data ends with it.
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = start('redis-server', [...settings, '--dir', folder], {}, 'ignore');
  const failed = once(redis, 'exit').then(
    () => new Error('the redis-server that was started ended by itself'),
    () =>
      new Error(
        `no Redis answers at ${place(REDIS_URL)}, and there is no redis-server to start: install Redis 7 or newer, or Valkey ` +
          '(Debian and Ubuntu: apt install redis-server; macOS: brew install redis), or set REDIS_URL',
      ),
  );
  const url = `redis://127.0.0.1:${port}`;
  const found = await Promise.race([answers(url, START_MS, RETRY_MS), failed]);
  if (found !== true) throw found || new Error('the redis-server that was started does not answer');
  process.stdout.write(`No Redis answers at ${place(REDIS_URL)}: one of its own runs at ${place(url)}.\n`);
  return url;
}

/** @param again ms until one that refuses is asked again; false: it is not. @returns whether it does within `ms`. */
async function answers(url: string, ms: number, again: number | false): Promise<boolean> {
  const client = createClient({ url, socket: { connectTimeout: ms, reconnectStrategy: again } });
  client.on('error', () => {}); // connect says so
  const connected = client.connect().then(
    () => true,
    () => false,
  );
  const isThere = await Promise.race([connected, wait(ms, false, { ref: false })]);
  client.destroy();
  return isThere;
}

/** Of a URL that may hold a password. */
function place(url: string): string {
  return new URL(url).host;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Ends the hubs, and then the Redis that was started for them. Asked again, it does not wait. */
async function end(code: number): Promise<void> {
  const running = children.filter(({ pid, exitCode, signalCode }) => pid && exitCode === null && !signalCode);
  if (isEnding) for (const child of running) child.kill('SIGKILL');
  if (isEnding) return;
  isEnding = true;
  const [hubs, others] = [
    running.filter(({ spawnfile }) => spawnfile === process.execPath),
    running.filter(({ spawnfile }) => spawnfile !== process.execPath),
  ];
  for (const some of [hubs, others]) {
    await Promise.all(
      some.map(async (child) => {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }),
    );
  }
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

function welcome([first = '', second = '', third = '']: readonly string[]): string {
  const listening = second.replace(/^http/, 'ws');
  const subscribe = String.raw`{\"type\":\"subscribe\",\"topics\":[\"cityio.*\"]}`;
  return `Three hubs that are one:

  ${first}
  ${second}
  ${third}

Listen at the second one, in another terminal:

  npx node -e "const s = new WebSocket('${listening}/topics'); s.onopen = () => s.send('${subscribe}'); s.onmessage = (m) => console.log(m.data)"

Write at the first one, and read it at the third:

  curl -d '{"text":"hello"}' ${first}/api/table/kendall/note
  curl ${third}/api/table/kendall/note

Ctrl-C ends all of them.`;
}
