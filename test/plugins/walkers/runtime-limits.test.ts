import { test } from 'tap';
import { DEFAULT_LIMITS, type RunLimits, tighten } from '../../../plugins/walkers/runtime/limits.ts';
import { MemoryGraph, startPool } from './runtime-helpers.ts';

const HEAD = `import { walker, node, Root, Type, socket, ref } from 'hub:walker';\nconst A = node('A', { v: Type.Any() });\n`;

/** A body that stays within the limit, one that does not, and what is said then. */
const LIMITS: readonly (readonly [keyof RunLimits, number, string, string, string, RegExp])[] = [
  ['cpuMs', 60, '1', 'for (;;);', 'timeout', /ran for more than 60 ms/],
  [
    'heapMb',
    16,
    'new Array(1e5).fill(1.5)',
    'const a = []; for (let i = 0; ; i++) a.push({ i })',
    'memory',
    /more than 16 MB/,
  ],
  [
    'reports',
    2,
    'w.report(1); w.report(2)',
    'w.report(1); w.report(2); w.report(3)',
    'limit',
    /more than 2 reports/,
  ],
  [
    'reportBytes',
    20,
    `w.report('x'.repeat(10))`,
    `w.report('x'.repeat(20))`,
    'limit',
    /reports of more than 20/,
  ],
  [
    'notifications',
    1,
    'socket.notify_self(1)',
    'socket.notify_self(1); socket.notify_self(2)',
    'limit',
    /more than 1 notifications/,
  ],
  [
    'notificationBytes',
    30,
    'socket.notify_self(1)',
    `socket.notify_self('x'.repeat(30))`,
    'limit',
    /notifications of more than 30/,
  ],
  [
    'reads',
    2,
    `ref('n:A:1'); ref('n:A:2')`,
    `ref('n:A:1'); ref('n:A:2'); ref('n:A:3')`,
    'limit',
    /more than 2 nodes and edges read/,
  ],
  [
    'writes',
    2,
    'here.connect(A({ v: 1 }))',
    'here.connect(A({ v: 1 })); A({ v: 2 })',
    'limit',
    /more than 2 changes/,
  ],
  [
    'writeBytes',
    600,
    'here.connect(A({ v: 1 }))',
    `here.connect(A({ v: 'x'.repeat(600) }))`,
    'limit',
    /changes of the graph of more than 600/,
  ],
  ['logLines', 1, 'console.log(1)', 'console.log(1); console.log(2)', 'limit', /more than 1 lines/],
];

test('each limit lets through what is within it and ends what is not', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  for (const [name, value, within, beyond, code, says] of LIMITS) {
    const built = await build({
      'a.ts': `${HEAD}export const within = walker().entry(Root, (w, here) => { ${within} });
export const beyond = walker().entry(Root, (w, here) => { ${beyond} });`,
    });
    // The others are wide: on a slow machine, the one that is meant comes first.
    const limits = { cpuMs: 10_000, wallMs: 30_000, [name]: value };
    t.match(await run(built, 'within', new MemoryGraph(), { limits }), { ok: true }, `${name}: within`);
    t.match(
      await run(built, 'beyond', graph, { limits }),
      { ok: false, code, message: says },
      `${name}: beyond`,
    );
  }
  t.equal(graph.nodes.size, 2, 'nothing of a run that failed is stored');
});

test('the wall clock ends a run that the isolate cannot be stopped in, and one that waits for the graph', async (t) => {
  const { build, run, pool } = startPool(t, { processes: 2 });
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}export const wait = walker().entry(Root, (w, here) => { here.out(); });
export const say = walker().entry(Root, (w) => w.report('here'));`,
  });
  const never = new Promise<never>(() => {});
  const waiting = run(built, 'wait', graph, { limits: { wallMs: 300 }, host: { links: () => never } });
  t.same((await run(built, 'say', graph)).values, ['here'], 'the other child goes on');
  t.match(await waiting, { ok: false, code: 'timeout', message: 'took longer than 300 ms' });
  t.same((await run(built, 'say', graph)).values, ['here']);
  t.equal(pool.statistics.deaths, 1);
});

test('specs tighten limits, and never widen them', async (t) => {
  const limits = tighten(DEFAULT_LIMITS, { cpuMs: 5, reports: 1e9 });
  t.same(limits, { ...DEFAULT_LIMITS, cpuMs: 5 });
});

test('an error names file, line and column of the source, in an imported file too', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `import { walker, Root, Type } from 'hub:walker';
import { check } from './lib/check.ts';

interface Unused { readonly a: string }
export const own = walker().entry(Root, (w, here): void => {
  const value: { a?: { b: number } } = {};
  w.report((value.a as { b: number }).b);
});
export const other = walker().entry(Root, () => check<number>(1));
export const first = walker().entry(Root, () => { throw new RangeError('mine'); });`,
    'lib/check.ts': `type T = number;
export function check<V extends T>(value: V): V { throw new Error('in check ' + value); }`,
  });
  const graph = new MemoryGraph();
  t.match(await run(built, 'own', graph), {
    code: 'error',
    at: 'walkers/a.ts:7:39',
    message: /^TypeError: .*'b'/,
  });
  t.match(await run(built, 'other', graph), { at: 'walkers/lib/check.ts:2:57', message: 'in check 1' });
  t.match(await run(built, 'first', graph), { at: 'walkers/a.ts:10:57', message: 'RangeError: mine' });
  t.match(await run(built, 'none', graph), { code: 'error', message: 'there is no walker none' });
});
