import { type Test, test } from 'tap';
import type { TestHub } from '../../helpers/hub.ts';
import { PUBLIC_ROOT, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'access.ts': `
import { node, Root, Type, walker } from 'hub:walker';
const Box = node('Box', { text: Type.String() });
const Mine = node('Mine');
const specs = { methods: ['websocket', 'post'] } as const;
export const make = walker({ specs }).entry(Root, (w, here) => {
  const box = Box({ text: 'first' });
  here.connect(box);
  w.report(box);
});
export const grant = walker({
  specs,
  has: { level: Type.Enum(['NO_ACCESS', 'READ', 'CONNECT', 'WRITE']), to: Type.Optional(Type.String()) },
}).entry(Box, (w, here) => here.grant(w.level, w.to));
export const revoke = walker({ specs, has: { to: Type.Optional(Type.String()) } })
  .entry(Box, (w, here) => here.revoke(w.to));
export const read = walker({ specs }).entry(Box, (w, here) => w.report(here.text));
export const write = walker({ specs, has: { text: Type.String() } }).entry(Box, (w, here) => {
  here.text = w.text;
  w.report(here.text);
});
export const connect = walker({ specs }).entry(Box, (w, here) => {
  w.root.connect(here);
  w.report(w.root.out(Box).length);
});
export const guest_read = walker({ specs: { ...specs, auth: false } }).entry(Box, (w, here) => w.report(here.text));
export const count = walker({ specs, has: { n: Type.Integer({ default: 1 }) } }).entry(Root, (w, here) => {
  for (let i = 0; i < w.n; i++) here.connect(Mine());
  w.report(here.out(Mine).length);
});
`,
};

/** A box of one user, and what another one, and somebody who is not logged in, can do with it. */
async function box(t: Test) {
  const hub = await startWalkers(t, FILES);
  const [owner, other] = [await person(hub), await person(hub)];
  const made = await request(hub, '/walker/make', { token: owner.token });
  const { id } = made.body.reports[0];
  const call = (token: string | undefined, walker: string, body: object = {}) =>
    request(hub, `/walker/${walker}/${id}`, { ...(token && { token }), body });
  const grant = (level: string, to?: string) => call(owner.token, 'grant', { level, to });
  const stored = async () => (await call(owner.token, 'read')).body.reports[0];
  /** What the other user can do: the status of each way. */
  const can = async () => {
    const before = await stored();
    const read = (await call(other.token, 'read')).status;
    const connect = (await call(other.token, 'connect')).status;
    const write = await call(other.token, 'write', { text: 'other' });
    const isStored = (await stored()) === 'other';
    await call(owner.token, 'write', { text: before });
    const reported = write.status === 200 && write.body.reports[0] === 'other';
    return { read, connect, write: write.status, reported, isStored };
  };
  const guest = async () => (await call(undefined, 'guest_read')).status;
  return { hub, owner, other, id, call, grant, can, guest };
}

const NOTHING = { read: 403, connect: 403, write: 403, reported: false, isStored: false };
// Connecting what may not be connected is an error within the walker, which it may catch.
const READ = { read: 200, connect: 500, write: 200, reported: true, isStored: false };
const CONNECT = { ...READ, connect: 200 };
const WRITE = { ...CONNECT, isStored: true };

test('every level lets another user do what it says, and no more', async (t) => {
  const { grant, can, other, call, owner } = await box(t);
  t.strictSame(await can(), NOTHING, 'nothing was granted');
  for (const [level, allowed] of Object.entries({ READ, CONNECT, WRITE, NO_ACCESS: NOTHING })) {
    await grant(level, other.root);
    t.strictSame(await can(), allowed, `${level} to the user`);
  }
  await grant('WRITE', other.root);
  await call(owner.token, 'revoke', { to: other.root });
  t.strictSame(await can(), NOTHING, 'revoked');
});

test('what everybody may do counts where nothing else is said of a user', async (t) => {
  const { grant, can, guest, other, call, owner } = await box(t);
  t.equal(await guest(), 403);
  await grant('READ');
  t.strictSame(await can(), READ);
  t.equal(await guest(), 200, 'those who are not logged in, too');
  await grant('WRITE', other.root);
  t.strictSame(await can(), WRITE);
  await grant('NO_ACCESS', other.root);
  t.strictSame(await can(), NOTHING, 'blocked');
  t.equal(await guest(), 200);
  await call(owner.token, 'revoke');
  t.equal(await guest(), 403);
});

test('the same levels hold over WebSocket', async (t) => {
  const { hub, grant, other, id } = await box(t);
  const user = await visit(t, hub, other.token);
  t.match(await user.walk('read', {}, id), { type: 'walker', error: /no access/ });
  await grant('READ', other.root);
  t.match(await user.walk('read', {}, id), { reports: ['first'] });
  t.match(await user.walk('connect', {}, id), { type: 'walker', error: /CONNECT/ });
  await grant('CONNECT', other.root);
  t.match(await user.walk('connect', {}, id), { reports: [1] });
});

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
