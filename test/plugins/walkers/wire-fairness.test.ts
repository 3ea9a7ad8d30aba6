import { test } from 'tap';
import { person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'fair.ts': `import { Root, socket, Type, walker } from 'hub:walker';
const specs = { methods: ['websocket', 'post'] } as const;
export const hold = walker({ specs, has: { ms: Type.Integer() } }).entry(Root, (w) => {
  socket.notify_self({ holding: true });
  const end = Date.now() + w.ms;
  while (Date.now() < end);
});
// Not quick, so that a process gets one at a time.
export const work = walker({ specs }).entry(Root, (w) => { const end = Date.now() + 5; while (Date.now() < end); w.report('done'); });
`,
};

test('a user who asks for much waits for himself, and is told when it is too much; others come in turn', async (t) => {
  const hub = await startWalkers(t, FILES, { processes: 1, userQueue: 20 });
  const [greedy, modest] = [await person(hub), await person(hub)];
  const holder = await visit(t, hub, modest.token);
  holder.send({ type: 'walker', walker: 'hold', context: { ms: 500 } });
  await holder.next();
  const ended: string[] = [];
  const ask = async (name: string, token: string) => {
    const answer = await request(hub, '/walker/work', { token });
    if (answer.status === 200) ended.push(name);
    return answer;
  };
  // Those that are refused are answered first: then the others are known to wait.
  let refused = 0;
  const allRefused = Promise.withResolvers<void>();
  const flood = Array.from({ length: 30 }, async () => {
    const answer = await ask('greedy', greedy.token);
    if (answer.status === 200) return;
    t.match(answer, { status: 503, body: { detail: 'too many runs of this user are waiting' } });
    if (++refused === 10) allRefused.resolve();
  });
  await allRefused.promise;
  t.equal((await ask('modest', modest.token)).status, 200);
  t.ok(ended.length <= 5, `answered after ${ended.length - 1} of the other user's 20`);
  await Promise.all(flood);
  t.strictSame([ended.length, refused], [21, 10]);
});
