/** A hub with walkers as a process of its own, which a test may kill and start again on the same data. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { project } from '../../helpers/project.ts';
import type { Files } from './wire.ts';

const module = (name: string) =>
  JSON.stringify(new URL(`../../../plugins/${name}/index.ts`, import.meta.url).href);

/** @param cpuMs for how long a walker may run: longer than the test. */
export function killable(t: Test, files: Files, cpuMs = 8_000) {
  const made = project(
    t,
    `import topics from ${module('topics')};
import users from ${module('users')};
import walkers from ${module('walkers')};
const limits = { cpuMs: ${cpuMs}, wallMs: ${cpuMs} };
export default { limits: { stopMs: 2_000 }, plugins: [topics(), users({ hashMemory: 7168, hashPasses: 1 }), walkers({ processes: 2, limits })] };
`,
  );
  mkdirSync(join(made.folder, 'walkers'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made.folder, 'walkers', name), text);
  const start = async () => {
    const running = await made.start();
    const port = running.ports[0] ?? 0;
    return { ...running, port, origin: `http://127.0.0.1:${port}` };
  };
  return { ...made, start };
}
