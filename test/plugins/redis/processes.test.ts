/** `hub start --processes`, with real processes on one port. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { type Client, connect, startHub } from '../../helpers/hub.ts';
import { API, project, type Running } from '../../helpers/project.ts';
import { ownPrefix, withRedis } from './service.ts';

const REDIS = JSON.stringify(new URL('../../../plugins/redis/index.ts', import.meta.url).href);

/** `/pid` tells which process answers, to the endpoint `/` everything is said to all. It does not start while there is a file `broken`. */
const config = (prefix: string) => `
  import { existsSync } from 'node:fs';
  import { definePlugin, Type } from ${API};
  import redis from ${REDIS};
  if (existsSync('broken')) throw new Error('it is broken');
  const who = definePlugin({ name: 'who', api: '^1.0.0', setup(hub) {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
    const Said = Type.Object({ pid: Type.Integer() });
    const said = endpoint.emits('SAID', Said, { overflow: 'close' });
    const you = endpoint.emits('YOU', Said, { overflow: 'close' });
    endpoint.on('SAY', Type.Object({}), () => hub.notify.channels(['all'], said({ pid: process.pid })));
    endpoint.on('WHO', Type.Object({}), () => you({ pid: process.pid }));
    hub.hooks.opened.tap((connection) => void hub.channels.join(connection, 'all'));
    hub.http.get('/pid', () => ({ pid: process.pid }));
    hub.onReady(() => hub.log.info({ pid: process.pid }, 'ready'));
    hub.onClose(() => hub.log.info({ pid: process.pid }, 'closed'));
  } });
  export default { plugins: [who(), redis({ prefix: '${prefix}' })] };`;

/** Milliseconds between two requests, so that what is waited for has a processor to happen on. */
const BETWEEN = 5;

/** Over a connection of its own, so that any of the processes may get it. undefined: it was cut while its process stopped. */
function ask(port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    get({ agent: new Agent(), host: '127.0.0.1', port, path }, (answer) => resolve(text(answer))).on(
      'error',
      () => resolve(undefined),
    );
  });
}

async function answering(port: number): Promise<number | undefined> {
  const answer = await ask(port, '/pid');
  return answer === undefined ? undefined : JSON.parse(answer).pid;
}

/** Asks until so many others than those have answered. */
async function pids(port: number, count: number, others: ReadonlySet<number> = new Set()) {
  const found = new Set<number>();
  while (found.size < count) {
    const pid = await answering(port);
    if (pid !== undefined && !others.has(pid)) found.add(pid);
    await wait(BETWEEN);
  }
  return found;
}

/** A client of another process than those. */
async function clientOf(t: Test, port: number, others: readonly number[]): Promise<[Client, number]> {
  for (;;) {
    const client = await connect(t, { port }, '/');
    client.send({ type: 'WHO' });
    const { pid } = await client.next('YOU');
    if (!others.includes(pid)) return [client, pid];
    client.socket.close();
  }
}

const several = (t: Test) => project(t, config(ownPrefix(t)));
const startWith = (hub: ReturnType<typeof several>, count: number) =>
  hub.start({}, ['--processes', `${count}`]);
const said = (hub: Running, message: RegExp) => hub.log.next(({ msg }) => message.test(String(msg)));

