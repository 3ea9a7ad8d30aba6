/** Collections on a store that hubs share, while all of them write. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { type Test, test } from 'tap';
import { namespaced } from '../../../core/namespaced-store.ts';
import cityio from '../../../plugins/cityio/index.ts';
import { OwnProtection } from '../../../plugins/cityio/protection.ts';
import { KINDS, NO_PARENT, Repository } from '../../../plugins/cityio/repository.ts';
import { Tags } from '../../../plugins/cityio/tags.ts';
import { connect, startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { post, request, runCommand } from './city.ts';

const HUBS = 3;
const HISTORY = 3;

/** Whatever is asked of it takes a while before and after it is done. */
function slow<T extends object>(target: T, pause: (what: string) => Promise<void>): T {
  return new Proxy(target, {
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await pause(String(key));
        const result: unknown = await Reflect.apply(value, target, args);
        await pause('');
        return result;
      };
    },
  });
}

/** Hubs on one store, which takes `turns.next()` turns of the event loop on each way. */
async function slowCities(t: Test, collectEvery = 1) {
  const shared = await sharedStore();
  const turns = { next: () => 0 };
  const open = (gate: (what: string) => Promise<void>) => {
    const pause = async (what: string) => {
      await gate(what);
      for (let left = turns.next(); left > 0; left--) await nextTurn();
    };
    const store = shared.open();
    const { isShared, contents } = store;
    return {
      isShared,
      contents,
      collection: <D>(name: string) => slow(store.collection<D>(name), (what) => pause(`${what} ${name}`)),
      log: <E>(name: string) => slow(store.log<E>(name), (what) => pause(`${what} ${name}`)),
      blobs: (name: string) => slow(store.blobs(name), (what) => pause(`${what} ${name}`)),
      close: () => store.close(),
    };
  };
  // Terms are over soon after a hub that held the lease has stopped.
  const network = new SharedNetwork(3_000);
  /** @param gate is asked before each thing the hub wants of the store, such as `put cityio/tags`. */
  const start = async (gate = async (_what: string) => {}) => {
    const plugins = [
      cityio({ history: HISTORY, collectEvery }),
      plugin('slow-store', () => {}, { parts: () => ({ store: open(gate) }) }),
    ];
    const hub = await startHub(t, { plugins, ...network.hub() });
    const ui = await connect(t, hub, '/interface');
    return { hub, ui };
  };
  const store = namespaced(shared.open(), 'cityio');
  return { start, turns, store };
}

type Cities = Awaited<ReturnType<typeof slowCities>>;
type City = Awaited<ReturnType<Cities['start']>>;

const table = fc.constantFrom('a', 'b');
const action = fc.oneof(
  {
    weight: 6,
    // Few states, so that what one collection may delete the next change refers to again.
    arbitrary: fc.record({ do: fc.constant('put'), table, key: fc.constantFrom('x', 'y'), value: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), table }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('save', 'restore'),
      table,
      name: fc.constantFrom('one', 'two'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('move'), table, back: fc.integer({ min: 1, max: 6 }) }),
  },
);
type Action =
  | { readonly do: 'put'; readonly table: string; readonly key: string; readonly value: number }
  | { readonly do: 'delete'; readonly table: string }
  | { readonly do: 'save' | 'restore'; readonly table: string; readonly name: string }
  | { readonly do: 'move'; readonly table: string; readonly back: number };

/** What one client of a hub does, one thing after the other. */
async function work(
  { hub, ui }: City,
  run: number,
  list: readonly Action[],
  commits: string[],
): Promise<void> {
  for (const one of list) {
    const name = `${one.table}${run}`;
    if (one.do === 'put') {
      const { status, text, json } = await post(hub, `/api/table/${name}`, { [one.key]: one.value });
      if (status !== 200) throw new Error(text);
      commits.push(json.id);
    } else if (one.do === 'delete') await request(hub, 'DELETE', `/api/table/${name}`);
    else if (one.do === 'move') {
      const commit = commits.at(-one.back);
      const { status, text } = await post(hub, `/api/table/raw/${name}/${commit ?? NO_PARENT}`, undefined);
      if (status !== 200 && status !== 404) throw new Error(text);
    } else {
      ui.send({ type: 'LISTEN', content: { gridId: name } });
      ui.send({
        type: one.do === 'save' ? 'SAVE_SCENARIO' : 'RESTORE_SCENARIO',
        content: { name: one.name },
      });
      ui.send({ type: 'REQUEST_CORE_MODULES_LIST', content: {} });
      await ui.next('CORE_MODULES_LIST');
    }
  }
}

