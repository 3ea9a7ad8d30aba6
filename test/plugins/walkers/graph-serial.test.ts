import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import type { Change, Condition, IdRange, Store } from '../../../core/store/port.ts';
import { LEVELS } from '../../../plugins/walkers/graph/access.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { ALICE, BOB, contents, flaws, memoryStore } from './graph-kit.ts';
import { type Program, perform, type Step, seed, stateOf } from './graph-programs.ts';

type Schedule = <T>(task: Promise<T>) => Promise<T>;

/** A store whose answers come when the schedule says so: what was asked is read some time between question and answer. */
function scheduled(inner: Store, schedule: Schedule): Store {
  const later = async <T>(read: () => Promise<T>): Promise<T> => {
    await schedule(Promise.resolve());
    return schedule(read());
  };
  const collection = <T>(name: string) => {
    const documents = inner.collection<T>(name);
    return {
      ...documents,
      get: (id: string) => later(() => documents.get(id)),
      ids: (range?: IdRange) => later(() => documents.ids(range)),
      update: (id: string, change: (present: T | undefined) => T | undefined) =>
        schedule(documents.update(id, change)),
      batch: (changes: readonly Change<T>[], onlyIf?: Condition<T>) => {
        const write = () => documents.batch(changes, onlyIf);
        // Reads of one hub see what it wrote before; what other hubs wrote is on its way.
        return inner.isShared ? later(write) : schedule(write());
      },
    };
  };
  return { ...inner, collection };
}

/** @param hubs that write to it. */
async function storeOf(t: Test, hubs: number): Promise<Store> {
  return hubs === 1 ? memoryStore(t) : (await sharedStore()).open();
}

function* permutations(items: readonly number[]): Generator<number[]> {
  if (items.length === 0) yield [];
  for (const item of items) {
    for (const rest of permutations(items.filter((other) => other !== item))) yield [item, ...rest];
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  // Often what makes, removes and counts neighbours.
  what: fc.constantFrom(
    ...(['add', 'move', 'link', 'unlink', 'create', 'count', 'sum', 'destroy', 'grant'] as const),
    ...(['link', 'unlink', 'create', 'count', 'sum', 'create', 'count', 'sum'] as const),
  ),
  on: fc.nat(2),
  to: fc.nat(2),
  edge: fc.constantFrom('Edge', 'Knows'),
  level: fc.constantFrom(...LEVELS),
});
const program: fc.Arbitrary<Program> = fc.record({
  asRoot: fc.constantFrom(ALICE, ALICE, BOB),
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
});

/** Runs the programs, each on one of so many hubs; then looks for an order in which one hub alone comes to the same. */
function serialProperty(t: Test, hubs: number, seen: Record<'repeated' | 'forbidden' | 'stored', number>) {
  const programs = fc.array(program, { minLength: 2, maxLength: 4 });
  return fc.asyncProperty(fc.scheduler(), programs, async (scheduler, programs) => {
    const store = await storeOf(t, hubs);
    await seed(new Graph(store));
    const schedule: Schedule = (task) => scheduler.schedule(task);
    const graphs = Array.from({ length: hubs }, () => new Graph(scheduled(store, schedule)));
    const finished: number[] = [];
    const runs = programs.map(async (program, i) => {
      const graph = graphs[i % hubs] ?? new Graph(store);
      const result = await perform(graph, program, i, () => void seen.repeated++);
      if (result === 'forbidden') seen.forbidden++;
      else seen.stored++;
      finished.push(i);
      return result;
    });
    const results = await scheduler.waitFor(Promise.all(runs));
    const state = await stateOf(store);
    if (flaws(await contents(store)).length > 0) return false;

    const serially = async (order: readonly number[]) => {
      const store = await memoryStore(t);
      const graph = new Graph(store);
      await seed(graph);
      const serial: unknown[] = [];
      for (const i of order) {
        const program = programs[i];
        if (program !== undefined) serial[i] = await perform(graph, program, i);
      }
      return isDeepStrictEqual(serial, results) && isDeepStrictEqual(await stateOf(store), state);
    };
    if (await serially(finished)) return true;
    for (const order of permutations(finished)) if (await serially(order)) return true;
    return false;
  });
}

for (const [where, hubs] of [
  ['on one hub', 1],
  ['on three hubs', 3],
] as const) {
  test(`whatever the interleaving, runs ${where} end as if they had happened one after the other`, async (t) => {
    const seen = { repeated: 0, forbidden: 0, stored: 0 };
    await fc.assert(serialProperty(t, hubs, seen), { numRuns: 120 });
    t.comment(JSON.stringify(seen));
    t.ok(seen.repeated > 50 && seen.forbidden > 10 && seen.stored > 150, 'all of it happened');
  });
}
