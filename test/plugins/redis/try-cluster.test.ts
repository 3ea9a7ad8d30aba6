/** `npm run cluster`, with real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { connect } from '../../helpers/hub.ts';
import { NODE } from '../../helpers/project.ts';
import { Queue } from '../../helpers/queue.ts';
import { ownRedis, withRedis } from './service.ts';

/** Where nobody listens. */
const NOWHERE = 'redis://127.0.0.1:1';

interface Try {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  /** What it wrote so far. */
  readonly written: () => string;
  /** Resolves when it has written so. */
  until(pattern: RegExp): Promise<void>;
}

function start(t: Test, env: Readonly<Record<string, string>>): Try {
  const [command, ...before] = NODE;
  const args = [...before, join(import.meta.dirname, '../../../deploy/cluster.ts')];
  const child = spawn(command, args, { env: { ...process.env, HUB_PORT: '0,0,0', ...env } });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const parts = new Queue<string>();
  let written = '';
  child.stdout.on('data', (part) => {
    written += part;
    parts.push(part);
  });
  const until = async (pattern: RegExp) => {
    while (!pattern.test(written)) await parts.next();
  };
  return { child, ended, written: () => written, until };
}

/** Resolves when nobody listens there. */
async function untilGone(port: number): Promise<void> {
  for (;;) {
    const socket = createConnection(port, '127.0.0.1');
    const refused = await once(socket, 'connect').then(
      () => false,
      () => true,
    );
    socket.destroy();
    if (refused) return;
    await wait(20);
  }
}

await withRedis(() => {
  test('three hubs are one, do what is printed to try, and end together', async (t) => {
    const redis = await ownRedis(t);
    const { child, ended, written, until } = start(t, { REDIS_URL: redis.url });
    await until(/Ctrl-C/);
    const ports = [...written().matchAll(/^ {2}http:\/\/localhost:(\d+)$/gm)].map(([, port]) => Number(port));
    t.equal(new Set(ports).size, 3);
    const [first = 0, second = 0, third = 0] = ports;
    const [, command = ''] = /curl -d '(.+)' http:\S+\/note$/m.exec(written()) ?? [];
    const [, subscription = ''] = /s\.send\('(.+?)'\)/.exec(written()) ?? [];

    const listener = await connect(t, { port: second }, '/topics');
    listener.send(JSON.parse(subscription.replaceAll('\\', '')));
    await listener.next('subscribed');
    const path = '/api/table/kendall/note';
    await fetch(`http://localhost:${first}${path}`, { method: 'POST', body: command });
    t.match(await listener.next('event'), { topic: 'cityio.module_updated', event: { module: 'note' } });
    const read = async () => (await fetch(`http://localhost:${third}${path}`)).text();
    while ((await read()) !== command) await wait(20);

    child.kill('SIGINT');
    t.strictSame(await ended, [0, null]);
    for (const port of ports) await untilGone(port);
  });

  test('without a Redis one is started, and ends with the rest, whenever that is', async (t) => {
    const { child, ended, written, until } = start(t, { REDIS_URL: NOWHERE });
    await until(/one of its own runs at/);
    const port = Number(/runs at 127\.0\.0\.1:(\d+)/.exec(written())?.[1]);
    child.kill('SIGINT');
    t.strictSame(await ended, [0, null]);
    await untilGone(port);
  });

  test('where none can be started, it says what to install', async (t) => {
    const [, ...before] = NODE;
    const file = join(import.meta.dirname, '../../../deploy/cluster.ts');
    const child = spawn('/usr/bin/env', [...before, file], { env: { PATH: '', REDIS_URL: NOWHERE } });
    const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    t.equal(child.exitCode, 1);
    t.match(said, /^cluster: no Redis answers at 127\.0\.0\.1:1, .* install Redis 7/);
  });
});
