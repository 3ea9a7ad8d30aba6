/** What the tests of hostile scripts share: how such a script is run, and what must not notice. */
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { Type } from '../../../../core/index.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../../../../plugins/walkers/runtime/limits.ts';
import { connect, startHub } from '../../../helpers/hub.ts';
import { plugin } from '../../../helpers/plugin.ts';
import { MemoryGraph, type Outcome, startPool } from '../runtime-helpers.ts';
import type { HostileCase } from './case.ts';

export const LIMITS: RunLimits = {
  ...DEFAULT_LIMITS,
  cpuMs: 100,
  wallMs: 600,
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

export const LIBRARY = 'walker, node, edge, Root, AnyNode, Type, socket, topics, ref, destroy, spawn, grant';
const fileOf = ({ top = '', body }: HostileCase) =>
  `import { ${LIBRARY} } from 'hub:walker';\n${top}\nexport const x = walker().entry(Root, (w, here) => { ${body}\n});`;

/** What a later run could find of an earlier one. Ends with reports that are always the same. */
export const PROBE = `import { ${LIBRARY} } from 'hub:walker';
let mine = 0;
export const probe = walker().entry(Root, (w, here) => {
  mine++;
  w.report([mine, typeof leak, 'leak' in Object.prototype, Object.isFrozen(globalThis), [1, 2].push(3)]);
  w.report([String({}), JSON.stringify({ a: [1] }), [...'ab'].length, Math.max(1, 2), typeof walker.leak, here.out().length]);
});`;
export const CLEAN = [
  [1, 'undefined', false, true, 3],
  ['[object Object]', '{"a":[1]}', 2, 2, 'undefined', 0],
];

/** Attacks at a time: few, so that what runs beside them waits for few. */
const LANES = 4;

/** A hub in this process, whose client asks and asks. @returns ends it; how often it was answered, and what was wrong. */
async function startEcho(t: Test) {
  const echo = plugin('echo', (hub) => {
    const endpoint = hub.endpoint('/echo', { envelope: { type: 'type' } });
    const back = endpoint.emits('back', Type.Object({ n: Type.Integer() }), { overflow: 'close' });
    endpoint.on('echo', Type.Object({ n: Type.Integer() }), ({ n }) => back({ n }));
  });
  const client = await connect(t, await startHub(t, { plugins: [echo] }), '/echo');
  const wrong: unknown[] = [];
  let isAsking = true;
  const asking = (async () => {
    let n = 0;
    for (; isAsking; n++) {
      client.send({ type: 'echo', n });
      const answer = await client.next();
      if (answer.n !== n) wrong.push(answer);
      // What it asks for more often, it takes from the attacks.
      await setTimeout(1);
    }
    return n;
  })();
  return async () => {
    isAsking = false;
    return { echoes: await asking, wrong };
  };
}

/** Runs scripts that end as stated, beside an echo that is always answered and runs that notice nothing. */
export async function attackWith(t: Test, cases: readonly HostileCase[]): Promise<void> {
  const { pool, build, run } = startPool(t, { processes: 2 });
  const graph = new MemoryGraph();
  const probe = await build({ 'probe.ts': PROBE });

  const attack = async (given: HostileCase): Promise<Outcome | string> => {
    try {
      const built = await build({ 'x.ts': fileOf(given) });
      // What is not to end by its time has enough of it, on a slow machine too.
      const inTime = [given.ends].flat().includes('timeout')
        ? LIMITS
        : { ...LIMITS, cpuMs: 3_000, wallMs: 10_000 };
      const outcome = await run(built, 'x', new MemoryGraph(), { limits: inTime });
      pool.retire(built);
      return outcome;
    } catch (error) {
      return String(error);
    }
  };
  const stopEcho = await startEcho(t);
  const outcomes: (Outcome | string)[] = [];
  const dirty: Outcome[] = [];
  const waiting = [...cases.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [i, given] = next;
      outcomes[i] = await attack(given);
      const limits = { cpuMs: 1_000, wallMs: 20_000 };
      const outcome = await run(probe, 'probe', graph, { limits });
      if (JSON.stringify(outcome.values) !== JSON.stringify(CLEAN)) dirty.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  t.same(dirty, [], 'a harmless run after every attack finds the world as it was');
  const { echoes, wrong } = await stopEcho();
  t.ok(echoes > cases.length, `${echoes} echoes meanwhile`);
  t.same(wrong, [], 'each was answered');

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
}
