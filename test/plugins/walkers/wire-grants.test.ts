import { test } from 'tap';
import { Type } from '../../../core/index.ts';
import { shared, startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { orchard } from './orchard.ts';
import { PUBLIC_ROOT, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'water.ts': `
import { grant, node, Root, Type, walker } from 'hub:walker';
const water = grant('orchard');
const Counter = node('Counter', { n: Type.Integer({ default: 0 }) });
const specs = { methods: ['websocket', 'post'], grants: ['orchard'] } as const;
export const open = walker({ specs, has: { given: Type.Any() } }).entry(Root, (w) => w.report(water.open(w.given)));
export const look = walker({ specs: { ...specs, auth: false } }).entry(Root, (w) => {
  w.report([water.moisture({ field: 'north' }), water.moisture({ field: 'south' }), Object.keys(water)]);
  w.report(water.open({ valve: 'a' }));
});
export const fail = walker({ specs, has: { how: Type.String() } }).entry(Root, (w) => {
  water.fail({ how: w.how });
});
export const catches = walker({ specs, has: { how: Type.String() } }).entry(Root, (w) => {
  try { water.fail({ how: w.how }); } catch (error) { w.report([error.name, error.message]); }
});
export const sly = walker({ specs: { ...specs, grants: [] } }).entry(Root, () => { water.open({ valve: 'a' }); });
export const hang = walker({ specs: { ...specs, limits: { wallMs: 200 } } }).entry(Root, () => { water.hang(); });
export const many = walker({ specs: { ...specs, limits: { calls: 2, callBytes: 500 } }, has: { n: Type.Integer(), size: Type.Integer({ default: 1 }) } })
  .entry(Root, (w) => { for (let i = 0; i < w.n; i++) water.open({ valve: 'x'.repeat(w.size) }); w.report('done'); });
export const count = walker({ specs }).entry(Root, (w, here) => {
  let [counter] = here.out(Counter);
  if (counter === undefined) { counter = Counter({}); here.connect(counter); }
  const before = counter.n;
  water.open({ valve: 'a' });
  counter.n = before + 1;
  water.open({ valve: String(before) });
  w.report(counter.n);
});
`,
};

const started = shared(async (lasting) => {
  const garden = orchard();
  const hub = await startWalkers(lasting, FILES, { processes: 2 }, { plugins: [garden.plugin] });
  return { hub, garden };
});

async function start() {
  const { hub, garden } = await started();
  garden.calls.length = 0;
  const user = await person(hub);
  const call = async (walker: string, body: object = {}) => {
    const rest = await request(hub, `/walker/${walker}`, { token: user.token, body });
    return { status: rest.status, ...rest.body };
  };
  return { hub, garden, user, call };
}

test('a walker calls functions of a plugin and waits for what they give; the plugin is told for whom', async (t) => {
  const { hub, garden, user, call } = await start();
  t.strictSame((await call('open', { given: { valve: 'a' } })).reports, [{ minutes: 5 }], 'with a default');
  const client = await visit(t, hub, user.token);
  t.strictSame((await client.walk('open', { given: { valve: 'b', minutes: 7 } })).reports, [{ minutes: 7 }]);
  t.match(garden.calls, [
    {
      name: 'open',
      given: { valve: 'a', minutes: 5 },
      facts: { root: user.root, walker: 'open', user: { email: user.email, root_id: user.root } },
    },
    { given: { valve: 'b', minutes: 7 } },
  ]);
  const guest = await visit(t, hub);
  t.strictSame((await guest.walk('look')).reports, [
    [0.25, null, ['open', 'moisture', 'hang', 'fail']],
    { minutes: 5 },
  ]);
  t.strictSame(garden.calls.at(-1)?.facts, { root: PUBLIC_ROOT, user: null, walker: 'look' });
});

test('what is wrong with a call is an error at its line, which a walker may catch', async (t) => {
  const { hub, garden, call } = await start();
  const at = (walker: string) => hub.logged.find((entry) => entry.walker === walker && 'at' in entry)?.at;
  t.match(await call('open', { given: { minutes: 0 } }), {
    status: 500,
    detail: /^orchard\.open\(\): .*valve/,
  });
  t.match(at('open'), /^walkers\/water\.ts:6:\d+$/);
  t.match(await call('sly'), {
    status: 500,
    detail: /specs\.grants of the walker does not name orchard$/,
  });
  t.match(await call('fail', { how: 'busy' }), {
    status: 500,
    detail: 'orchard.fail(): the pump is busy',
  });
  t.match(at('fail'), /^walkers\/water\.ts:12:9$/);
  t.match(await call('fail', { how: 'forbidden' }), {
    status: 403,
    detail: 'orchard.fail(): not your valve',
  });
  for (const how of ['bug', 'result']) {
    const { detail } = await call('fail', { how });
    t.match(detail, /^orchard\.fail\(\) failed, trace id [0-9a-f-]{36}$/, how);
    t.ok(
      hub.logged.some(({ traceId, err }) => detail.endsWith(traceId) && err !== undefined),
      'in the log',
    );
  }
  const caught = async (how: string) => (await call('catches', { how })).reports[0];
  t.strictSame(await caught('busy'), ['CallError', 'orchard.fail(): the pump is busy']);
  t.strictSame(await caught('forbidden'), ['AccessError', 'orchard.fail(): not your valve']);
  t.match(await caught('none'), ['CallError', /how must be/]);
  t.strictSame(garden.calls, []);
});

test('calls are limited in number, size and time', async (t) => {
  const { garden, call } = await start();
  t.match(await call('many', { n: 2 }), { reports: ['done'] });
  t.match(await call('many', { n: 3 }), { status: 400, detail: /more than 2 calls/ });
  t.match(await call('many', { n: 1, size: 600 }), { status: 400, detail: /more than 500 characters/ });
  t.equal(garden.calls.length, 4, 'what is too large is not called');
  t.match(await call('hang'), { status: 504, detail: 'took longer than 200 ms' });
});

test('a run that is repeated does not call again what it has called', async (t) => {
  const { garden, call } = await start();
  t.match(await call('count'), { reports: [1] });
  garden.calls.length = 0;
  const open = garden.close();
  const both = [call('count'), call('count')];
  // Both have read the counter when they call.
  while (garden.calls.length < 2) await new Promise(setImmediate);
  open();
  const reports = (await Promise.all(both)).map((answer) => answer.reports[0]);
  t.strictSame(reports.sort(), [2, 3]);
  t.strictSame(
    garden.calls.map(({ given }) => given.valve).sort(),
    ['1', '1', '2', 'a', 'a'],
    'the repeated one calls only what is another call now',
  );
});

test('a file that asks for what nobody offers does not load, and says what there is', async (t) => {
  const head = `import { grant, Root, walker } from 'hub:walker';`;
  const garden = orchard();
  const hub = await startWalkers(
    t,
    {
      'a.ts': `${head}\nexport const a = walker({ specs: { grants: ['iragation'] } });`,
      'b.ts': `${head}\nconst heat = grant('heating');`,
    },
    {},
    { plugins: [garden.plugin] },
  );
  const errors = hub.logged.flatMap(({ msg, file }) => (file === undefined ? [] : String(msg)));
  t.match(errors, [
    /walkers\/a\.ts: specs of a: grants: no plugin offers iragation; offered: orchard$/,
    /walkers\/b\.ts:2:14: grant\(\): no plugin offers heating; offered: orchard$/,
  ]);
});

test('a grant is provided once, in set-up', async (t) => {
  const twice = [orchard(), orchard()].map(({ plugin: made }, i) => ({
    ...made,
    definition: { ...made.definition, name: `orchard${i}` },
  }));
  await t.rejects(startWalkers(t, {}, {}, { plugins: twice }), /the grant orchard is provided twice/);
  const { garden } = await start();
  const { walkers } = garden;
  const fn = walkers.fn({ doc: '', parameters: Type.Object({}), result: Type.Null(), call: () => null });
  const late = () => walkers.provide('orchard', { open: fn, moisture: fn, hang: fn, fail: fn } as never);
  t.throws(late, /provided too late/);
  const bare = plugin('bare', (hub) => void hub.use('walkers'));
  await t.rejects(startHub(t, { plugins: [bare] }), /uses the service "walkers"/);
});
