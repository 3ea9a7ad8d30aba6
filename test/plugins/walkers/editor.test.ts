/** What an editor knows of a walker file: that is what the compiler says with the tsconfig.json nearest to it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { skeleton } from '../../../plugins/walkers/skeleton.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const WALKERS = join(ROOT, 'walkers');
// Not the command itself: tap's hooks, which every process of a test gets, take a file without an extension for CommonJS.
const TSC = join(ROOT, 'node_modules/typescript/lib/tsc.js');

/** Errors as `file:line: message`. */
function compile(project: string): Promise<string[]> {
  return new Promise((done, failed) => {
    execFile(process.execPath, [TSC, '-p', project, '--pretty', 'false'], (error, stdout, stderr) => {
      if (stderr !== '') return failed(error ?? new Error(stderr));
      const errors = stdout.matchAll(/^(?:.*\/)?([\w-]+\.ts)\((\d+),\d+\): error TS\d+: (.*)$/gm);
      done([...errors].map(([, file, line, message]) => `${file}:${line}: ${message}`));
    });
  });
}

/** A folder of walkers as `walkers/` is one, elsewhere. */
function folderOf(t: Test, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wayhub-editor-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = readFileSync(join(WALKERS, 'tsconfig.json'), 'utf8').replace(/^\/\/.*$/gm, '');
  const include: readonly string[] = JSON.parse(config).include;
  const others = include.filter((path) => path !== '.').map((path) => resolve(WALKERS, path));
  const own = { extends: join(WALKERS, 'tsconfig.json'), include: ['.', ...others] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(own));
  return folder;
}

test('an editor knows hub:walker, console and other files with no set-up', async (t) => {
  const folder = folderOf(t, {
    'shapes.ts': `import { node, Type } from 'hub:walker';
export const A = node('A', { val: Type.Integer() });`,
    'count.ts': `import { Root, socket, walker } from 'hub:walker';
import { A } from './shapes.ts';
export const count = walker({ has: {} }).entry(Root, (w, here) => {
  console.log('counting', here.out(A).map(({ val }) => val));
  socket.notify_self({ at: new Date().toISOString() });
  w.report(new Set([1]).union(new Set([2])).size);
  here.out(A)[0]?.wrong;
});`,
  });
  t.match(await compile(folder), [/^count\.ts:7: Property 'wrong' does not exist/], 'and what is wrong');
});

test('an editor does not know what walkers do not have', async (t) => {
  const names = [
    'process',
    'Buffer',
    'setTimeout',
    'fetch',
    'document',
    'window',
    'require',
    'structuredClone',
  ];
  const folder = folderOf(t, {
    'none.ts': `${names.join(';\n')};\nimport 'node:fs';\nconsole.table([]);\nexport {};`,
  });
  const errors = await compile(folder);
  t.strictSame(
    names.filter(
      (name, i) => !errors.some((one) => one.startsWith(`none.ts:${i + 1}: Cannot find name '${name}'`)),
    ),
    [],
  );
  t.match(errors.slice(names.length), [/node:fs/, /'table' does not exist/]);
});

test('an editor knows the functions that a plugin declares', async (t) => {
  const folder = folderOf(t, {
    'irrigation.d.ts': `declare module 'hub:walker' {
  interface Grants { irrigation: { open(given: { valve: string }): { until: string } } }
}
export {};`,
    'water.ts': `import { grant, Root, walker } from 'hub:walker';
const irrigation = grant('irrigation');
export const water = walker({ specs: { grants: ['irrigation'] } }).entry(Root, (w) => {
  const { until } = irrigation.open({ valve: 'a' });
  w.report(until.length);
  irrigation.open({ valve: 1 });
  irrigation.shut();
});
grant('heating');`,
  });
  t.match(await compile(folder), [
    /^water\.ts:6: Type 'number' is not assignable to type 'string'/,
    /^water\.ts:7: Property 'shut' does not exist/,
    /^water\.ts:9: Argument of type '"heating"'/,
  ]);
});

test('the walkers that ship are seen so', async (t) => {
  t.strictSame(await compile(WALKERS), []);
});

test('what hub walker new writes is right', async (t) => {
  t.strictSame(await compile(folderOf(t, { 'greet.ts': skeleton('greet') })), []);
});
