import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { irrigationOn } from '../../../plugins/irrigation/index.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import { project } from '../../helpers/project.ts';
import { newUser } from '../users/helpers.ts';
import { request, startWalkers } from '../walkers/wire.ts';
import { MINUTE, openBoard, openDashboard, START, startField, testClock } from './field-kit.ts';

/** The least that the options allow. */
const QUICK = { hashMemory: 7_168, hashPasses: 1 } as const;

const FILE = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
const CONFIG = `
import irrigation from ${FILE('plugins/irrigation/index.ts')};
import topics from ${FILE('plugins/topics/index.ts')};
import users from ${FILE('plugins/users/index.ts')};
import walkers from ${FILE('plugins/walkers/index.ts')};
export default { plugins: [topics(), users(), walkers({ processes: 1 }), irrigation({ clock: 'unix-ms' })] };
`;
const RULES = readFileSync(new URL('../../../walkers/irrigation.ts', import.meta.url), 'utf8');

test('a rule is replayed over what was recorded: told is what it would have done, and nothing is done', async (t) => {
  const { folder, run, runQuickly } = project(t, CONFIG);
  const hub = await startField(t, { clock: 'unix-ms' }, { data: join(folder, 'data') });
  const [board, dashboard] = [await openBoard(t, hub, 'north'), await openDashboard(t, hub)];
  for (let minute = 0; minute < 60; minute++) {
    // Dry from minute 20 on.
    board.send({ event: 'soil_moisture', data: { time: hub.clock.now(), record: minute < 20 ? 30 : 15 } });
    await dashboard.next('soil_moisture');
    await hub.clock.advance(MINUTE);
  }
  await hub.stop();
  await mkdir(join(folder, 'walkers'));
  writeFileSync(join(folder, 'walkers/irrigation.ts'), RULES);

  const rule = JSON.stringify({ controller: 'north', zones: ['zone2'], pause: 20 });
  const prepared = await runQuickly(['walker', 'run', 'set_dry_soil', '--context', rule]);
  t.equal(prepared.code, 0, prepared.stderr);
  const span = ['--from', String(START), '--to', String(START + 60 * MINUTE)];
  const played = await run(['irrigation', 'replay', '--walker', 'dry_soil', ...span]);
  t.strictSame(played.stdout.trim().split('\n'), [
    '2026-06-01T00:29:00.000Z start {"controller":"north","zones":["zone2"],"seconds":900}',
    '2026-06-01T00:49:00.000Z start {"controller":"north","zones":["zone2"],"seconds":900}',
    'dry_soil ran 60 times; nothing was changed',
  ]);
  const clocked = ['--walker', 'irrigation_report', ...span, '--every', '30m'];
  const { stdout } = await runQuickly(['irrigation', 'replay', ...clocked]);
  t.match(stdout, /ran 2 times/);
  t.match(stdout, /00:30:00.000Z reports .*north soil_moisture: 15 to 30/);
});

const OTHERS = `
import { grant, Root, Type, walker } from 'hub:walker';
const irrigation = grant('irrigation');
export const clocked = walker({
  specs: { private: true, schedule: { trigger: 'interval', minutes: 10, context: { text: 'tick' } }, runs_for: ['users'] },
  has: { text: Type.String() },
}).entry(Root, (w) => w.report([w.text, w.user?.email, new Date().toISOString()]));
export const greedy = walker({ specs: { private: true, on: ['irrigation.*'], grants: ['irrigation'] } })
  .entry(Root, () => { irrigation.start({ controller: 'north', zones: ['z'], seconds: 5 }); });
`;

test('a replay takes triggers from the specs, acts for a user, and begins with the graph it is told to', async (t) => {
  const data = t.testdir();
  const before = await startField(t, { clock: 'unix-ms' }, { data, plugins: [topics(), users(QUICK)] });
  const [ann, ben] = [await newUser(before), await newUser(before)];
  const [board, dashboard] = [await openBoard(t, before, 'north'), await openDashboard(t, before)];
  for (let minute = 0; minute < 30; minute++) {
    board.send({ event: 'soil_moisture', data: { time: before.clock.now(), record: 15 } });
    await dashboard.next('soil_moisture');
    await before.clock.advance(MINUTE);
  }
  await before.stop();

  const rights = { [ann.id]: { see: [], command: ['north'] } };
  const irrigation = irrigationOn(testClock(START + 40 * MINUTE))({
    users: rights,
    rules: [],
    clock: 'unix-ms',
  });
  const files = { 'irrigation.ts': RULES, 'others.ts': OTHERS };
  const hub = await startWalkers(t, files, {}, { data, plugins: [irrigation] });
  const commands = hub.plugins.find(({ name }) => name === 'irrigation')?.commands ?? [];
  const replay = async (walker: string, given: object = {}) => {
    const lines: string[] = [];
    const command = commands.find(({ name }) => name === 'replay');
    const from = String(START);
    const to = String(START + 30 * MINUTE);
    await command?.run({
      args: [],
      options: { walker, from, to, ...given },
      print: (line) => lines.push(line),
    });
    return lines;
  };
  const ran = (walker: string, times: number) => `${walker} ran ${times} times; nothing was changed`;
  const starts = (zone: string, ...at: number[]) =>
    at.map((minute) => {
      const time = new Date(START + minute * MINUTE).toISOString();
      return `${time} start {"controller":"north","zones":["${zone}"],"seconds":900}`;
    });
  const rule = { controller: 'north', zones: ['own'], pause: 20 };
  await request(hub, '/walker/set_dry_soil', { token: ann.token, body: rule });
  const as = { as: ann.email };

  t.strictSame(await replay('dry_soil', as), [...starts('own', 0, 20), ran('dry_soil', 30)]);
  t.strictSame(await replay('dry_soil', { ...as, on: 'rain' }), [ran('dry_soil', 0)]);
  t.strictSame(await replay('dry_soil'), [ran('dry_soil', 30)], "the public root's graph has no thresholds");
  t.strictSame(
    await replay('dry_soil', { as: ben.email }),
    [ran('dry_soil', 0)],
    'ben may see no controller',
  );
  t.strictSame(await replay('dry_soil', { ...as, empty: true }), [ran('dry_soil', 30)]);
  const context = JSON.stringify({ controller: 'north', zones: ['tried'], pause: 10 });
  const [set, ...tried] = await replay('dry_soil', { ...as, empty: true, prepare: 'set_dry_soil', context });
  t.match(set, /^2026-06-01T00:00:00.000Z reports .*"zones":\["tried"\]/);
  t.strictSame(tried, [...starts('tried', 0, 10, 20), ran('dry_soil', 30)]);
  t.strictSame(await replay('clocked', as), [
    ...['00:10', '00:20'].map(
      (time) => `2026-06-01T${time}:00.000Z reports ["tick","${ann.email}","2026-06-01T${time}:00.000Z"]`,
    ),
    ran('clocked', 2),
  ]);

  const refused = (walker: string, given: object, message: RegExp) =>
    t.rejects(replay(walker, given), { message });
  await refused('clocked', {}, /runs for users who have it on: say for whom, with --as/);
  await refused('set_dry_soil', as, /nothing triggers set_dry_soil/);
  await refused('none', as, /there is no walker none/);
  await refused('dry_soil', { as: 'nobody@example.org' }, /--as: there is no user/);
  await refused('dry_soil', { context: '{}' }, /--context: expected --prepare/);
  await refused('dry_soil', { prepare: 'set_dry_soil', context: '[' }, /--context: expected a JSON object/);
  await refused('greedy', {}, /may not command "north"/);
});
