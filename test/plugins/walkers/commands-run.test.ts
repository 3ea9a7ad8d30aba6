import { test } from 'tap';
import { newUser } from '../users/helpers.ts';
import { FILES, WITH_GRANTS, withWalkers } from './command-project.ts';

test('hub walker run prints log, notifications, reports and cost', async (t) => {
  const { run } = withWalkers(t, FILES);
  const { code, stdout, stderr } = await run(['walker', 'run', 'count', '--context', '{"to":2}']);
  t.equal(code, 0, stderr);
  t.match(stdout.split('\n'), [
    'log info to 2',
    'notify self {"n":1}',
    'notify self {"n":2}',
    'notify users n::000000000000000000000001 {"done":true}',
    'topic counted {"to":2}',
    'report 1',
    'report 2',
    'report null',
    'status 202',
    /^cost \d+\.\d ms CPU, \d+\.\d ms in all, \d+\.\d MB heap, \d+ reads, 0 writes$/,
    '',
  ]);
});

test('hub walker run acts for a user, and says what is wrong', async (t) => {
  const { run, start } = withWalkers(t, FILES);
  const fails = async (args: string[], stderr: RegExp) =>
    t.match(await run(['walker', 'run', ...args]), { code: 1, stderr });
  await fails(['fails'], /^hub: fails failed \(error\): walkers\/good\.ts:13:9: no luck\n$/);
  await fails(['count', '--context', '{"to":"x"}'], /failed \(invalid\)/);
  await fails(['count', '--context', '[1]'], /^hub: --context must be a JSON object, found \[1\]\n$/);
  await fails(['count', '--as', 'eve@example.org'], /^hub: there is no account eve@example\.org\n$/);
  await fails(
    ['broken'],
    /^hub: there is no walker broken; these files do not load:\n {2}walkers\/bad\.ts:2/,
  );
  await fails(['count', '--context', '{"to":1}', '--node', 'n:A:0'], /forbidden/);
  const { ports } = await start();
  const { email } = await newUser({ origin: `http://127.0.0.1:${ports[0]}` });
  const acting = await run(['walker', 'run', 'count', '--context', '{"to":0}', '--as', email]);
  t.match(acting, { code: 0, stdout: `report "${email}"` }, 'beside a running hub');
});

test('hub walker run calls functions of plugins, hub walker grants shows them', async (t) => {
  const water = `import { grant, Root, walker } from 'hub:walker';
const orchard = grant('orchard');
export const water = walker({ specs: { grants: ['orchard'] } })
  .entry(Root, (w) => w.report(orchard.open({ valve: 'a' })));
`;
  const { run } = withWalkers(t, { 'water.ts': water }, WITH_GRANTS);
  t.match(await run(['walker', 'run', 'water']), { code: 0, stdout: /^report \{"minutes":5\}$/m });
  t.match(await run(['walkers']), { stdout: /water {2}post; grants orchard\n/ });
  t.match((await run(['walker', 'grants'])).stdout.split('\n'), [
    'orchard.open',
    '  Opens a valve.',
    /^ {2}given \{.*"valve".*\}$/,
    /^ {2}result \{.*"minutes".*\}$/,
    'orchard.moisture',
  ]);
});
