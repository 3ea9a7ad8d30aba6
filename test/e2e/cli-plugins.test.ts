import { join } from 'node:path';
import { test } from 'tap';
import { API, project } from '../helpers/project.ts';
import { CHAT } from './chat-plugin.ts';

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
  t.match(await none.runQuickly(['plugins']), { code: 0, stdout: 'no plugin is enabled\n' });
});

test('commands of plugins get their arguments, options and the store', async (t) => {
  const { run, runQuickly } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const first = await run(['chat', 'say', 'hello', '--loud', '--as', 'ann', 'there']);
  t.match(first, { code: 0, stderr: '' });
  t.match(JSON.parse(first.stdout), {
    args: ['hello', 'there'],
    options: { loud: true, as: 'ann' },
    before: [],
  });
  const second = await runQuickly(['chat', 'say', 'bye']);
  t.match(JSON.parse(second.stdout), { args: ['bye'], options: {}, before: ['hello'] });
  t.match(await runQuickly(['chat', '--help']), {
    code: 0,
    stdout: /Usage: hub chat .*say \[options\] <word> \[more\] +says it/s,
  });
  t.match(await runQuickly(['chat', 'say', '--help']), { code: 0, stdout: /--as <user> +who says it/ });
});

test('commands that do not exist or fail end with a message and exit code 1', async (t) => {
  const { runQuickly } = project(t, `${CHAT} export default { plugins: [chat()] }`);
  const fails = async (args: string[], stderr: RegExp) =>
    t.match(await runQuickly(args), { code: 1, stdout: '', stderr });
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
  const { runQuickly } = project(t, config(grouped('rooms', 'room')));
  t.match(await runQuickly(['rooms']), { code: 0, stdout: 'rooms\n' });
  t.match(await runQuickly(['rooms', 'list']), { code: 0, stdout: 'rooms\n' });
  t.match(await runQuickly(['room', 'new', 'blue']), { code: 0, stdout: 'rooms blue\n' });
  t.match(await runQuickly(['rooms', 'new', 'blue']), { code: 1 });
  t.match(await runQuickly(['plugins']), { stdout: /hub rooms list: lists\n +hub room new: makes one/ });
  const clash = project(t, config(grouped('rooms', 'room'), grouped('flats', 'room')));
  t.match(await clash.runQuickly(['check']), {
    code: 1,
    stderr: /plugin "flats": the commands `hub room` are already taken by plugin "rooms"/,
  });
});
