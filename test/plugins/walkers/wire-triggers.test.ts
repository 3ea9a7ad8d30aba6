import { test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import { readSchedule } from '../../../plugins/walkers/schedules.ts';
import { plugin } from '../../helpers/plugin.ts';
import { PUBLIC_ROOT, request, startWalkers, visit } from './wire.ts';

test('a walker with an interval runs by the clock, for a root and with fields', async (t) => {
  const hub = await startWalkers(t, {
    'clock.ts': `import { Root, socket, Type, walker } from 'hub:walker';
export const tick = walker({
  specs: { private: true, schedule: { trigger: 'interval', seconds: 1, context: { text: 'tick' } } },
  has: { text: Type.String() },
}).entry(Root, (w, here) => socket.notify_users([here.id], { text: w.text }));
export const odd = walker({ specs: { schedule: { trigger: 'cron', minute: 99 } } }).entry(Root, () => {});
`,
  });
  const guest = await visit(t, hub);
  t.strictSame(await guest.next(), { text: 'tick' });
  t.strictSame(await guest.next(), { text: 'tick' }, 'again');
  t.ok(hub.logged.some(({ msg, walker }) => walker === 'odd' && /minute/.test(String(msg))));
});

test('schedules are checked, and what is wrong with one is said', (t) => {
  const problem = (schedule: Parameters<typeof readSchedule>[0], pattern: RegExp) =>
    t.match(readSchedule(schedule), { problem: pattern });
  problem({ trigger: 'interval' }, /needs weeks, days/);
  problem({ trigger: 'interval', seconds: -1 }, /\/seconds must be >= 0/);
  problem({ trigger: 'date' }, /run_date/);
  problem({ trigger: 'date', run_date: 'soon' }, /run_date/);
  problem({ trigger: 'cron', week: 3 }, /unknown property "week"/);
  problem({ trigger: 'cron', hour: 24 }, /hour/);
  problem({ trigger: 'cron', day_of_week: '0' }, /day_of_week/);
  problem({ trigger: 'cron', minute: 1, timezone: 'Nowhere/Land' }, /./);
  problem({ trigger: 'cron', minute: 1, root_id: 'x' }, /root_id/);
  for (const good of [
    { trigger: 'cron', hour: '8-18', minute: '*/15', day_of_week: 'mon-fri', timezone: 'Europe/Berlin' },
    { trigger: 'cron', day: 1 },
    { trigger: 'interval', hours: 1, start_date: '2026-01-01T00:00:00Z' },
    { trigger: 'date', run_date: '2030-01-01T12:00:00' },
  ] as const)
    t.match(readSchedule(good), { schedule: { root_id: PUBLIC_ROOT, context: {} } });
  t.end();
});

const TOPICS = {
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

test('walkers follow topics that plugins and walkers tell of', async (t) => {
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
  const hub = await startWalkers(t, TOPICS, {}, { plugins: [teller] });
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
