import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { VERSION } from '../../core/version.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { API, project } from '../helpers/project.ts';
import { CHAT } from './chat-plugin.ts';

const root = join(import.meta.dirname, '../..');

test('hub --help and --version, and the command of the package', async (t) => {
  const { run, runQuickly } = project(t, '');
  const help = await run(['--help']);
  t.equal(help.code, 0);
  for (const command of ['start', 'check', 'token', 'plugins'])
    t.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
  t.match(await runQuickly(['--version']), { code: 0, stdout: `${VERSION}\n` });
  t.match(await runQuickly([]), { code: 1, stderr: /Usage: hub/ });
  t.match(await runQuickly(['start', '--port', '1']), { code: 1, stderr: /unknown option '--port'/ });
  const { bin, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  t.equal(bin.hub, './core/cli.ts');
  t.match(readFileSync(join(root, bin.hub), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  if (process.platform !== 'win32') t.ok(statSync(join(root, bin.hub)).mode & 0o100, 'it is executable');
  t.match(scripts.start, /&& env node core\/cli\.ts start$/);
});

test('hub start says on one line where it listens, and serves the same on several ports', async (t) => {
  const { start } = project(t, `${CHAT} export default { plugins: [chat()], ports: [0, 0] }`);
  const { line, ports } = await start({ HUB_PORT: '', HUB_HOST: '' });
  t.match(line, /^wayhub listens on http:\/\/localhost:\d+ and http:\/\/localhost:\d+$/);
  t.equal(new Set(ports).size, 2);
  for (const port of ports) {
    t.strictSame(await (await fetch(`http://localhost:${port}/chat/rooms`)).json(), []);
  }
});

test('a port that is taken is an error, and no other port stays open', async (t) => {
  const { port: taken } = await startHub(t);
  const config = `
    import { createServer } from 'node:net';
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    export default { ports: [port, ${taken}], store: 'memory', host: '127.0.0.1' };`;
  const second = await project(t, config).run(['start'], { HUB_PORT: '' });
  t.match(second, {
    code: 1,
    stdout: '',
    stderr: new RegExp(
      `^hub: cannot listen on 127\\.0\\.0\\.1 port ${taken}: another program has the port`,
      'm',
    ),
  });
  t.equal((await fetch(`http://127.0.0.1:${taken}/health/live`)).status, 200, 'the first hub goes on');
});

test('hub check says whether a configuration is right, and touches no data', async (t) => {
  const right = project(t, `${CHAT} export default { plugins: [chat({ history: 5 })] }`);
  const file = join(right.folder, 'hub.config.ts');
  t.match(await right.run(['check']), { code: 0, stdout: `${file} is fine; plugins: chat\n`, stderr: '' });
  t.notOk(existsSync(join(right.folder, 'data')));
  const wrong = project(t, `${CHAT} export default { plugins: [chat({ history: 'many' })] }`);
  t.match(await wrong.runQuickly(['check']), {
    code: 1,
    stdout: '',
    stderr: 'hub: plugin "chat": options: /history must be integer, found "many"\n',
  });
  const none = await wrong.runQuickly(['check'], { HUB_CONFIG: 'none.ts' });
  t.match(none, { code: 1, stderr: /^hub: there is no configuration .*none\.ts/ });
});

test('what a plugin leaves running keeps no command from ending', async (t) => {
  const leaves = `
    import { definePlugin } from ${API};
    const leaves = (name, fails) => definePlugin({ name, api: '^1.0.0', setup() {
      setInterval(() => {}, 1000);
      if (fails) throw new Error('no power');
    } })();`;
  const fine = project(t, `${leaves} export default { plugins: [leaves('one')] }`);
  const failing = project(t, `${leaves} export default { plugins: [leaves('one'), leaves('two', true)] }`);
  const runs = [fine.run(['check']), failing.run(['check']), failing.run(['start'])];
  t.match(await Promise.all(runs), [
    { code: 0 },
    { code: 1, stderr: 'hub: plugin "two" failed in set-up: no power\n' },
    { code: 1, stdout: '', stderr: /^hub: plugin "two" failed in set-up: no power$/m },
  ]);
});

test('in production hub start, check and token refuse without a secret', async (t) => {
  const { run, folder } = project(t, 'export default {}');
  const production = { NODE_ENV: 'production' };
  const commands = [['start'], ['check'], ['token', '--sub', 'ann']];
  for (const finished of await Promise.all(commands.map((args) => run(args, production)))) {
    t.match(finished, {
      code: 1,
      stdout: '',
      stderr: /^hub: NODE_ENV is production and there is no secret: set HUB_SECRET/,
    });
  }
  t.notOk(existsSync(join(folder, 'data', 'state')));
  const HUB_SECRET = 'a secret of at least 32 characters';
  t.match(await run(['check'], { ...production, HUB_SECRET }), { code: 0 });
});

test('hub token prints a token that a hub of the same data folder accepts', async (t) => {
  const { run, runQuickly, start } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const { ports } = await start();
  const claims = ['roles=["editor"]', 'team=7', 'name=Ann Lee', 'motto=a=b', 'empty='];
  const args = ['token', '--sub', 'ann', ...claims.flatMap((claim) => ['--claim', claim])];
  const { code, stdout } = await run(args);
  t.equal(code, 0);
  const token = stdout.trim().split('\n').at(-1) ?? '';
  const client = await connect(t, { port: ports[0] ?? 0 }, `/chat?token=${token}`);
  client.send({ type: 'JOIN' });
  t.match(await client.next(), {
    user: 'ann',
    claims: { sub: 'ann', roles: ['editor'], team: 7, name: 'Ann Lee', motto: 'a=b', empty: '' },
  });
  const short = await runQuickly(['token', '--sub', 'ann', '--expires', '3600']);
  const payload = JSON.parse(String(Buffer.from(short.stdout.split('.')[1] ?? '', 'base64url')));
  t.equal(payload.exp - payload.iat, 3_600);
});

test('hub token refuses what it cannot sign', async (t) => {
  const { runQuickly } = project(t, 'export default {}');
  t.match(await runQuickly(['token']), { code: 1, stderr: /required option '--sub <id>' not specified/ });
  const refused = async (args: string[], message: string, env = {}) =>
    t.match(await runQuickly(['token', '--sub', 'ann', ...args], env), {
      code: 1,
      stdout: '',
      stderr: `hub: ${message}\n`,
    });
  await refused(['--claim', 'roles'], '--claim must be key=value, found "roles"');
  await refused(['--claim', 'sub=bob'], '--claim sub: use --sub or --expires');
  await refused(['--expires', 'soon'], '--expires must be seconds above 0, found "soon"');
  const { runQuickly: inMemory } = project(t, `export default { store: 'memory' }`);
  t.match(await inMemory(['token', '--sub', 'ann']), {
    code: 1,
    stderr: /the development secret is not kept/,
  });
});
