/** A project with the plugin and walkers of a test's own, for the command line; and a hub of this process with the same. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { project } from '../../helpers/project.ts';
import { type Files, startWalkers, type WalkersOptions } from './wire.ts';

const module = (name: string) =>
  JSON.stringify(new URL(`../../../plugins/${name}/index.ts`, import.meta.url).href);
const CONFIG = `
import topics from ${module('topics')};
import users from ${module('users')};
import walkers from ${module('walkers')};
export default { plugins: [topics(), users({ hashMemory: 7168, hashPasses: 1 }), walkers({ processes: 1 })] };
`;

/** The same with functions for walkers. */
export const WITH_GRANTS = CONFIG.replace(
  'export default { plugins: [',
  `import { orchard } from ${JSON.stringify(new URL('./orchard.ts', import.meta.url).href)};
export default { plugins: [orchard().plugin, `,
);

export function withWalkers(t: Test, files: Files, config = CONFIG) {
  const made = project(t, config);
  const walkers = join(made.folder, 'walkers');
  mkdirSync(walkers);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(walkers, name), text);
  const data = join(made.folder, 'data');
  /** A hub on the same walkers and the same data. */
  const startHere = (more: WalkersOptions = {}) =>
    startWalkers(t, {}, { folder: walkers }, { data, ...more });
  return { ...made, walkers, startHere };
}

/** A file that loads and one that does not. */
export const FILES = {
  'good.ts': `
import { Root, socket, topics, Type, walker } from 'hub:walker';
export const count = walker({ specs: { summary: 'Counts.', on: ['a.b'] }, has: { to: Type.Integer() } })
  .entry(Root, (w) => {
    console.log('to', w.to);
    for (let n = 1; n <= w.to; n++) { socket.notify_self({ n }); w.report(n); }
    socket.notify_users([w.root.id], { done: true });
    topics.publish('counted', { to: w.to });
    w.report(w.user?.email ?? null);
    w.status(202);
  });
export const fails = walker({ specs: { private: true } }).entry(Root, () => {
  throw new Error('no luck');
});
`,
  'bad.ts': `import { walker } from 'hub:walker';\nexport const broken = walker(;\n`,
};
