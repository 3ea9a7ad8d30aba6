import { test } from 'tap';
import { command } from '../../helpers/commands.ts';
import { newUser } from '../users/helpers.ts';
import { FILES, WITH_GRANTS, withWalkers } from './command-project.ts';
import { orchard } from './orchard.ts';
import { PUBLIC_ROOT } from './wire.ts';

const COST = /^cost \d+\.\d ms CPU, \d+\.\d ms in all, \d+\.\d MB heap, \d+ reads, 0 writes$/;

/** What `count` prints. */
const counted = (to: number, root: string, email: string | null) => {
  const numbers = Array.from({ length: to }, (_, i) => i + 1);
  return [
    `log info to ${to}`,
    ...numbers.map((n) => `notify self {"n":${n}}`),
    `notify users ${root} {"done":true}`,
    `topic counted {"to":${to}}`,
    ...numbers.map((n) => `report ${n}`),
    `report ${JSON.stringify(email)}`,
    'status 202',
    COST,
  ];
};

test('hub walker run prints log, notifications, reports and cost, beside a running hub and for a user', async (t) => {
  const { run, startHere } = withWalkers(t, FILES);
  const hub = await startHere();
  const { email, id } = await newUser(hub);
  const { code, stdout, stderr } = await run([
    ...['walker', 'run', 'count', '--context', '{"to":2}', '--as', email],
  ]);
  t.equal(code, 0, stderr);
  t.match(stdout.split('\n'), [...counted(2, `n::${id}`, email), '']);
  const failed = await run(['walker', 'run', 'fails']);
  t.match(failed, { code: 1, stderr: /^hub: fails failed \(error\): walkers\/good\.ts:13:9: no luck\n$/ });
});

test('hub walker run acts for nobody in particular, and says what is wrong', async (t) => {
  const hub = await withWalkers(t, FILES).startHere();
  const walk = (name: string, options: Record<string, string> = {}) =>
    command(hub, 'walker', 'run', [name], options);
  t.match(await walk('count', { context: '{"to":1}' }), counted(1, PUBLIC_ROOT, null));
  const fails = (name: string, options: Record<string, string>, message: RegExp | string) =>
    t.rejects(walk(name, options), { message }, JSON.stringify([name, options]));
  await fails('count', { context: '{"to":"x"}' }, /failed \(invalid\)/);
  await fails('count', { context: '[1]' }, '--context must be a JSON object, found [1]');
  await fails('count', { as: 'eve@example.org' }, 'there is no account eve@example.org');
  await fails('broken', {}, /^there is no walker broken; these files do not load:\n {2}walkers\/bad\.ts:2/);
  await fails('count', { context: '{"to":1}', node: 'n:A:0' }, /forbidden/);
});

test('hub walker run calls functions of plugins, hub walker grants shows them', async (t) => {
  const water = `import { grant, Root, walker } from 'hub:walker';
const orchard = grant('orchard');
export const water = walker({ specs: { grants: ['orchard'] } })
  .entry(Root, (w) => w.report(orchard.open({ valve: 'a' })));
`;
  const { run, startHere } = withWalkers(t, { 'water.ts': water }, WITH_GRANTS);
  const hub = await startHere({ plugins: [orchard().plugin] });
  t.match(await command(hub, 'walker', 'run', ['water']), ['report {"minutes":5}', COST]);
  t.match(await command(hub, 'walkers', 'list'), [/^water\.ts/, '  water  post; grants orchard']);
  t.match((await run(['walker', 'grants'])).stdout.split('\n'), [
    'orchard.open',
    '  Opens a valve.',
    /^ {2}given \{.*"valve".*\}$/,
    /^ {2}result \{.*"minutes".*\}$/,
    'orchard.moisture',
  ]);
});
