import { test } from 'tap';
import { DEFAULT_LIMITS, type RunLimits } from '../../../plugins/walkers/runtime/limits.ts';
import type { HostileCase } from './hostile/case.ts';
import { ESCAPES } from './hostile/escapes.ts';
import { RESOURCES } from './hostile/resources.ts';
import { TRACES } from './hostile/traces.ts';
import { MemoryGraph, type Outcome, startPool } from './runtime-helpers.ts';

const LIMITS: RunLimits = {
  ...DEFAULT_LIMITS,
  cpuMs: 100,
  wallMs: 2_500,
  heapMb: 16,
  reports: 100,
  reportBytes: 200_000,
  notifications: 100,
  notificationBytes: 200_000,
  reads: 500,
  writes: 500,
  writeBytes: 200_000,
  logLines: 20,
};

const LIBRARY = 'walker, node, edge, Root, AnyNode, Type, socket, topics, ref, destroy, spawn';
const fileOf = ({ top = '', body }: HostileCase) =>
  `import { ${LIBRARY} } from 'hub:walker';\n${top}\nexport const x = walker().entry(Root, (w, here) => { ${body}\n});`;

/** What a later run could find of an earlier one. Ends with reports that are always the same. */
const PROBE = `import { ${LIBRARY} } from 'hub:walker';
let mine = 0;
export const probe = walker().entry(Root, (w, here) => {
  mine++;
  w.report([mine, typeof leak, 'leak' in Object.prototype, Object.isFrozen(globalThis), [1, 2].push(3)]);
  w.report([String({}), JSON.stringify({ a: [1] }), [...'ab'].length, Math.max(1, 2), typeof walker.leak, here.out().length]);
});`;
const CLEAN = [
  [1, 'undefined', false, true, 3],
  ['[object Object]', '{"a":[1]}', 2, 2, 'undefined', 0],
];

test('hostile scripts end as stated, and nothing else notices', async (t) => {
  const { pool, build, run } = startPool(t, { processes: 2, queueMs: 60_000 });
  const graph = new MemoryGraph();
  const probe = await build({ 'probe.ts': PROBE });

  const attack = async (given: HostileCase): Promise<Outcome | string> => {
    try {
      const built = await build({ 'x.ts': fileOf(given) });
      const outcome = await run(built, 'x', new MemoryGraph(), { limits: LIMITS });
      pool.retire(built);
      return outcome;
    } catch (error) {
      return String(error);
    }
  };
  const cases = [...ESCAPES, ...RESOURCES, ...TRACES];
  t.ok(cases.length >= 60, `${cases.length} scripts`);

  let attacking = true;
  let probes = 0;
  const probing = (async () => {
    while (attacking) {
      const { values, ...rest } = await run(probe, 'probe', graph, {
        limits: { cpuMs: 1_000, wallMs: 20_000 },
      });
      if (JSON.stringify(values) !== JSON.stringify(CLEAN))
        return t.same(rest, CLEAN, 'a probe between attacks');
      probes++;
    }
  })();
  const outcomes = await Promise.all(cases.map(attack));
  attacking = false;
  await probing;
  t.ok(probes > 10, 'other runs went on meanwhile');

  for (const [i, given] of cases.entries()) {
    const outcome = outcomes[i];
    const { name, ends, says = /./ } = given;
    if (typeof outcome === 'string') t.ok(ends === 'load' && says.test(outcome), name, { outcome });
    else if (outcome?.ok) {
      const expected = typeof ends === 'object' && 'reports' in ends ? ends.reports : 'a failure';
      t.same(outcome.values, expected, name);
    } else {
      const codes = [ends].flat();
      const { ok, code, message = '', cost } = outcome ?? {};
      t.ok(codes.some((one) => one === code) && says.test(message), name, { ok, code, message, cost, ends });
    }
  }
});

test('every kind of attack, one after the other in one child, leaves nothing to the next run of the same file', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const bodies = TRACES.filter(({ top }) => top === undefined).map(({ body }) => `() => { ${body} }`);
  const built = await build({
    'x.ts': `import { ${LIBRARY} } from 'hub:walker';
const marks = [];
export const x = walker({ has: { n: Type.Integer() } }).entry(Root, (w, here) => {
  marks.push(w.n);
  try { [${bodies}][w.n]() } finally { w.report('attacked') }
});
${PROBE.split('\n').slice(1).join('\n')}`,
  });
  for (const n of bodies.keys()) {
    await run(built, 'x', graph, { fields: { n }, limits: LIMITS });
    const { values } = await run(built, 'probe', graph);
    t.same(values, CLEAN, bodies[n] ?? '');
  }
});
