import { test } from 'tap';
import redis from '../../../plugins/redis/index.ts';
import { ownPrefix, withRedis } from '../redis/service.ts';
import { request, startWalkers } from './wire.ts';

const files = {
  'count.ts': `import { node, Root, Type, walker } from 'hub:walker';
const Counter = node('Counter', { n: Type.Integer() });
export const count = walker({ specs: { auth: false } }).entry(Root, (w, here) => {
  const [counter = Counter({ n: 0 })] = here.out(Counter);
  if (counter.n === 0) here.connect(counter);
  counter.n += 1;
  w.report(counter.n);
});`,
};

await withRedis(() => {
  test('walkers on three hubs count one node up, and none of them is lost', async (t) => {
    const plugins = [redis({ prefix: ownPrefix(t) })];
    const hubs = await Promise.all([1, 2, 3].map(() => startWalkers(t, files, {}, { plugins })));
    const calls = hubs.flatMap((hub) => Array.from({ length: 10 }, () => request(hub, '/walker/count')));
    const answers = await Promise.all(calls);
    const counts = answers.map(({ body }) => body.reports[0]);
    t.strictSame(
      counts.sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
  });
});
