import { test } from 'tap';
import { translate } from '../../../plugins/walkers/source/translate.ts';
import { MemoryGraph, startPool } from './runtime-helpers.ts';

const LIBRARY = `import { walker, node, edge, Root, AnyNode, Type, spawn, grant } from 'hub:walker';`;
const isConstant = (source: string) => translate('a.ts', `${LIBRARY}\n${source}`).isConstant;

test('a file with nothing at its top that a run could leave something in is evaluated once', async (t) => {
  for (const source of [
    `export const x = walker().entry(Root, (w) => w.report(1)).exit([Root, AnyNode], function (w) { w.visit(w.root); });`,
    `const specs = { methods: ['post'] } as const;\nexport const x = walker({ specs, has: { n: Type.Integer({ default: -1 }) } });`,
    `export const A = node('A', { s: Type.Enum({ on: 1, off: 0 }), t: Type.Array(Type.String(), { default: [] }) });`,
    `import { helper } from './other.ts';\nexport { helper };\nexport * from './more.ts';`,
    `function half(n: number): number { const seen = []; seen.push(n); return n / 2; }\nexport const y = half;`,
    `export const LIMIT = 5, NAME = \`a\`, one = Type.Integer, irrigation = grant('irrigation');`,
    `type T = { a: 1 };\ninterface I { b: 2 }\nexport const z = 1 as unknown as T;`,
  ]) {
    t.equal(isConstant(source), true, source);
  }
});

test('a file with anything that could hold what a run left there is evaluated for every run', async (t) => {
  for (const source of [
    `let count = 0;`,
    `var count = 0;`,
    `const seen = [];\nexport const x = walker().entry(Root, () => seen.push(1));`,
    `export const shared = { n: 0 };`,
    `const shared = { n: 0 };\nexport { shared };`,
    `const shared = { n: 0 };\nconst other = shared;\nexport const x = walker().entry(Root, () => { other.n++; });`,
    `const shared = { in: { n: 0 } };\nconst other = shared.in;\nexport const x = walker().entry(Root, () => { other.n++; });`,
    `const { n } = { n: 1 };`,
    `const seen = new Map();`,
    `const word = /a/g;`,
    `class Count { static #n = 0; static next() { return Count.#n++; } }`,
    `const Count = class { static n = 0; };`,
    `const next = (() => { let n = 0; return () => n++; })();`,
    `const make = () => { let n = 0; return () => n++; };\nconst next = make();`,
    `const next = Type.constructor([0]).map(() => { let n = 0; return () => n++; });`,
    `const next = Type['Integer']();`,
    `const walk = spawn(walker(), Root);`,
    `const word = \`\${{ toString() { return 'a'; } }}\`;`,
    `const all = [...[1]];`,
    `const o = { get n() { return 1; } };`,
    `const x = walker({ has: { f: Type.Enum({ a: { n: 1 } }) } });`,
    `const f = function own() { own.n = 1; };`,
    `function count() {}\nexport const x = walker().entry(Root, () => { count = () => 1; });`,
    `function count() {}\nexport const x = walker().entry(Root, () => { ({ count } = { count: 1 }); });`,
    `function count() {}\nexport const x = walker().entry(Root, () => { for (count of [1]); });`,
    `export const x = walker().entry(Root, () => { grant = 1; });`,
    `export const x = walker().entry(Root, () => { x.n = 1; });`,
    `import * as other from './other.ts';`,
    `if (true) { walker(); }`,
    `walker().entry(Root, () => {});`,
    `export default 5;`,
  ]) {
    t.equal(isConstant(source), false, source);
  }
});

test('what a run does to the top of such a file is an error, and the next run finds it as it was', async (t) => {
  const { build, run } = startPool(t);
  const attempts = [
    `((f) => { f.n = 1; })(helper)`,
    `((f) => { f.prototype.n = 1; })(helper)`,
    `Object.defineProperty(A, 'n', { value: 1 })`,
    `Reflect.setPrototypeOf(A, { n: 1 }) || fail()`,
    `Object.assign(Field, { minimum: 1 })`,
    `Kind[Object.getOwnPropertySymbols(Kind)[0]].push(['b', 2])`,
    `other.entry(Root, (w) => w.report('added'))`,
    `Object.assign(other, { entry: 1 })`,
    `((l) => { l.items.n = 1; })(list)`,
    `((f) => { f.n = 1; })(imported)`,
    `node('B', {})`,
    `A({ tags: ['a'] }).tags.push('b')`,
    `w.tags.push('b')`,
  ];
  const entry = `${LIBRARY}
import { imported } from './other.ts';
function helper() { return 1; }
const Field = Type.Integer();
const Kind = Type.Enum({ a: 1 });
const list = Type.Array(Field);
export const A = node('A', { tags: Type.Array(Type.String(), { default: [] }), kind: Type.Optional(Kind) });
export const other = walker().entry(Root, (w) => w.report('own'));
export const attack = walker({ has: { n: Type.Integer(), tags: Type.Array(Type.String(), { default: [] }) } })
  .entry(Root, (w) => { [${attempts.map((body) => `() => { ${body} }`)}][w.n](); });
export const look = walker({ has: { tags: Type.Array(Type.String(), { default: [] }) } }).entry(Root, (w, here) => {
  w.report(typeof node('B', {}));
  w.report([helper.n, helper.prototype.n, A.n, Field.minimum, list.items.n, imported.n, w.tags.length, A().tags.length]);
  w.report(JSON.stringify([Kind, list]));
  spawn(other(), here);
});`;
  const built = await build({ 'a.ts': entry, 'other.ts': `export const imported = () => 1;` });
  t.same(
    built.modules.map((module) => module.isConstant),
    [true, true],
  );
  const graph = new MemoryGraph();
  const clean = (await run(built, 'look', graph)).values;
  t.equal(clean.at(-1), 'own');
  for (const [n, body] of attempts.entries()) {
    const outcome = await run(built, 'attack', graph, { fields: { n } });
    const isAllowed = /^(node|A\(|w\.)/.test(body);
    t.equal(outcome.ok, isAllowed, body);
    t.same((await run(built, 'look', graph)).values, clean, body);
  }
});
