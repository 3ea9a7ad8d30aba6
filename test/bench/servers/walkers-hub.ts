/** A hub with walkers, a typed echo on an endpoint beside them, and a route that saves a new walker file. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlugin } from '../../../core/index.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import walkers from '../../../plugins/walkers/index.ts';
import { Echo } from '../wire.ts';
import { startBenchHub } from './hub-start.ts';

const SCRIPTS = new URL('./walkers/bench.ts', import.meta.url);

/** @returns the port. */
export async function startWalkersHub(): Promise<number> {
  const folder = join(process.env.HUB_DATA ?? 'data', 'walkers');
  mkdirSync(folder, { recursive: true });
  copyFileSync(SCRIPTS, join(folder, 'bench.ts'));
  const beside = definePlugin({
    name: 'beside',
    api: '^1.0.0',
    setup(hub) {
      const endpoint = hub.endpoint('/', { envelope: { type: 'type', content: 'content' } });
      const echoed = endpoint.emits('ECHOED', Echo, { overflow: 'close' });
      endpoint.on('ECHO', Echo, (content) => echoed(content));
      hub.http.post<{ Params: { name: string } }>('/save/:name', ({ params: { name } }) => {
        const source = `import { walker } from 'hub:walker';\nexport const ${name} = walker({ specs: { auth: false } });\n`;
        writeFileSync(join(folder, `${name}.ts`), source);
        return {};
      });
    },
  });
  return startBenchHub([beside(), users(), topics(), walkers({ folder, processes: 1 })]);
}
