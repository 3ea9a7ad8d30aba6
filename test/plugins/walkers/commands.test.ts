import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { command } from '../../helpers/commands.ts';
import { FILES, withWalkers } from './command-project.ts';

test('hub walkers lists files, versions, walkers, and why a file does not load', async (t) => {
  const { run, startHere } = withWalkers(t, FILES);
  const { code, stdout } = await run(['walkers']);
  t.equal(code, 0);
  const expected =
    /^bad\.ts {2}-{8} {2}no walkers\n {2}does not load: walkers\/bad\.ts:2:\d+: .*\ngood\.ts {2}[0-9a-f]{8}\n {2}count {2}post; on a\.b; Counts\.\n {2}fails {2}private\n$/;
  t.match(stdout, expected);
  t.equal((await command(await startHere(), 'walkers', 'list')).join('\n'), stdout.trimEnd());
  const none = await withWalkers(t, {}).startHere();
  t.match(await command(none, 'walkers', 'list'), [/^no walkers in .*hub walker new/]);
});

test('hub walker new writes a walker that runs, and never over a file', async (t) => {
  const { run, startHere, walkers } = withWalkers(t, {});
  t.match(await run(['walker', 'new', 'greet']), { code: 0, stdout: /wrote .*greet\.ts/ });
  t.match(readFileSync(join(walkers, 'greet.ts'), 'utf8'), /export const greet = walker/);
  const hub = await startHere();
  const first = await command(hub, 'walker', 'run', ['greet'], { context: '{"name":"Ann"}' });
  t.ok(first.includes('report {"greeting":"Hello Ann","times":1}'));
  const make = (name: string) => command(hub, 'walker', 'new', [name]);
  await t.rejects(make('greet'), { message: /is there already/ });
  await t.rejects(make('../x'), { message: /letters, digits and _/ });
  await hub.stop();
  const again = await command(await startHere(), 'walker', 'run', ['greet']);
  t.ok(again.includes('report {"greeting":"Hello world","times":2}'), 'it is stored');
});

test('hub walkers shows schedules, and why a file with a wrong one does not load', async (t) => {
  const clock = (name: string, schedule: string) => `import { Root, walker } from 'hub:walker';
export const ${name} = walker({ specs: { schedule: ${schedule} } }).entry(Root, () => {});
`;
  const hub = await withWalkers(t, {
    'right.ts': clock('right', `{ trigger: 'interval', hours: 1 }`),
    'wrong.ts': clock('wrong', `{ trigger: 'cron', hour: 25 }`),
  }).startHere();
  t.match(await command(hub, 'walkers', 'list'), [
    /^right\.ts/,
    '  right  post; schedule interval',
    /^wrong\.ts/,
    /does not load: .*specs of wrong: schedule: .*hour/,
  ]);
});
