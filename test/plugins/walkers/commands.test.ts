import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { FILES, withWalkers } from './command-project.ts';

test('hub walkers lists files, versions, walkers, and why a file does not load', async (t) => {
  const { run } = withWalkers(t, FILES);
  for (const args of [['walkers'], ['walkers', 'list']]) {
    const { code, stdout } = await run(args);
    t.equal(code, 0);
    t.match(
      stdout,
      /^bad\.ts {2}-{8} {2}no walkers\n {2}does not load: walkers\/bad\.ts:2:\d+: .*\ngood\.ts {2}[0-9a-f]{8}\n {2}count {2}post; on a\.b; Counts\.\n {2}fails {2}private\n$/,
    );
  }
  t.match(await withWalkers(t, {}).run(['walkers']), { code: 0, stdout: /no walkers in .*hub walker new/ });
});

test('hub walker new writes a walker that runs, and never over a file', async (t) => {
  const { run, walkers } = withWalkers(t, {});
  t.match(await run(['walker', 'new', 'greet']), { code: 0, stdout: /wrote .*greet\.ts/ });
  t.match(readFileSync(join(walkers, 'greet.ts'), 'utf8'), /export const greet = walker/);
  const first = await run(['walker', 'run', 'greet', '--context', '{"name":"Ann"}']);
  t.match(first, { code: 0, stdout: /report \{"greeting":"Hello Ann","times":1\}/ });
  t.match(await run(['walker', 'run', 'greet']), { stdout: /"Hello world","times":2/ }, 'it is stored');
  t.match(await run(['walker', 'new', 'greet']), { code: 1, stderr: /is there already/ });
  t.match(await run(['walker', 'new', '../x']), { code: 1, stderr: /letters, digits and _/ });
});

test('hub walkers shows schedules, and why a file with a wrong one does not load', async (t) => {
  const clock = (schedule: string) => `import { Root, walker } from 'hub:walker';
export const tick = walker({ specs: { schedule: ${schedule} } }).entry(Root, () => {});
`;
  const wrong = withWalkers(t, { 'clock.ts': clock(`{ trigger: 'cron', hour: 25 }`) });
  t.match(await wrong.run(['walkers']), { stdout: /does not load: .*specs of tick: schedule: .*hour/ });
  const right = withWalkers(t, { 'clock.ts': clock(`{ trigger: 'interval', hours: 1 }`) });
  t.match(await right.run(['walkers']), { stdout: /tick {2}post; schedule interval\n/ });
});
