import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { killable } from './killable.ts';
import { newUser, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'trouble.ts': `
import { node, Root, socket, Type, walker } from 'hub:walker';
const Counter = node('Counter', { n: Type.Integer({ default: 0 }) });
const specs = { methods: ['websocket', 'post'] } as const;
export const spin = walker({ specs, has: { ms: Type.Integer() } }).entry(Root, (w) => {
  socket.notify_self({ spinning: true });
  const end = Date.now() + w.ms;
  while (Date.now() < end);
  w.report('spun');
});
export const later = walker({ specs: { ...specs, async: true } }).entry(Root, () => { for (;;); });
export const add = walker({ specs }).entry(Root, (w, here) => {
  let [counter] = here.out(Counter);
  if (counter === undefined) { counter = Counter({}); here.connect(counter); }
  counter.n += 1;
  socket.notify_self({ one: counter.n });
  socket.notify_self({ two: counter.n });
  w.report(counter.n);
});
export const half = walker({ specs }).entry(Root, (w, here) => {
  for (const counter of here.out(Counter)) counter.n = 1_000;
  for (let i = 0; i < 100; i++) here.connect(Counter());
  socket.notify_self({ half: true });
  for (;;);
});
export const count = walker({ specs }).entry(Root, (w, here) => w.report(here.out(Counter).map(({ n }) => n)));
`,
};

const started = shared(async (lasting) => {
  const guard = plugin('guard', (hub) => {
    hub.hooks.authorizeSubscribe.tap(({ channel }) =>
      channel.endsWith('secret') ? { deny: 'not there' } : true,
    );
  });
  return { hub: await startWalkers(lasting, FILES, {}, { plugins: [guard] }) };
});

test('runs that get into each other are repeated, and tell their clients nothing twice', async (t) => {
  const hub = await startWalkers(t, FILES, { processes: 2 });
  const { token } = await person(hub);
  const clients = await Promise.all(Array.from({ length: 6 }, () => visit(t, hub, token)));
  const reports: number[] = [];
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < 8; i++) {
        client.send({ type: 'walker', walker: 'add', response: true });
        t.ok('one' in (await client.next()));
        t.ok('two' in (await client.next()));
        reports.push((await client.next()).reports[0]);
      }
      t.strictSame(client.waiting, []);
    }),
  );
  t.strictSame(
    reports.sort((a, b) => a - b),
    Array.from({ length: 48 }, (_, i) => i + 1),
    'as if one had come after the other',
  );
});

test('when too many runs wait, the next one is told so at once', async (t) => {
  const hub = await startWalkers(t, FILES, { queue: 0 });
  const { token } = await person(hub);
  const [first, second] = [await visit(t, hub, token), await visit(t, hub, token)];
  first.send({ type: 'walker', walker: 'spin', response: true, context: { ms: 500 } });
  await first.next();
  t.strictSame(await second.walk('count'), { type: 'walker', error: 'too many runs are waiting' });
  const refused = await request(hub, '/walker/count', { token });
  t.match(
    [refused.status, refused.body, refused.headers.get('retry-after')],
    [503, { detail: /waiting/ }, '1'],
  );
  t.match(await first.next(), { reports: ['spun'] });
  t.match(await second.walk('count'), { status: 200 });
});

test('a client that goes away while its walker runs harms nothing', async (t) => {
  const { hub } = await started();
  const { token } = await person(hub);
  const [gone, stays] = [await visit(t, hub, token), await visit(t, hub, token)];
  gone.send({ type: 'walker', walker: 'spin', response: true, context: { ms: 200 } });
  await gone.next();
  gone.socket.terminate();
  await gone.closed;
  t.match(await stays.walk('count'), { status: 200 });
});

test('a connection whose channel another plugin refuses is closed', async (t) => {
  const { hub } = await started();
  await t.rejects(visit(t, hub, undefined, '?channel_id=secret'), /closed/);
  t.match((await visit(t, hub, undefined, '?channel_id=open')).channel, 'open');
});

test('a hub killed amid runs has what was acknowledged, nothing of the others, and says so of async ones', async (t) => {
  const { start } = killable(t, FILES);
  const first = await start();
  const { token } = await newUser(first);
  const client = await visit(t, first, token);
  for (let n = 1; n <= 3; n++) t.strictSame((await client.walk('add')).reports, [n]);
  const begun = await request(first, '/walker/later', { token });
  client.send({ type: 'walker', walker: 'half' });
  t.strictSame(await client.next(), { half: true });
  first.child.kill('SIGKILL');
  await first.ended;
  const second = await start();
  const state = await request(second, `/walker/${begun.body.walker_id}`, { method: 'GET', token });
  t.match(state.body, { status: 'failed', error: 'the hub was stopped' });
  const again = await visit(t, second, token);
  t.strictSame((await again.walk('count')).reports, [[3]]);
  t.strictSame((await again.walk('add')).reports, [4]);
});

test('a hub that is stopped amid a run ends in time', async (t) => {
  const { start } = killable(t, FILES);
  const hub = await start();
  const { token } = await newUser(hub);
  const client = await visit(t, hub, token);
  client.send({ type: 'walker', walker: 'half' });
  await client.next();
  hub.child.kill('SIGTERM');
  t.strictSame(await hub.ended, { code: 0, signal: null });
});
