import { test } from 'tap';
import type { TestHub } from '../../helpers/hub.ts';
import { PUBLIC_ROOT, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'count.ts': `
import { node, Root, Type, walker } from 'hub:walker';
const Box = node('Box', { text: Type.String() });
const Mine = node('Mine');
const specs = { methods: ['websocket', 'post'] } as const;
export const make = walker({ specs }).entry(Root, (w, here) => {
  const box = Box({ text: 'first' });
  here.connect(box);
  w.report(box);
});
export const read = walker({ specs }).entry(Box, (w, here) => w.report(here.text));
export const write = walker({ specs, has: { text: Type.String() } }).entry(Box, (w, here) => {
  here.text = w.text;
  w.report(here.text);
});
export const count = walker({ specs, has: { n: Type.Integer({ default: 1 }) } }).entry(Root, (w, here) => {
  for (let i = 0; i < w.n; i++) here.connect(Mine());
  w.report(here.out(Mine).length);
});
`,
};

test('what was acknowledged is there after a restart: graph, users and tokens', async (t) => {
  const data = t.testdir();
  const open = (): Promise<TestHub> => startWalkers(t, FILES, {}, { data });
  const first = await open();
  const ann = await person(first);
  const { id } = (await request(first, '/walker/make', { token: ann.token })).body.reports[0];
  const count = async (hub: TestHub) =>
    (await request(hub, '/walker/count', { token: ann.token, body: { n: 2 } })).body.reports[0];
  t.equal(await count(first), 2);
  await first.stop();
  const second = await open();
  t.equal(await count(second), 4);
  const answer = await request(second, `/walker/write/${id}`, { token: ann.token, body: { text: 'later' } });
  t.strictSame(answer.body.reports, ['later']);
  await second.stop();
  const third = await open();
  const user = await visit(t, third, ann.token);
  t.match(await user.walk('read', {}, id), { reports: ['later'] });
  t.match((await visit(t, third)).root, PUBLIC_ROOT);
});

test('runs of one user at the same time lose nothing', async (t) => {
  const hub = await startWalkers(t, FILES, { processes: 2 });
  const { token } = await person(hub);
  const clients = await Promise.all([1, 2, 3, 4].map(() => visit(t, hub, token)));
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < 10; i++) t.match(await client.walk('count'), { status: 200 });
    }),
  );
  t.strictSame((await request(hub, '/walker/count', { token, body: { n: 0 } })).body.reports, [40]);
});
