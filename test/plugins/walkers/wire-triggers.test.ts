import { test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import { shared } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { PUBLIC_ROOT, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'clock.ts': `import { Root, socket, Type, walker } from 'hub:walker';
export const tick = walker({
  specs: { private: true, schedule: { trigger: 'interval', seconds: 1, context: { text: 'tick' } } },
  has: { text: Type.String() },
}).entry(Root, (w, here) => socket.notify_channels(['clock'], { root: here.id, text: w.text }));
`,
  'topics.ts': `import { Root, socket, topics, Type, walker } from 'hub:walker';
export const follows = walker({ specs: { private: true, on: ['table.changed', 'table.removed'] } })
  .entry(Root, (w, here) => socket.notify_users([here.id], w.event));
export const tells = walker({ specs: { auth: false }, has: { n: Type.Integer() } })
  .entry(Root, (w) => topics.publish('table.changed', { n: w.n }));
export const circle = walker({ specs: { private: true, on: ['circle'] } }).entry(Root, (w, here) => {
  socket.notify_users([here.id], { round: w.event.data });
  topics.publish('circle', w.event.data + 1);
});
`,
};

const started = shared(async (lasting) => {
  let publish: (topic: string, data: unknown) => void = () => {};
  const teller = plugin(
    'teller',
    (hub: Hub) => {
      const topics = hub.use('topics');
      for (const name of ['table.*', 'circle'])
        topics.define(name, { schema: Type.Unknown(), summary: 'of a test', walkers: true });
      publish = topics.publish;
    },
    { requires: ['topics'] },
  );
  const hub = await startWalkers(lasting, FILES, {}, { plugins: [teller] });
  return { hub, publish: (topic: string, data: unknown) => publish(topic, data) };
});

test('a walker with an interval runs by the clock, for a root and with fields', async (t) => {
  const { hub } = await started();
  const guest = await visit(t, hub, undefined, '?channel_id=clock');
  const tick = { root: PUBLIC_ROOT, text: 'tick' };
  t.strictSame(await guest.next(), tick);
  t.strictSame(await guest.next(), tick, 'again');
});

const scheduled = (schedule: object) => `import { Root, walker } from 'hub:walker';
export const NAME = walker({ specs: { auth: false, schedule: ${JSON.stringify(schedule)} } }).entry(Root, (w) => w.report('ran'));
`;

const WRONG: readonly (readonly [schedule: object, reason: RegExp])[] = [
  [{ trigger: 'weekly' }, /trigger must be one of "cron", "interval", "date"/],
  [{ trigger: 'interval' }, /needs weeks, days/],
  [{ trigger: 'interval', seconds: -1 }, /\/seconds must be >= 0/],
  [
    { trigger: 'interval', seconds: 1, start_date: '2026-99-99' },
    /\/start_date must be a moment that there is/,
  ],
  [{ trigger: 'date' }, /run_date/],
  [{ trigger: 'date', run_date: 'soon' }, /run_date/],
  [{ trigger: 'date', run_date: '2026-13-45' }, /\/run_date must be a moment/],
  [{ trigger: 'date', run_date: '2026-02-30T10:00:00' }, /\/run_date must be a moment/],
  [{ trigger: 'cron', week: 3 }, /unknown property "week"/],
  [{ trigger: 'cron', minute: 99 }, /minute/],
  [{ trigger: 'cron', hour: 24 }, /hour/],
  [{ trigger: 'cron', minute: '1-2-3' }, /minute|syntax|Invalid/i],
  [{ trigger: 'cron', day_of_week: '0' }, /day_of_week/],
  [{ trigger: 'cron', minute: 1, timezone: 'Nowhere/Land' }, /Nowhere\/Land/],
  [{ trigger: 'cron', minute: 1, root_id: 'x' }, /root_id/],
];
const RIGHT: readonly object[] = [
  { trigger: 'cron', hour: '8-18', minute: '*/15', day_of_week: 'mon-fri', timezone: 'Europe/Berlin' },
  { trigger: 'cron', day: 1 },
  { trigger: 'interval', hours: 1, start_date: '2026-01-01T00:00:00Z' },
  { trigger: 'interval', days: 1, start_date: '2026-01-01T00:00:00+02:00', end_date: '2027-01-01' },
  { trigger: 'date', run_date: '2099-01-01T12:00' },
  // What is over runs no more, and is no mistake.
  { trigger: 'date', run_date: '2020-02-29' },
];

test('a file with a wrong schedule does not load, and the log says why; one that is right does', async (t) => {
  const files: Record<string, string> = {};
  for (const [i, [schedule]] of WRONG.entries())
    files[`wrong${i}.ts`] = scheduled(schedule).replace('NAME', `wrong${i}`);
  for (const [i, schedule] of RIGHT.entries())
    files[`right${i}.ts`] = scheduled(schedule).replace('NAME', `right${i}`);
  const hub = await startWalkers(t, files);
  const said = (file: string) =>
    hub.logged.flatMap((entry) => (entry.file === file && 'level' in entry ? String(entry.msg) : []));
  for (const [i, [schedule, reason]] of WRONG.entries()) {
    const [message = ''] = said(`wrong${i}.ts`);
    t.match(message, reason, JSON.stringify(schedule));
    t.ok(
      message.startsWith(`a walker file does not load: walkers/wrong${i}.ts: specs of wrong${i}: `),
      message,
    );
    t.equal((await request(hub, `/walker/wrong${i}`)).status, 404);
  }
  for (const [i, schedule] of RIGHT.entries())
    t.equal((await request(hub, `/walker/right${i}`)).status, 200, JSON.stringify(schedule));
});

test('walkers follow topics that plugins and walkers tell of', async (t) => {
  const { hub, publish } = await started();
  const guest = await visit(t, hub);
  publish('table.removed', { table: 'kendall' });
  publish('table.other', {});
  t.strictSame(await guest.next(), { topic: 'table.removed', data: { table: 'kendall' } });
  await request(hub, '/walker/tells', { body: { n: 3 } });
  t.strictSame(await guest.next(), { topic: 'table.changed', data: { n: 3 } });
  publish('circle', 1);
  for (let round = 1; round <= 10; round++) t.strictSame(await guest.next(), { round });
  await request(hub, '/walker/tells', { body: { n: 4 } });
  t.match(await guest.next(), { data: { n: 4 } }, 'the circle has ended');
});
