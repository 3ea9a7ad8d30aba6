/**
 * A hub with walkers, and beside them a typed echo: at `/`, and at `/busy`, where a walker loops for ever as long as somebody is
 * connected. `POST /save/<name>` saves a new walker file.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlugin } from '../../../core/index.ts';
import topics from '../../../plugins/topics/index.ts';
import users from '../../../plugins/users/index.ts';
import walkers from '../../../plugins/walkers/index.ts';
import { Echo } from '../wire.ts';
import { startBenchHub } from './hub-start.ts';

const SCRIPTS = new URL('./walkers/bench.ts', import.meta.url);
const folder = join(process.env.HUB_DATA ?? 'data', 'walkers');
mkdirSync(folder, { recursive: true });
copyFileSync(SCRIPTS, join(folder, 'bench.ts'));

let connected = 0;
/** As soon as a limit ends one loop, the next begins. */
async function loop(): Promise<void> {
  while (connected > 0) await fetch(`http://127.0.0.1:${port}/walker/loop`, { method: 'POST' });
}

const beside = definePlugin({
  name: 'beside',
  api: '^1.0.0',
  setup(hub) {
    for (const path of ['/', '/busy']) {
      const endpoint = hub.endpoint(path, { envelope: { type: 'type', content: 'content' } });
      const echoed = endpoint.emits('ECHOED', Echo, { overflow: 'close' });
      endpoint.on('ECHO', Echo, (content) => echoed(content));
    }
    hub.hooks.opened.tap(({ path }) => {
      if (path === '/busy' && ++connected === 1) void loop();
    });
    hub.hooks.closed.tap(({ connection: { path } }) => {
      if (path === '/busy') connected--;
    });
    hub.http.post<{ Params: { name: string } }>('/save/:name', ({ params: { name } }) => {
      const source = `import { walker } from 'hub:walker';\nexport const ${name} = walker({ specs: { auth: false } });\n`;
      writeFileSync(join(folder, `${name}.ts`), source);
      return {};
    });
  },
});

const port = await startBenchHub([beside(), users(), topics(), walkers({ folder, processes: 1 })]);
