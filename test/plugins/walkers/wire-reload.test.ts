import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'tap';
import { shared, type TestHub } from '../../helpers/hub.ts';
import { orchard } from './orchard.ts';
import { person, request, startWalkers, visit } from './wire.ts';

const says = (text: string, name = 'greet') => `import { Root, walker } from 'hub:walker';
export const ${name} = walker({ specs: { methods: ['websocket', 'post'], auth: false } })
  .entry(Root, (w) => w.report('${text}'));
`;

const started = shared(async (lasting) => {
  const folder = lasting.testdir({});
  const garden = orchard();
  const hub = await startWalkers(lasting, {}, { folder, processes: 2 }, { plugins: [garden.plugin] });
  const save = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return { hub, folder, save, garden };
});

/** Calls until the answer is as wanted. */
async function until(
  hub: TestHub,
  walker: string,
  wanted: (answer: { status: number; body: { reports?: unknown[] } }) => boolean,
) {
  for (;;) {
    const answer = await request(hub, `/walker/${walker}`);
    if (wanted(answer)) return answer;
    await wait(5);
  }
}

/** Waits for an entry of the log. */
async function logged(hub: TestHub, wanted: RegExp): Promise<void> {
  while (!hub.logged.some(({ msg }) => wanted.test(String(msg)))) await wait(5);
}

test('a saved file is an event, a route and a part of the document, and changes with the next save', async (t) => {
  const { hub, save, folder } = await started();
  const guest = await visit(t, hub);
  t.match(await guest.walk('greet'), { error: 'Event greet does not exist!' });
  const savedAt = performance.now();
  save('greet.ts', says('one'));
  await until(hub, 'greet', ({ status }) => status === 200);
  t.comment(`${Math.round(performance.now() - savedAt)} ms from saving to the first answer`);
  t.strictSame(await guest.walk('greet'), { status: 200, reports: ['one'] });
  const { body } = await request(hub, '/openapi.json', { method: 'GET' });
  t.ok(body.paths['/walker/greet'].post);
  save('greet.ts', says('two'));
  await until(hub, 'greet', ({ body: { reports } }) => reports?.[0] === 'two');
  t.strictSame(await guest.walk('greet'), { status: 200, reports: ['two'] });
  rmSync(join(folder, 'greet.ts'));
  await until(hub, 'greet', ({ status }) => status === 404);
  t.match(await guest.walk('greet'), { error: 'Event greet does not exist!' });
});

test('a file that does not load keeps its old version serving, and the log says why', async (t) => {
  const { hub, save } = await started();
  save('greet.ts', says('old'));
  await until(hub, 'greet', ({ status }) => status === 200);
  save('greet.ts', 'export const greet = walker(;\n');
  await logged(hub, /walkers\/greet\.ts:1:\d+/);
  t.match(await request(hub, '/walker/greet'), { status: 200, body: { reports: ['old'] } });
  save('other.ts', says('other'));
  await logged(hub, /a walker greet is in walkers\/greet\.ts, too/);
  save('greet.ts', says('new'));
  await until(hub, 'greet', ({ body: { reports } }) => reports?.[0] === 'new');
});

test('a walker that runs while its file is saved ends as it began', async (t) => {
  const slow = (text: string) => `import { grant, Root, socket, walker } from 'hub:walker';
export const slow = walker({ specs: { methods: ['websocket', 'post'], grants: ['orchard'] } }).entry(Root, (w) => {
  socket.notify_self({ began: '${text}' });
  grant('orchard').open({ valve: 'a' });
  w.report('${text}');
});
`;
  const { hub, save, garden } = await started();
  save('slow.ts', slow('old'));
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  // Refused without a token, once it is there.
  await until(hub, 'slow', ({ status }) => status === 401);
  const open = garden.close();
  user.send({ type: 'walker', walker: 'slow', response: true });
  t.strictSame(await user.next(), { began: 'old' });
  hub.forgetLog();
  save('slow.ts', slow('new'));
  await logged(hub, /walkers loaded/);
  const other = await visit(t, hub, token);
  other.send({ type: 'walker', walker: 'slow', response: true });
  t.strictSame(await other.next(), { began: 'new' }, 'the new version serves');
  open();
  t.strictSame(await user.next(), { status: 200, reports: ['old'] });
  t.strictSame(await other.next(), { status: 200, reports: ['new'] });
});
