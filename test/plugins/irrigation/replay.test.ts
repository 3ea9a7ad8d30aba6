import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'tap';
import { project } from '../../helpers/project.ts';
import { MINUTE, openBoard, openDashboard, START, startField } from './field-kit.ts';

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
  const { folder, run } = project(t, CONFIG);
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
  const prepared = await run(['walker', 'run', 'set_dry_soil', '--context', rule]);
  t.equal(prepared.code, 0, prepared.stderr);
  const span = ['--from', String(START), '--to', String(START + 60 * MINUTE)];
  const played = await run(['irrigation', 'replay', '--walker', 'dry_soil', ...span]);
  t.strictSame(played.stdout.trim().split('\n'), [
    '2026-06-01T00:29:00.000Z start {"controller":"north","zones":["zone2"],"seconds":900}',
    '2026-06-01T00:49:00.000Z start {"controller":"north","zones":["zone2"],"seconds":900}',
    'dry_soil ran 60 times; nothing was changed',
  ]);
  const clocked = await run([
    'irrigation',
    'replay',
    '--walker',
    'irrigation_report',
    ...span,
    '--every',
    '30m',
  ]);
  t.match(clocked.stdout, /ran 2 times/);

  t.match(clocked.stdout, /00:30:00.000Z reports .*north soil_moisture: 15 to 30/);
});
