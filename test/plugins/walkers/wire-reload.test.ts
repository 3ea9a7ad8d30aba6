import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import type { TestHub } from '../../helpers/hub.ts';
import { person, request, startWalkers, visit } from './wire.ts';

const says = (text: string, name = 'greet') => `import { Root, walker } from 'hub:walker';
export const ${name} = walker({ specs: { methods: ['websocket', 'post'], auth: false } })
  .entry(Root, (w) => w.report('${text}'));
`;

async function start(t: Test, files: Readonly<Record<string, string>>) {
  const folder = t.testdir({ ...files });
  const hub = await startWalkers(t, {}, { folder });
  const save = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return { hub, folder, save };
}

/** Calls until the answer is as wanted. */
async function until(
  hub: TestHub,
  walker: string,
  wanted: (answer: { status: number; body: { reports?: unknown[] } }) => boolean,
) {
  for (;;) {
    const answer = await request(hub, `/walker/${walker}`);
    if (wanted(answer)) return answer;
  }
}

/** Waits for an entry of the log. */
async function logged(hub: TestHub, wanted: RegExp): Promise<void> {
  while (!hub.logged.some(({ msg }) => wanted.test(String(msg)))) await request(hub, '/walker/nothing');
}

test('a saved file is an event, a route and a part of the document, and changes with the next save', async (t) => {
  const { hub, save, folder } = await start(t, {});
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
  const { hub, save } = await start(t, { 'greet.ts': says('old') });
  save('greet.ts', 'export const greet = walker(;\n');
  await logged(hub, /walkers\/greet\.ts:1:\d+/);
  t.match(await request(hub, '/walker/greet'), { status: 200, body: { reports: ['old'] } });
  save('other.ts', says('other'));
  await logged(hub, /a walker greet is in walkers\/greet\.ts, too/);
  save('greet.ts', says('new'));
  await until(hub, 'greet', ({ body: { reports } }) => reports?.[0] === 'new');
});

test('a walker that runs while its file is saved ends as it began', async (t) => {
  const slow = (text: string) => `import { Root, socket, walker } from 'hub:walker';
export const slow = walker({ specs: { methods: ['websocket', 'post'] } }).entry(Root, (w) => {
  socket.notify_self({ began: '${text}' });
  const end = Date.now() + 700;
  while (Date.now() < end);
  w.report('${text}');
});
`;
  const { hub, save } = await start(t, { 'slow.ts': slow('old') });
  const { token } = await person(hub);
  const user = await visit(t, hub, token);
  user.send({ type: 'walker', walker: 'slow', response: true });
  t.strictSame(await user.next(), { began: 'old' });
  save('slow.ts', slow('new'));
  t.strictSame(await user.next(), { status: 200, reports: ['old'] });
  for (let text = ''; text !== 'new'; ) [text] = (await user.walk('slow')).reports;
  t.pass('the new version serves');
});
