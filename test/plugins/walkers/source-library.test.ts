import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WalkerLibrary } from '../../../plugins/walkers/runtime/library.ts';
import { DEFAULT_LIMITS } from '../../../plugins/walkers/runtime/limits.ts';
import { startPool } from './runtime-helpers.ts';

const greet = (text: string, name = 'greet', specs = '') => `import { walker, Root } from 'hub:walker';
export const ${name} = walker(${specs}).entry(Root, (w) => w.report('${text}'));`;

function openLibrary(t: Test, folder: string) {
  const { pool } = startPool(t);
  const library = new WalkerLibrary({ folder, pool, limits: DEFAULT_LIMITS });
  t.teardown(() => library.close());
  const errors = () => library.files.flatMap(({ error }) => error ?? []);
  const names = () => [...library.walkers.keys()].sort();
  return { library, errors, names };
}

test('walkers are found with their specs and limits; a folder that is not there has none', async (t) => {
  const folder = t.testdir({
    'a.ts': greet('a', 'a', `{ specs: { methods: ['get'], limits: { cpuMs: 7, reports: 1e9 } } }`),
    'b.d.ts': 'export {}',
    'b.test.ts': 'throw 1',
    'notes.md': '',
    lib: { 'c.ts': greet('c', 'c') },
  });
  const { library, names } = openLibrary(t, folder);
  await library.load();
  t.same(names(), ['a']);
  t.match(library.walkers.get('a'), {
    file: 'a.ts',
    specs: { methods: ['get'], auth: true, entry_type: 'BOTH' },
    limits: { cpuMs: 7, reports: DEFAULT_LIMITS.reports },
  });
  const empty = openLibrary(t, join(folder, 'none'));
  t.same(await empty.library.load(), []);
});

test('a file that does not load keeps the old version and says why', async (t) => {
  const folder = t.testdir({ 'a.ts': greet('one') });
  const { library, errors, names } = openLibrary(t, folder);
  await library.load();
  const first = library.walkers.get('greet');
  for (const [text, message] of [
    ['const x: = 1', /^walkers\/a\.ts:1:10: /],
    [`import { walker } from 'hub:walker';\nwalker().entry(1);`, /^walkers\/a\.ts:2:10: .*entry\(\) takes/],
    [
      greet('x', 'greet', `{ specs: { methods: ['fetch'] } }`),
      /^walkers\/a\.ts: specs of greet: \/methods\/0 must be/,
    ],
    [greet('x', 'greet', `{ specs: { method: [] } }`), /unknown property "method"/],
  ] as const) {
    writeFileSync(join(folder, 'a.ts'), text);
    const [changed] = await library.load();
    t.match(changed?.error, message);
    t.equal(library.walkers.get('greet'), first);
  }
  t.same(await library.load(), [], 'told once');
  writeFileSync(join(folder, 'a.ts'), greet('two'));
  await library.load();
  t.same([errors(), names()], [[], ['greet']]);
  t.not(library.walkers.get('greet'), first);
  rmSync(join(folder, 'a.ts'));
  await library.load();
  t.same(names(), []);
});

test('two walkers of one name: the error names both files, and ends when one of them goes', async (t) => {
  const folder = t.testdir({ 'a.ts': greet('a'), 'b.ts': greet('b') });
  const { library, errors, names } = openLibrary(t, folder);
  await library.load();
  t.same(errors(), ['walkers/b.ts: a walker greet is in walkers/a.ts, too']);
  t.same(names(), ['greet']);
  writeFileSync(join(folder, 'a.ts'), greet('a', 'other'));
  await library.load();
  t.same([errors(), names()], [[], ['greet', 'other']]);
  writeFileSync(join(folder, 'a.ts'), greet('a'));
  writeFileSync(join(folder, 'b.ts'), greet('b', 'other'));
  await library.load();
  t.same([errors(), names()], [[], ['greet', 'other']], 'names may change places');
});

test('an import changes what imports it; links may not lead out of the folder', async (t) => {
  const folder = t.testdir({
    walkers: {
      'a.ts': `import { text } from './lib/text.ts';\n${greet('x').replace(`'x'`, 'text')}`,
      lib: { 'text.ts': `export const text = 'one';` },
    },
    'secret.ts': `export const text = 'secret';`,
  });
  const inside = join(folder, 'walkers');
  const { library, errors } = openLibrary(t, inside);
  await library.load();
  const before = library.walkers.get('greet')?.bundle.hash;
  writeFileSync(join(inside, 'lib/text.ts'), `export const text = 'two';`);
  t.equal((await library.load()).length, 1);
  t.not(library.walkers.get('greet')?.bundle.hash, before);
  rmSync(join(inside, 'lib/text.ts'));
  symlinkSync(join(folder, 'secret.ts'), join(inside, 'lib/text.ts'));
  await library.load();
  t.match(errors(), [/^walkers\/a\.ts:1:1: lib\/text\.ts leads out of the folder/]);
  rmSync(join(inside, 'lib/text.ts'));
  await library.load();
  t.match(errors(), [/^walkers\/a\.ts:1:1: lib\/text\.ts cannot be found/]);
});

test('files that are too large or not UTF-8 are refused', async (t) => {
  const folder = t.testdir({ 'a.ts': 'x'.repeat(300_000) });
  writeFileSync(join(folder, 'b.ts'), Buffer.from([0x27, 0xff, 0x27]));
  const { library, errors } = openLibrary(t, folder);
  await library.load();
  t.match(errors(), [/^walkers\/a\.ts: has 300000 bytes; at most 262144/, /^walkers\/b\.ts: is not UTF-8/]);
});

test('saving is noticed: in place, by rename, in a folder below, and in a folder made later', async (t) => {
  const folder = join(t.testdir({}), 'walkers');
  const { library, names } = openLibrary(t, folder);
  let notify = Promise.withResolvers<void>();
  library.watch(() => {
    notify.resolve();
    notify = Promise.withResolvers<void>();
  });
  const until = async (what: () => boolean) => {
    while (!what()) await notify.promise;
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.ts'), greet('one'));
  await until(() => names().includes('greet'));
  writeFileSync(join(folder, 'a.ts~'), greet('two', 'renamed'));
  renameSync(join(folder, 'a.ts~'), join(folder, 'a.ts'));
  await until(() => names().includes('renamed'));
  mkdirSync(join(folder, 'lib'));
  writeFileSync(join(folder, 'lib/t.ts'), 'export const t = 1;');
  writeFileSync(join(folder, 'b.ts'), `import { t } from './lib/t.ts';\n${greet('b', 'below')}`);
  await until(() => names().includes('below'));
  const { hash } = library.walkers.get('below')?.bundle ?? {};
  writeFileSync(join(folder, 'lib/t.ts'), 'export const t = 2;');
  await until(() => library.walkers.get('below')?.bundle.hash !== hash);
  t.pass('all were noticed');
});
