import { test } from 'tap';
import { orchard } from './orchard.ts';
import { person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'fair.ts': `import { grant, Root, socket, walker } from 'hub:walker';
const orchard = grant('orchard');
export const hold = walker({ specs: { methods: ['websocket'], auth: false, grants: ['orchard'] } }).entry(Root, () => {
  socket.notify_self({ holding: true });
  orchard.open({ valve: 'a' });
});
export const work = walker().entry(Root, (w) => {
  const begun = Date.now();
  // Until a later one has another time; and so that it is not quick, which would let a process have several.
  while (Date.now() < begun + 2);
  w.report(begun);
});
`,
};
const MOST = 10;

test('a user who asks for much waits for himself, and is told when it is too much; others come in turn', async (t) => {
  const garden = orchard();
  const options = { processes: 1, userQueue: MOST, limits: { wallMs: 20_000 }, queueMs: 60_000 };
  const hub = await startWalkers(t, FILES, options, { plugins: [garden.plugin] });
  const [greedy, modest] = [await person(hub), await person(hub)];
  const guest = await visit(t, hub);
  const open = garden.close();
  guest.send({ type: 'walker', walker: 'hold' });
  t.strictSame(await guest.next(), { holding: true }, 'the only process is busy');

  /** Asks more often than a user may. Resolves when all of that is known to wait, or refused. */
  const flood = async (token: string) => {
    const begun: number[] = [];
    let refused = 0;
    const isFull = Promise.withResolvers<void>();
    const answers = Array.from({ length: MOST + 5 }, async () => {
      const { status, body } = await request(hub, '/walker/work', { token });
      if (status === 200) begun.push(body.reports[0]);
      else {
        t.match([status, body], [503, { detail: 'too many runs of this user are waiting' }]);
        if (++refused === 5) isFull.resolve();
      }
    });
    await isFull.promise;
    return { begun, all: Promise.all(answers) };
  };
  const first = await flood(greedy.token);
  const second = await flood(modest.token);
  open();
  await Promise.all([first.all, second.all]);
  const order = [
    ...first.begun.map((at) => ({ at, who: 'greedy' })),
    ...second.begun.map((at) => ({ at, who: 'modest' })),
  ].sort((a, b) => a.at - b.at);
  t.strictSame(
    order.map(({ who }) => who),
    Array.from({ length: MOST }, () => ['greedy', 'modest']).flat(),
  );
});
