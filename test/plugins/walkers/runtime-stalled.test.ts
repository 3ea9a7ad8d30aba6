import { setTimeout } from 'node:timers/promises';
import { type Test, test } from 'tap';
import { childrenOf, commandOf, withoutProc as skip, ticksOf } from './children.ts';
import { MemoryGraph, ROOT, startPool } from './runtime-helpers.ts';

const FILE = `import { node, Root, socket, walker } from 'hub:walker';
const A = node('A');
export const quiet = walker().entry(Root, (w, here) => {
  if (here.out().length === 0) for (;;);
  w.report('done');
});
export const loud = walker().entry(Root, (w, here) => {
  socket.notify_self('begun');
  if (here.out().length === 0) for (;;);
  w.report('done');
});`;
const CPU_MS = 600;

/**
 * Runs a walker whose process the machine stops in its first attempt, soon after its question is answered, until its time
 * is over; a later attempt gets another answer.
 */
async function stalled(t: Test, walker: string) {
  const { build, run, pool } = startPool(t);
  const built = await build({ 'a.ts': FILE });
  const graph = new MemoryGraph();
  const stored = {
    id: 'n:A:000000000000000000000001',
    type: 'A',
    root: ROOT,
    fields: {},
    access: { all: 'NO_ACCESS', roots: {} },
  };
  const edge = { id: 'e:Edge:000000000000000000000002', type: 'Edge', from: ROOT, to: stored.id, fields: {} };
  graph.nodes.set(stored.id, stored);
  graph.edges.push(edge);
  await run(built, walker, graph);
  const child = childrenOf(process.pid).find((pid) => commandOf(pid).includes('walkers/child/main.ts')) ?? 0;
  let questions = 0;
  const stop = async () => {
    // Once the walker goes on with its answer: until then its time stands still.
    const before = ticksOf(child);
    while (ticksOf(child) - before < 3) await setTimeout(5);
    process.kill(child, 'SIGSTOP');
    await setTimeout(CPU_MS * 1.5);
    process.kill(child, 'SIGCONT');
  };
  const outcome = await run(built, walker, graph, {
    limits: { cpuMs: CPU_MS },
    host: {
      links: (question) => {
        if (++questions > 1) return graph.links(question);
        void stop();
        return [];
      },
    },
  });
  return { outcome, questions, deaths: pool.statistics.deaths };
}

test('a run that hardly ran when its time was over is begun once more', { skip }, async (t) => {
  const { outcome, questions, deaths } = await stalled(t, 'quiet');
  t.match(outcome, { ok: true, values: ['done'] });
  t.strictSame([questions, deaths], [2, 0]);
});

test('one that has notified somebody is not, and is reported', { skip }, async (t) => {
  const { outcome, questions } = await stalled(t, 'loud');
  t.match(outcome, { ok: false, code: 'timeout', message: `ran for more than ${CPU_MS} ms` });
  t.equal(questions, 1);
});
