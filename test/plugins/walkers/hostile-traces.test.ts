import { test } from 'tap';
import { attackWith, CLEAN, LIBRARY, LIMITS, PROBE } from './hostile/attacks.ts';
import { TRACES } from './hostile/traces.ts';
import { MemoryGraph, startPool } from './runtime-helpers.ts';

test('attempts to leave traces, forge or trick end as stated, and nothing else notices', (t) =>
  attackWith(t, TRACES));

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
