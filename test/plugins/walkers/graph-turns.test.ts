/** Several hubs that write to one graph without pause, on Redis: each gets its turn. */

import { type Test, test } from 'tap';
import type { Store } from '../../../core/index.ts';
import { createLog } from '../../../core/log.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { redisStore } from '../../../plugins/redis/store.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { ownPrefix, REDIS_URL, withRedis } from '../redis/service.ts';
import { ALICE, change, fieldsOf, increment, LIMITS } from './graph-kit.ts';

/** Stores of hubs that share a Redis. */
async function storesOn(t: Test, count: number): Promise<Store[]> {
  const keys = new Keys(ownPrefix(t));
  return Promise.all(
    Array.from({ length: count }, async () => {
      const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, createLog('silent'));
      await link.open();
      t.teardown(() => link.close());
      return redisStore(link, keys, { waitMs: 2_000, waiting: 10_000, replicas: 0 });
    }),
  );
}

await withRedis(() => {
  test('of three hubs whose walkers change one node none gets less than a fair part', async (t) => {
    const graphs = (await storesOn(t, 3)).map((store) => new Graph(store));
    const [first] = graphs;
    if (first === undefined) throw new Error('no graph');
    const id = await change(first, ALICE, (draft) => draft.child('C', { n: 0 }));
    const runs = graphs.map(() => 0);
    const total = () => runs.reduce((sum, count) => sum + count, 0);
    const work = async (graph: Graph, hub: number) => {
      while (total() < 600) {
        await graph.run(ALICE, LIMITS, async (transaction) => ({
          journal: await increment(transaction, id),
          result: undefined,
        }));
        runs[hub] = (runs[hub] ?? 0) + 1;
      }
    };
    await Promise.all(graphs.flatMap((graph, hub) => [1, 2, 3, 4].map(() => work(graph, hub))));
    t.ok(Math.min(...runs) * 5 >= Math.max(...runs), `${runs.join(', ')} runs`);
    t.strictSame(await fieldsOf(first, ALICE, id), { n: total() }, 'and nothing is lost');
  });
});
