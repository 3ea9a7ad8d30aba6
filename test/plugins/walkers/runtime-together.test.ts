import { type Test, test } from 'tap';
import { HEAD, type Json, MemoryGraph, type RunOptions, startPool } from './runtime-helpers.ts';

const FILE = `${HEAD}
export const tell = walker({ has: { n: Type.Integer(), deed: Type.String() } }).entry(Root, (w, here) => {
  // To say something takes longer than all the rest.
  if (w.deed === 'warm up') return;
  socket.notify_self({ begun: w.n });
  console.log('n', w.n);
  if (w.deed === 'loop') for (;;);
  if (w.deed === 'fill') for (const all = [];;) all.push('x'.repeat(10_000).split(''));
  if (w.deed === 'throw') throw new Error('on purpose');
  if (w.deed === 'flood') socket.notify_self('too much');
  if (w.deed === 'look') w.report(here.out(A).length);
  if (w.deed === 'write') here.connect(A({ val: w.n }));
  socket.notify_self({ done: w.n });
  w.report(w.n);
});`;
/** Runs that are asked for at once, and the one of them that does something else than tell. */
const RUNS = 12;
const ODD = 5;
/** Runs one after the other, after which a walker is known to be very quick unless the machine held it up. */
const WARM_UP = 150;
/** Tries to meet a moment in which it did not. */
const MOST_TRIES = 10;
const CPU_MS = 1_000;

/** Runs at once, one of which does `deed`, again and again until they have shared a call. */
async function together(t: Test, deed: string) {
  const limits = { notifications: 2, logLines: 1, cpuMs: CPU_MS, heapMb: 32 };
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const { build, run } = startPool(t);
    const built = await build({ 'a.ts': FILE });
    const graph = new MemoryGraph();
    let began = 0;
    const host = { begun: () => void began++ };
    for (let n = 0; n < WARM_UP; n++)
      await run(built, 'tell', graph, { fields: { n, deed: 'warm up' }, limits });
    const all = Array.from({ length: RUNS }, (_, n) => {
      const options: RunOptions = { fields: { n, deed: n === ODD ? deed : '' }, limits, host };
      return run(built, 'tell', graph, options);
    });
    const outcomes: readonly Json[] = await Promise.all(all);
    // Each of a call gets the same share of its time; of calls of their own, hardly ever.
    const shares = new Set(outcomes.filter(({ ok }) => ok).map(({ cost }) => `${cost.cpuUs} ${cost.wallUs}`));
    if (began > RUNS || shares.size < RUNS / 2) return { outcomes, odd: outcomes[ODD], began, graph };
  }
  throw new Error('they never shared a call');
}

/** All but the odd one have told and reported what is theirs, once. */
function othersAreWell(t: Test, outcomes: readonly Json[]): void {
  for (const [n, outcome] of outcomes.entries()) {
    if (n === ODD) continue;
    t.match(outcome, { ok: true, values: [n] }, JSON.stringify(outcome));
    t.strictSame(outcome.told, [
      ['self', [], { begun: n }],
      ['self', [], { done: n }],
    ]);
    t.ok(outcome.log.includes(`info: n ${n}`));
  }
}

test('quick runs that are asked for at once share a call, and each has its own fields, words and limits', async (t) => {
  const { outcomes, odd, began, graph } = await together(t, 'write');
  othersAreWell(t, outcomes);
  t.equal(began, RUNS);
  t.match(odd, { ok: true, values: [ODD], cost: { writes: 2 } });
  t.match([...graph.nodes.values()].at(-1), { type: 'A', fields: { val: ODD } });
  t.equal(outcomes[0]?.cost.writes, 0);
});

test('one that throws or exceeds a limit fails, and no other', async (t) => {
  const thrown = await together(t, 'throw');
  othersAreWell(t, thrown.outcomes);
  t.match(thrown.odd, { ok: false, code: 'error', message: 'on purpose', at: /a\.ts:13:/ });
  const flood = await together(t, 'flood');
  othersAreWell(t, flood.outcomes);
  t.match(flood.odd, { ok: false, code: 'limit', message: 'more than 2 notifications' });
  t.strictSame([thrown.began, flood.began], [RUNS, RUNS]);
});

test('one that asks the hub is run again, alone, and says nothing twice', async (t) => {
  const { outcomes, odd, began } = await together(t, 'look');
  othersAreWell(t, outcomes);
  t.equal(began, RUNS + 1);
  t.match(odd, { ok: true, values: [0, ODD] });
  t.strictSame(odd.told, [
    ['self', [], { begun: ODD }],
    ['self', [], { done: ODD }],
  ]);
});

for (const [deed, code] of [
  ['loop', 'timeout'],
  ['fill', 'memory'],
]) {
  test(`what shared a call that ended by a ${code} is run again, and says nothing twice`, async (t) => {
    const { outcomes, odd, began } = await together(t, deed ?? '');
    othersAreWell(t, outcomes);
    t.ok(began > RUNS);
    t.match(odd, { ok: false, code, told: [['self', [], { begun: ODD }]] });
  });
}
