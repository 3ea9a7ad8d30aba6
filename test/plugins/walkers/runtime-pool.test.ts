import { getPriority } from 'node:os';
import { test } from 'tap';
import { DEFAULT_LIMITS } from '../../../plugins/walkers/runtime/limits.ts';
import { childrenOf, commandOf, withoutProc as skip } from './children.ts';
import { MemoryGraph, OTHER_ROOT, startPool } from './runtime-helpers.ts';

const FILE = `import { walker, Root, Type, socket } from 'hub:walker';
export const say = walker({ has: { n: Type.Integer({ default: 0 }) } }).entry(Root, (w) => w.report(w.n));
export const ask = walker().entry(Root, (w, here) => { socket.notify_self('asking'); here.out(); w.report('answered'); });
export const bomb = walker().entry(Root, () => { const o = {}; for (let i = 0; ; i++) o['k' + i] = i; });`;

test('many runs at once all end, each with its own answer', async (t) => {
  const { build, run, pool } = startPool(t, { processes: 2, userQueue: 1_000 });
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  const numbers = Array.from({ length: 1_000 }, (_, n) => n);
  const outcomes = await Promise.all(numbers.map((n) => run(built, 'say', graph, { fields: { n } })));
  t.same(
    outcomes.map(({ values }) => values[0]),
    numbers,
  );
  t.match(pool.statistics, { processes: 2, running: 0, queued: 0, done: 1_000, failed: {}, deaths: 0 });
});

test('processes that run walkers have a lower priority than the hub', { skip }, async (t) => {
  const { build, run } = startPool(t);
  await run(await build({ 'a.ts': FILE }), 'say', new MemoryGraph());
  const child = childrenOf(process.pid).find((pid) => commandOf(pid).includes('walkers/child/main.ts')) ?? 0;
  t.equal(getPriority(child), 5);
});

test('results far longer than a pipe holds arrive whole, also while the hub does something else', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `import { Root, walker } from 'hub:walker';
export const long = walker().entry(Root, (w) => { for (let i = 0; i < 1000; i++) w.report('x'.repeat(1000) + i); });`,
  });
  const graph = new MemoryGraph();
  for (let times = 0; times < 10; times++) {
    const running = run(built, 'long', graph);
    await new Promise(setImmediate);
    // What the child writes meanwhile finds nobody who reads.
    for (const until = performance.now() + 30; performance.now() < until; );
    const { ok, values } = await running;
    t.strictSame([ok, values.length, values[999]?.slice(-4)], [true, 1_000, 'x999']);
  }
});

test('when the queue is full the caller is told at once', async (t) => {
  const { build, run, pool } = startPool(t, { queue: 2 });
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  await run(built, 'say', graph);
  const gate = Promise.withResolvers<never[]>();
  const asked = Promise.withResolvers<void>();
  const host = { links: () => gate.promise, notify: () => asked.resolve() };
  const holding = run(built, 'ask', graph, { host });
  await asked.promise;
  const waiting = [run(built, 'ask', graph), run(built, 'ask', graph)];
  t.match(await run(built, 'ask', graph), { ok: false, code: 'busy' });
  t.match(pool.statistics, { running: 1, queued: 2, failed: { busy: 1 } });
  gate.resolve([]);
  for (const outcome of [holding, ...waiting]) t.same((await outcome).values, ['answered']);
});

test('a run that kills its process fails; those given to the same process are run again, and nobody else notices', async (t) => {
  const { build, run, pool } = startPool(t);
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  for (let i = 0; i < 10; i++) await run(built, 'say', graph);
  const before = Array.from({ length: 5 }, (_, n) => run(built, 'say', graph, { fields: { n } }));
  const limits = { heapMb: 16, cpuMs: 10_000, wallMs: 30_000 };
  const bomb = run(built, 'bomb', graph, { limits });
  const after = Array.from({ length: 5 }, (_, n) => run(built, 'say', graph, { fields: { n: n + 5 } }));
  t.match(await bomb, { ok: false, code: 'memory', message: 'used more than 16 MB of memory' });
  const values = (await Promise.all([...before, ...after])).map((outcome) => outcome.values[0]);
  t.same(values, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.equal(pool.statistics.deaths, 1);
});

test('what the host throws ends the run, and is handed to the caller', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({ 'a.ts': FILE.replace('here.out();', 'try { here.out(); } catch {}') });
  const graph = new MemoryGraph();
  const cause = new Error('the store is gone');
  const failed = await run(built, 'ask', graph, { host: { links: () => Promise.reject(cause) } });
  t.match(failed, { ok: false, code: 'host', message: 'The hub could not answer what the walker asked.' });
  t.equal(!failed.ok && failed.cause, cause);
  const limit = Object.assign(new Error('too many\nlinks'), { code: 'limit_exceeded' });
  t.match(await run(built, 'ask', graph, { host: { links: () => Promise.reject(limit) } }), {
    code: 'limit',
    message: 'too many links',
  });
});

test('a new version serves new runs while those that run finish on the old one', async (t) => {
  const { build, run, pool } = startPool(t, { processes: 2 });
  const old = await build({ 'a.ts': FILE });
  const next = await build({ 'a.ts': FILE.replaceAll('answered', 'answered anew') });
  const graph = new MemoryGraph();
  const gate = Promise.withResolvers<never[]>();
  const asked = Promise.withResolvers<void>();
  const running = run(old, 'ask', graph, {
    host: { links: () => gate.promise, notify: () => asked.resolve() },
  });
  await asked.promise;
  pool.retire(old);
  t.same((await run(next, 'ask', graph)).values, ['answered anew']);
  gate.resolve([]);
  t.same((await running).values, ['answered']);
});