await withRedis(() => {
  test('several processes share the port and its clients, and one that dies is replaced', async (t) => {
    const hub = await startWith(several(t), 2);
    const [port = 0] = hub.ports;
    t.match(hub.line, /^wayhub listens on http:\/\/127\.0\.0\.1:\d+, with 2 processes$/);
    const first = await pids(port, 2);
    const [ann, annsPid] = await clientOf(t, port, []);
    const [bob, bobsPid] = await clientOf(t, port, [annsPid]);
    t.strictSame(new Set([annsPid, bobsPid]), first);
    const heard = ann.next('SAID');
    while (!(await Promise.race([heard.then(() => true), wait(20, false)]))) bob.send({ type: 'SAY' });
    t.strictSame(await heard, { type: 'SAID', pid: bobsPid }, 'clients of both hear each other');
    t.match(await ask(port, '/metrics'), /^hub_connections\{endpoint="\/",process="[12]"\} \d$/m);

    process.kill(annsPid, 'SIGKILL');
    t.match(await said(hub, /^the process ended: SIGKILL/), { level: 50, process: Number });
    t.match(await ann.closed, { code: 1006 });
    const [replacement] = await pids(port, 1, first);
    t.ok(replacement, 'a new one answers');
    bob.send({ type: 'WHO' });
    t.match(await bob.next('YOU'), { pid: bobsPid }, 'the other went on');

    hub.child.kill('SIGTERM');
    t.match(await bob.closed, { code: 4000 });
    t.strictSame(await hub.ended, { code: 0, signal: null });
    for (const pid of [replacement, bobsPid]) t.throws(() => process.kill(pid ?? 0, 0), 'no process is left');
  });

  test('SIGHUP replaces the processes one after the other, and none while the new one cannot start', async (t) => {
    const made = several(t);
    const hub = await startWith(made, 2);
    const [port = 0] = hub.ports;
    const old = await pids(port, 2);
    writeFileSync(join(made.folder, 'broken'), '');
    hub.child.kill('SIGHUP');
    t.match(await said(hub, /^the new process cannot start/), { process: 1 });
    t.strictSame(await pids(port, 2), old);

    rmSync(join(made.folder, 'broken'));
    let isDone = false;
    hub.child.kill('SIGHUP');
    const order: string[] = [];
    const watch = async () => {
      for (;;) {
        const { msg, process } = await hub.log.next();
        if (msg === 'ready' || msg === 'closed') order.push(`${process} ${msg}`);
        if (msg === 'all processes are new') break;
      }
      isDone = true;
    };
    const watching = watch();
    let answers = 0;
    for (; !isDone; await wait(BETWEEN)) if ((await answering(port)) !== undefined) answers++;
    await watching;
    t.ok(answers > 0, 'it answers meanwhile');
    t.strictSame(order, ['1 ready', '1 closed', '2 ready', '2 closed']);
    const found = await pids(port, 2);
    for (const pid of found) t.notOk(old.has(pid));

    const [client] = await clientOf(t, port, []);
    hub.child.kill('SIGKILL');
    t.match(await client.closed, { code: 4000 }, 'processes without their supervisor stop');
  });

  test('when no process runs and none can start, all ends, with the reason', async (t) => {
    const made = several(t);
    const hub = await startWith(made, 1);
    const [pid = 0] = await pids(hub.ports[0] ?? 0, 1);
    writeFileSync(join(made.folder, 'broken'), '');
    process.kill(pid, 'SIGKILL');
    t.strictSame(await hub.ended, { code: 1, signal: null });
    const again = await made.run(['start', '--processes', '2']);
    t.equal(again.code, 1);
    t.match(again.stderr, /^hub: .*hub\.config\.ts cannot be loaded: it is broken$/m);
    rmSync(join(made.folder, 'broken'));
  });

  test('several processes need a broker, a number, and ports that nobody has', async (t) => {
    const alone = project(t, `export default { store: 'memory' }`);
    const run = (count: string, env = {}) => alone.run(['start', '--processes', count], env);
    const without = await run('2');
    t.equal(without.code, 1);
    t.match(
      without.stderr,
      /^hub: several processes are several hubs: they need a plugin that brings a broker/m,
    );
    t.match(without.stderr, /^hub: process 1 cannot start, for the reason above, and no other one runs$/m);
    for (const count of ['0', '1.5', 'all'])
      t.match(await alone.runQuickly(['start', '--processes', count]), {
        code: 1,
        stderr: `hub: --processes must be a whole number from 1 to 256, found "${count}"\n`,
      });
    const other = await startHub(t);
    t.match(await run('2', { HUB_PORT: `${other.port}` }), {
      code: 1,
      stderr: /^hub: cannot listen on 127\.0\.0\.1 port \d+: another program has the port/,
    });
    t.notOk(existsSync(join(alone.folder, 'data')));
  });
});
