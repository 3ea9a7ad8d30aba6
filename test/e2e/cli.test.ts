import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { VERSION } from '../../core/version.ts';
import { connect } from '../helpers/hub.ts';
import { API, project } from '../helpers/project.ts';

const root = join(import.meta.dirname, '../..');

const CHAT = `
  import { definePlugin, Type, HubError } from ${API};
  const chat = definePlugin({
    name: 'chat', api: '^1.0.0', version: '1.2.3',
    options: Type.Object({ history: Type.Integer({ default: 500 }) }),
    setup(hub, options) {
      const endpoint = hub.endpoint('/chat', { envelope: { type: 'type' }, auth: 'required', tokenInQuery: true });
      const joined = endpoint.emits('JOINED', Type.Object({ user: Type.String(), claims: Type.Unknown() }), { overflow: 'close' });
      endpoint.on('JOIN', Type.Object({}), (_, { identity }) => joined({ user: identity.user, claims: identity.claims }));
      hub.http.get('/chat/rooms', () => []);
      hub.hooks.closed.tap(() => {});
      hub.every('sweep', 20000, () => {});
      hub.command({
        name: 'say', summary: 'says it', args: ['<word>', '[more]'],
        options: { '--loud': 'in capitals', '--as <user>': 'who says it' },
        async run({ args, options, print }) {
          if (args[0] === 'refused') throw new HubError('forbidden', 'that is not said here');
          if (args[0] === 'broken') throw new Error('no voice');
          const said = hub.store.collection('said');
          print(JSON.stringify({ args, options, before: await said.ids(), history: options.history }));
          await said.put(args[0], true);
        },
      });
    },
  });
`;

