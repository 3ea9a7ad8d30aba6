import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import { request, startWalkers, visit } from './wire.ts';

const limited = (name: string, limits: string, body: string) =>
  `export const ${name} = walker({ specs: { methods: ['websocket', 'post'], auth: false, limits: ${limits} } }).entry(Root, (w, here) => { ${body} });`;

/** Each does more than its specs allow. */
const CASES: Readonly<
  Record<string, readonly [limits: string, body: string, status: number, detail: RegExp]>
> = {
  cpu: ['{ cpuMs: 30 }', 'for (;;);', 504, /30 ms/],
  wall: ['{ wallMs: 100 }', 'for (;;);', 504, /took longer than 100 ms/],
  heap: ['{ heapMb: 16 }', 'const all = []; for (;;) all.push(new Array(1000).fill(1.5));', 500, /16 MB/],
  reports: ['{ reports: 2 }', 'for (let i = 0; i < 3; i++) w.report(i);', 400, /2 reports/],
  report_bytes: ['{ reportBytes: 50 }', `w.report('x'.repeat(100));`, 400, /50 characters/],
  notifications: ['{ notifications: 2 }', 'for (let i = 0; i < 3; i++) socket.notify_self({ i });', 400, /2/],
  notification_bytes: ['{ notificationBytes: 50 }', `socket.notify_self('x'.repeat(100));`, 400, /50/],
  reads: ['{ reads: 1 }', 'here.out(); here.in(); here.both();', 400, /read/],
  writes: ['{ writes: 2 }', 'for (let i = 0; i < 3; i++) here.connect(A());', 400, /2/],
  write_bytes: ['{ writeBytes: 50 }', `here.connect(A({ text: 'x'.repeat(100) }));`, 400, /50/],
  log: ['{ logLines: 2 }', 'for (let i = 0; i < 3; i++) console.log(i);', 400, /2/],
};
const FILES = {
  'limits.ts': `import { node, Root, socket, Type, walker } from 'hub:walker';
const A = node('A', { text: Type.String({ default: '' }) });
${Object.entries(CASES)
  .map(([name, [limits, body]]) => limited(name, limits, body))
  .join('\n')}
export const nodes = walker({ specs: { auth: false } }).entry(Root, (w, here) => w.report(here.out(A).length));
export const raised = walker({ specs: { auth: false, limits: { reports: 1_000 } } })
  .entry(Root, (w) => { for (let i = 0; i < 10; i++) w.report(i); });
`,
};

const started = shared(async (lasting) => ({
  hub: await startWalkers(lasting, FILES, { limits: { reports: 5 } }),
}));

test('a walker that uses more than its specs allow ends, is told why, and leaves nothing', async (t) => {
  const { hub } = await started();
  const guest = await visit(t, hub);
  for (const [name, [, , status, detail]] of Object.entries(CASES)) {
    t.match(await request(hub, `/walker/${name}`), { status, body: { detail } }, name);
    t.match(await guest.walk(name), { type: 'walker', error: detail }, name);
  }
  t.strictSame((await request(hub, '/walker/nodes')).body.reports, [0]);
});

test("specs lower the hub's limits and never raise them", async (t) => {
  const { hub } = await started();
  t.match(await request(hub, '/walker/raised'), { status: 400, body: { detail: /5 reports/ } });
});