/** All that tags refer to is there, and of tables that were not moved their history, too. */
async function assertWhole(store: Cities['store'], isMoved: boolean): Promise<void> {
  const repository = new Repository(store, new OwnProtection(), 0);
  const tags = new Tags(store);
  const assertTree = async (hash: string) => {
    const hashes = await repository.tree(hash);
    if (hashes === undefined) throw new Error(`the tree ${hash} is lost`);
    for (const blob of hashes.values())
      if (!(await repository.objects.blob.has(blob))) throw new Error(`the blob ${blob} is lost`);
  };
  for (const { name, commit: newest } of await tags.tables()) {
    let id = newest;
    for (let count = 0; count < HISTORY && id !== NO_PARENT; count++) {
      const commit = await repository.commit(id);
      if (commit === undefined && isMoved && count > 0) break;
      if (commit === undefined) throw new Error(`the commit ${id} of ${name} is lost`);
      await assertTree(commit.tree_id);
      id = commit.parent;
    }
    for (const { hash } of await tags.scenarios(name)) await assertTree(hash);
  }
}

test('whoever collects while hubs write, nothing that is referred to is lost, and all garbage goes in the end', async (t) => {
  const { start, turns, store } = await slowCities(t);
  const cities = [await start(), await start(), await start()];
  let run = 0;
  const property = fc.asyncProperty(
    fc.array(fc.array(action, { maxLength: 10 }), { minLength: HUBS, maxLength: HUBS }),
    fc.array(fc.nat(HUBS - 1), { maxLength: 6 }),
    fc.array(fc.constantFrom(0, 0, 1, 2, 5, 20), { minLength: 1, maxLength: 50 }),
    async (lists, collectors, delays) => {
      run++;
      let asked = 0;
      turns.next = () => delays[asked++ % delays.length] ?? 0;
      const commits: string[] = [];
      const works = lists.map((list, index) => {
        const city = cities[index];
        return city && work(city, run, list, commits);
      });
      // By command, beside those under the lease; two of them at a time.
      const collects = [0, 1].map(async (first) => {
        for (let at = first; at < collectors.length; at += 2) {
          const city = cities[collectors[at] ?? 0];
          if (city !== undefined) await runCommand(city.hub, 'collect');
        }
      });
      await Promise.all([...works, ...collects]);
      turns.next = () => 0;
      await assertWhole(
        store,
        lists.flat().some((one) => one.do === 'move'),
      );
    },
  );
  await fc.assert(property, { numRuns: 40 });

  // The hub that holds the lease, if it is this one, goes in the middle of its work.
  const [first, ...others] = cities;
  await first?.hub.stop();
  for (const city of others) t.same(loggedErrors(city.hub), []);
  const [second] = others;
  if (second === undefined) return;
  for (const name of await new Tags(store).tableNames())
    await request(second.hub, 'DELETE', `/api/table/${name}`);
  const left = async () => {
    const ids = await Promise.all(
      [...KINDS.map((kind) => `${kind}s`)].map((name) => store.blobs(name).ids()),
    );
    const marks = await store.collection('collecting').ids({ prefix: 'mark/' });
    return [...ids, marks].flat().length;
  };
  t.not(await left(), 0);
  // By themselves, on whichever hub holds the lease.
  while ((await left()) > 0) await nextTurn();
});

test('a hub that was paused between storing and referring begins anew', async (t) => {
  const { start, store } = await slowCities(t, 0);
  let pause: ReturnType<typeof Promise.withResolvers<void>> | undefined;
  let paused = Promise.withResolvers<void>();
  const here = await start(async (what) => {
    if (what !== 'batch cityio/tags') return;
    paused.resolve();
    await pause?.promise;
  });
  const there = await start();
  await post(here.hub, '/api/table/old', { a: 0 });
  for (const name of ['old', 'new']) {
    pause = Promise.withResolvers();
    paused = Promise.withResolvers();
    const change = post(here.hub, `/api/table/${name}`, { a: name });
    await paused.promise;
    let deleted = 0;
    while (deleted < 3) deleted += Number.parseInt((await runCommand(there.hub, 'collect'))[0] ?? '', 10);
    pause.resolve();
    t.equal((await change).status, 200);
    await assertWhole(store, false);
  }
});