test('hub --help and --version, and the command of the package', async (t) => {
  const { run } = project(t, '');
  const help = await run(['--help']);
  t.equal(help.code, 0);
  for (const command of ['start', 'check', 'token', 'plugins'])
    t.match(help.stdout, new RegExp(`^  ${command} `, 'm'));
  t.match(await run(['--version']), { code: 0, stdout: `${VERSION}\n` });
  t.match(await run([]), { code: 1, stderr: /Usage: hub/ });
  t.match(await run(['start', '--port', '1']), { code: 1, stderr: /unknown option '--port'/ });
  const { bin, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  t.equal(bin.hub, './core/cli.ts');
  t.match(readFileSync(join(root, bin.hub), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  if (process.platform !== 'win32') t.ok(statSync(join(root, bin.hub)).mode & 0o100, 'it is executable');
  t.equal(scripts.start, 'node core/cli.ts start');
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
  const first = project(t, 'export default {}');
  const { ports } = await first.start();
  const [taken] = ports;
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
  t.match(await wrong.run(['check']), {
    code: 1,
    stdout: '',
    stderr: 'hub: plugin "chat": options: /history must be integer, found "many"\n',
  });
  const none = await wrong.run(['check'], { HUB_CONFIG: 'none.ts' });
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
  const { run, start } = project(t, `${CHAT} export default { plugins: [chat()] }`);
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
  const short = await run(['token', '--sub', 'ann', '--expires', '3600']);
  const payload = JSON.parse(String(Buffer.from(short.stdout.split('.')[1] ?? '', 'base64url')));
  t.equal(payload.exp - payload.iat, 3_600);
});

test('hub token refuses what it cannot sign', async (t) => {
  const { run } = project(t, 'export default {}');
  t.match(await run(['token']), { code: 1, stderr: /required option '--sub <id>' not specified/ });
  const refused = async (args: string[], message: string, env = {}) =>
    t.match(await run(['token', '--sub', 'ann', ...args], env), {
      code: 1,
      stdout: '',
      stderr: `hub: ${message}\n`,
    });
  await refused(['--claim', 'roles'], '--claim must be key=value, found "roles"');
  await refused(['--claim', 'sub=bob'], '--claim sub: use --sub or --expires');
  await refused(['--expires', 'soon'], '--expires must be seconds above 0, found "soon"');
  const { run: inMemory } = project(t, `export default { store: 'memory' }`);
  t.match(await inMemory(['token', '--sub', 'ann']), {
    code: 1,
    stderr: /the development secret is not kept/,
  });
});

test('hub plugins lists what is loaded, and all that it registers', async (t) => {
  const { run, folder } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const { code, stdout } = await run(['plugins']);
  t.equal(code, 0);
  t.equal(
    stdout,
    `chat 1.2.3 from ${join(folder, 'hub.config.ts')}
  endpoints  /chat
  accepts    /chat JOIN
  emits      /chat JOINED
  routes     GET /chat/rooms
  hooks      closed
  timers     sweep every 20000 ms
  commands   hub chat say: says it
`,
  );
  const none = project(t, 'export default {}');
  t.match(await none.run(['plugins']), { code: 0, stdout: 'no plugin is enabled\n' });
});

test('commands of plugins get their arguments, options and the store', async (t) => {
  const { run } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const first = await run(['chat', 'say', 'hello', '--loud', '--as', 'ann', 'there']);
  t.match(first, { code: 0, stderr: '' });
  t.match(JSON.parse(first.stdout), {
    args: ['hello', 'there'],
    options: { loud: true, as: 'ann' },
    before: [],
  });
  const second = await run(['chat', 'say', 'bye']);
  t.match(JSON.parse(second.stdout), { args: ['bye'], options: {}, before: ['hello'] });
  t.match(await run(['chat', '--help']), {
    code: 0,
    stdout: /Usage: hub chat .*say \[options\] <word> \[more\] +says it/s,
  });
  t.match(await run(['chat', 'say', '--help']), { code: 0, stdout: /--as <user> +who says it/ });
});

test('commands that do not exist or fail end with a message and exit code 1', async (t) => {
  const { run } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const fails = async (args: string[], stderr: RegExp) =>
    t.match(await run(args), { code: 1, stdout: '', stderr });
  await Promise.all([
    fails(['strat'], /^hub: there is no command "strat"; commands of plugins: chat\n$/),
    fails(['chat', 'sing'], /^error: unknown command 'sing'/),
    fails(['chat', 'say'], /^error: missing required argument 'word'/),
    fails(['chat', 'say', 'x', '--quiet'], /^error: unknown option '--quiet'/),
    fails(['chat', 'say', 'refused'], /^hub: that is not said here\n$/),
    fails(['chat', 'say', 'broken'], /^hub: Error: no voice\n +at /),
  ]);
});

test('a plugin may give its commands another first word, and one of them needs no second', async (t) => {
  const grouped = (name: string, group: string) => `
definePlugin({
  name: '${name}',
  api: '^1.0.0',
  setup(hub) {
    const run = async ({ args, print }) => print(['${name}', ...args].join(' '));
    hub.command({ name: 'list', isDefault: true, summary: 'lists', run });
    hub.command({ name: 'new', group: '${group}', summary: 'makes one', args: ['<name>'], run });
  },
})()`;
  const config = (...plugins: string[]) =>
    `import { definePlugin } from ${API};\nexport default { plugins: [${plugins}] }`;
  const { run } = project(t, config(grouped('rooms', 'room')));
  t.match(await run(['rooms']), { code: 0, stdout: 'rooms\n' });
  t.match(await run(['rooms', 'list']), { code: 0, stdout: 'rooms\n' });
  t.match(await run(['room', 'new', 'blue']), { code: 0, stdout: 'rooms blue\n' });
  t.match(await run(['rooms', 'new', 'blue']), { code: 1 });
  t.match(await run(['plugins']), { stdout: /hub rooms list: lists\n +hub room new: makes one/ });
  const clash = project(t, config(grouped('rooms', 'room'), grouped('flats', 'room')));
  t.match(await clash.run(['check']), {
    code: 1,
    stderr: /plugin "flats": the commands `hub room` are already taken by plugin "rooms"/,
  });
});