test('a run of a bundle that was retired, as one that is repeated after a reload, leaves nothing behind', async (t) => {
  const { build, run, pool } = startPool(t);
  const graph = new MemoryGraph();
  const old = await build({ 'a.ts': FILE });
  const say = async (built: typeof old) => t.same((await run(built, 'say', graph)).values, [0]);
  await say(old);
  pool.retire(old);
  t.equal(pool.statistics.bundles, 0);
  await say(old);
  t.equal(pool.statistics.bundles, 0, 'forgotten again');
  const again = await build({ 'a.ts': FILE });
  await say(again);
  t.equal(pool.statistics.bundles, 1, 'the same files saved again are served');
  await say(old);
  t.equal(pool.statistics.bundles, 1, 'a late run on the old ones takes nothing away');
  pool.retire(again);
  t.equal(pool.statistics.bundles, 0);
});

test('stopping lets running walkers finish and fails those that wait', async (t) => {
  const { build, run, pool } = startPool(t);
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<never[]>();
  const running = run(built, 'ask', graph, {
    host: { links: () => gate.promise, notify: () => asked.resolve() },
  });
  await asked.promise;
  const waiting = run(built, 'ask', graph);
  const stopped = pool.stop(10_000);
  gate.resolve([]);
  t.same((await running).values, ['answered']);
  t.match(await waiting, { ok: false, code: 'stopped' });
  await stopped;
  t.match(await run(built, 'say', graph), { ok: false, code: 'stopped' });
});

test('stopping without time left ends running walkers', async (t) => {
  const { build, run, pool } = startPool(t);
  const built = await build({ 'a.ts': FILE });
  const asked = Promise.withResolvers<void>();
  const host = { links: () => new Promise<never>(() => {}), notify: () => asked.resolve() };
  const running = run(built, 'ask', new MemoryGraph(), { host });
  await asked.promise;
  await pool.stop();
  t.match(await running, { ok: false, code: 'stopped' });
});

test('every reachable object that runs share is frozen', async (t) => {
  const { build, run } = startPool(t);
  const built = await build({
    'a.ts': `import * as library from 'hub:walker';
const { walker, node, ref, Root, Type } = library;
const A = node('A', { v: Type.Integer({ default: 1 }) });
export const look = walker().entry(Root, (w, here) => {
  const seen = new Set();
  const open = [];
  const visit = (value, path, own) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
    seen.add(value);
    if (!own && !Object.isFrozen(value)) open.push(path);
    visit(Object.getPrototypeOf(value), path + '.__proto__', false);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      for (const part of ['value', 'get', 'set']) if (part in property) visit(property[part], path + '.' + String(key), false);
    }
  };
  const args = (function () { return arguments; })(1);
  const a = A();
  const edge = here.connect(a);
  const made = { args, a, edge, here, w, error: new Error('x'), range: (() => { try { null.x } catch (e) { return e } })(),
    access: (() => { try { here.connect(ref('${OTHER_ROOT}')) } catch (e) { return e } })(),
    values: [].values(), entries: new Map().entries(), set: new Set().values(), text: ''[Symbol.iterator](), matches: 'a'.matchAll(/a/g),
    match: /(?<n>a)/d.exec('a'), helper: [].values().map(String), from: Iterator.from({ next() {} }), generator: Object.getPrototypeOf((function* () {})()),
    generatorFunction: function* () {}, arrow: () => 1, segments: new Intl.Segmenter().segment('a'), format: new Intl.NumberFormat(),
    segment: new Intl.Segmenter().segment('a')[Symbol.iterator](), date: new Date(), typed: new Uint8Array(1), view: new DataView(new ArrayBuffer(1)),
    klass: class {}, stack: new DisposableStack(), proxy: Proxy.revocable({}, {}).revoke, names: new Intl.DisplayNames('de', { type: 'region' }) };
  visit(globalThis, 'globalThis', false);
  visit(library, 'library', false);
  for (const [name, value] of Object.entries(made)) {
    seen.add(value);
    visit(Object.getPrototypeOf(value), name + '.__proto__', false);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      for (const part of ['get', 'set']) visit(property[part], name + '.' + String(key), false);
      if (typeof property.value === 'function' && key !== 'constructor' && name !== 'klass') visit(property.value, name + '.' + String(key), false);
    }
  }
  w.report(open);
  w.report(seen.size > 500);
});`,
  });
  const outcome = await run(built, 'look', new MemoryGraph(), { limits: DEFAULT_LIMITS });
  t.same(outcome.values, [[], true], { outcome });
});

test('when processes cannot be started, runs wait until they can', async (t) => {
  const { execPath } = process;
  t.teardown(() => {
    process.execPath = execPath;
  });
  const { pool, build, run } = startPool(t, { processes: 0 });
  const built = await build({ 'a.ts': FILE });
  await pool.stop();
  process.execPath = '/nonexistent/node';
  const later = startPool(t, { processes: 2 });
  const waiting = later.run(built, 'say', new MemoryGraph(), { fields: { n: 3 } });
  t.match(await run(built, 'say', new MemoryGraph()), { code: 'stopped' });
  process.execPath = execPath;
  t.same((await waiting).values, [3]);
  t.ok(later.pool.statistics.deaths > 0);
});

test('a run that waits for too long is given up', async (t) => {
  const { build, run } = startPool(t, { queueMs: 1 });
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<never[]>();
  const holding = run(built, 'ask', graph, {
    host: { links: () => gate.promise, notify: () => asked.resolve() },
  });
  await asked.promise;
  t.match(await run(built, 'say', graph), { code: 'busy', message: 'waited for more than 1 ms' });
  gate.resolve([]);
  t.same((await holding).values, ['answered']);
});
