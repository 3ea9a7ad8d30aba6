import { test } from 'tap';
import { HEAD, type Json, MemoryGraph, ROOT, startPool } from './runtime-helpers.ts';

test('notifications leave in order while the walker runs; log, status, body, user, client and event are there', async (t) => {
  const { build, run } = startPool(t);
  const graph = new MemoryGraph();
  const built = await build({
    'a.ts': `${HEAD}
export const tell = walker().entry(Root, (w, here) => {
  socket.notify_self({ progress: 1 });
  here.out();
  socket.notify_users([here.id], { progress: 2 });
  socket.notify_channels(['c'], 3);
  socket.notify_clients(['1:2'], undefined);
  topics.publish('done', [here]);
  console.log('text', { a: 1 }, 7);
  console.error(new Error('shown'));
  w.status(201);
  w.respond({ user: w.user, client: w.client, event: w.event, root: w.root });
});`,
  });
  let toldBefore = -1;
  const told: Json[] = [];
  const outcome: Json = await run(built, 'tell', graph, {
    user: { email: 'a@b.c' },
    client: { client_id: '1:2', channel_id: 'c' },
    event: { moisture: 3 },
    host: {
      notify: (to, targets, data) => void told.push([to, targets, JSON.parse(data.text)]),
      links: () => {
        toldBefore = told.length;
        return [];
      },
    },
  });
  t.equal(toldBefore, 1, 'the first one was here before the walker went on');
  t.same(told, [
    ['self', [], { progress: 1 }],
    ['users', [ROOT], { progress: 2 }],
    ['channels', ['c'], 3],
    ['clients', ['1:2'], null],
  ]);
  t.same(outcome.told, [['topic', 'done', [{ id: ROOT, context: {} }]]]);
  t.equal(outcome.log[0], 'info: text {"a":1} 7');
  t.match(outcome.log[1], /^error: Error: shown\n {4}at file:\/\/\/walkers\/a\.ts:14:17/);
  t.same(outcome.reply, {
    status: 201,
    body: {
      user: { email: 'a@b.c' },
      client: { client_id: '1:2', channel_id: 'c' },
      event: { moisture: 3 },
      root: { id: ROOT, context: {} },
    },
  });
});
