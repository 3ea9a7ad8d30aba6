import { randomUUID } from 'node:crypto';
import { enableCompileCache } from 'node:module';
import fc from 'fast-check';
import { test } from 'tap';
import { Compiler } from '../../../plugins/walkers/source/compile.ts';
import { translate } from '../../../plugins/walkers/source/translate.ts';
import { MemoryGraph, startPool } from './runtime-helpers.ts';

test('every way to import and export works', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `import { walker, Root } from 'hub:walker';
import first, { b as renamed, type Shape } from './lib/b.ts'
import * as all from "./lib/b.ts";
import type { Other } from './nowhere.ts';
import './c.ts';
export * from './c.ts';
export * as whole from './c.ts';
export { b, b as "b c" } from './lib/b.ts';
const local = 1, hidden = 2;
export { local as shown };
export const { x, y: [z = 3, ...rest], ...others } = { x: 1, y: [2, 4], q: 5 };
export function f() { return hidden; }
export class K { static v = 7; }
export default { a: 1 };
export const look = walker().entry(Root, (w) => w.report([first(), renamed, Object.keys(all).sort(), x, z, rest, others, f(), K.v]))`,
    'lib/b.ts': `import { c } from '../c.ts'
export interface Shape { a: number }
export const b = 'b' + c
export default function () { return 'default of b' }`,
    'c.ts': `export let c: string = 'c';`.replace('let', 'const'),
  });
  t.same(
    built.modules.map(({ path }) => path),
    ['c.ts', 'lib/b.ts', 'a.ts'],
  );
  t.same((await run(built, 'look', new MemoryGraph())).values, [
    ['default of b', 'bc', ['b', 'default'], 1, 2, [4], { q: 5 }, 2, 7],
  ]);
});

const REFUSED: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['a syntax error', { 'a.ts': 'const a = 1;\nlet b: = 3;' }, /^walkers\/a\.ts:2:8: /],
  ['an enum', { 'a.ts': '\n  enum X { A }' }, /^walkers\/a\.ts:2:3: TypeScript enum is not supported/],
  ['what is no JavaScript', { 'a.ts': 'const a = 1;\nconst a = 2;' }, /^walkers\/a\.ts:2:7: Identifier 'a'/],
  [
    'a name that is not exported',
    { 'a.ts': `import { b, Shape } from './b.ts';`, 'b.ts': 'export const b = 1; export type Shape = 1;' },
    /^walkers\/a\.ts:1:13: \.\/b\.ts does not export Shape; .*import type/,
  ],
  [
    'a name that the library does not have',
    { 'a.ts': `import { fetch } from 'hub:walker';` },
    /^walkers\/a\.ts:1:10: hub:walker does not export fetch/,
  ],
  [
    'a circle',
    { 'a.ts': `import './b.ts';`, 'b.ts': `import './c.ts';`, 'c.ts': `\nimport './b.ts';` },
    /^walkers\/c\.ts:2:1: .*walkers\/b\.ts → walkers\/c\.ts → walkers\/b\.ts/,
  ],
  ['export let', { 'a.ts': 'export let a = 1;' }, /^walkers\/a\.ts:1:1: export let is not available/],
  ['an import without .ts', { 'a.ts': `import './b';` }, /the name of a file ends in \.ts/],
  ['return at the top', { 'a.ts': 'return 1;' }, /^walkers\/a\.ts:1:1/],
];

test('what is refused is told with its place', async (t) => {
  const { build } = startPool(t, { processes: 0 });
  for (const [name, files, message] of REFUSED)
    await t.rejects(build(files), { name: 'SourceError', message }, name);
});

test('text that breaks the parser costs only its own file', async (t) => {
  const compiler = new Compiler();
  t.teardown(() => compiler.stop());
  const deep = `const a = ${'['.repeat(100_000)}`;
  const [broken, good] = await Promise.allSettled([
    compiler.translate('deep.ts', deep),
    // Not one that is known from before.
    compiler.translate('good.ts', `export const a: string = '${randomUUID()}';`),
  ]);
  t.match(broken, {
    status: 'rejected',
    reason: { message: /^walkers\/deep\.ts: the code cannot be parsed/ },
  });
  t.match(good, { status: 'fulfilled' });
});

test('what was translated before needs no process, as at the next start of a hub', async (t) => {
  enableCompileCache();
  const { execPath } = process;
  const compilers = [new Compiler(), new Compiler()] as const;
  t.teardown(() => {
    process.execPath = execPath;
    for (const compiler of compilers) compiler.stop();
  });
  const [before, after] = compilers;
  const source = `export const a: string = '${randomUUID()}';`;
  const made = await before.translate('a.ts', source);
  await t.rejects(before.translate('b.ts', 'export let a;'), { message: /walkers\/b\.ts:1:1/ });
  process.execPath = '/nonexistent/node';
  t.strictSame(await after.translate('a.ts', source), made);
  for (const [path, other] of [
    ['a.ts', `${source}\n`],
    ['c.ts', source],
    ['b.ts', 'export let a;'],
  ] as const)
    await t.rejects(after.translate(path, other), { message: /the compiler/ }, 'anything else needs one');
});

test('lines and columns stay what they are', async () => {
  const piece = fc.constantFrom(
    `import { a1 } from './x.ts';\n`,
    `import a2, { \n b2 } from './x.ts'\n`,
    `export const c1: number = 1\n`,
    `export { c2 as d }\n`,
    `const c2 = 'é😀\\u2028';\n`,
    `export * from './y.ts'; /* after */\n`,
    `export default class {\n}\n`,
    `export function f<T>(x: T): T { return x }\n`,
    '\r\n// comment\n',
  );
  fc.assert(
    fc.property(fc.uniqueArray(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
      const source = `const c2$ = 0;\n${pieces.join('')}${pieces.some((one) => one.startsWith('const c2')) ? '' : 'const c2 = 1;'}\nlast();`;
      const lines = translate('a.ts', source).code.split('\n').slice(1);
      for (const [i, line] of source.split('\n').entries()) {
        const kept = lines[i] ?? '';
        for (const word of ['const', 'function', 'last', 'after', 'comment', 'return']) {
          if (line.includes(word) && kept.indexOf(word) !== line.indexOf(word))
            return word === 'const' && line.includes('default');
        }
      }
      return true;
    }),
  );
});
