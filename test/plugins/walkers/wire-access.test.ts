import { test } from 'tap';
import { shared } from '../../helpers/hub.ts';
import { PUBLIC_ROOT, person, request, startWalkers, visit } from './wire.ts';

const FILES = {
  'access.ts': `
import { destroy, node, Root, Type, walker } from 'hub:walker';
const Box = node('Box', { text: Type.String() });
const Leaf = node('Leaf');
const specs = { methods: ['websocket', 'post'] } as const;
export const make = walker({ specs }).entry(Root, (w, here) => {
  const box = Box({ text: 'first' });
  here.connect(box);
  const leaf = Leaf();
  box.connect(leaf);
  leaf.grant('READ');
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
export const share = walker({ specs }).entry(Box, (w, here) => here.grant('READ', '${PUBLIC_ROOT}'));
export const unshare = walker({ specs }).entry(Box, (w, here) => here.revoke());
export const prune = walker({ specs }).entry(Box, (w, here) => w.report(here.disconnect(Leaf)));
export const cut = walker({ specs }).entry(Box, (w, here) => here.edges().forEach(destroy));
export const remove = walker({ specs }).entry(Box, (w, here) => destroy(here));
export const try_remove = walker({ specs }).entry(Box, (w, here) => {
  try { destroy(here); } catch (error) { w.report([error.name, error.message.startsWith('destroy(): no WRITE access to node n:Box:')]); }
});
export const guest_read = walker({ specs: { ...specs, auth: false } }).entry(Box, (w, here) => w.report(here.text));
`,
};

const started = shared(async (lasting) => ({ hub: await startWalkers(lasting, FILES) }));

/** A box of one user, and what another one, and somebody who is not logged in, can do with it. */
async function box() {
  const { hub } = await started();
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
const READ = { read: 200, connect: 403, write: 200, reported: true, isStored: false };
const CONNECT = { ...READ, connect: 200 };
const WRITE = { ...CONNECT, isStored: true };

test('every level lets another user do what it says, and no more', async (t) => {
  const { grant, can, other, call, owner } = await box();
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
  const { grant, can, guest, other, call, owner } = await box();
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

/** The levels that let a user do it. What changes fields without WRITE goes on; it is only not stored. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  read: ['READ', 'CONNECT', 'WRITE'],
  write: ['READ', 'CONNECT', 'WRITE'],
  connect: ['CONNECT', 'WRITE'],
  share: ['WRITE'],
  unshare: ['WRITE'],
  cut: ['WRITE'],
  prune: ['WRITE'],
  remove: ['WRITE'],
};

test('what needs more than the user has is refused with 403 and in words, and done by whoever has enough', async (t) => {
  const { hub, owner, other } = await box();
  const [ownerSocket, otherSocket] = [await visit(t, hub, owner.token), await visit(t, hub, other.token)];
  /** A box with this level for the other user; the owner always has WRITE. */
  const make = async (level: string) => {
    const { id } = (await request(hub, '/walker/make', { token: owner.token })).body.reports[0];
    await request(hub, `/walker/grant/${id}`, { token: owner.token, body: { level, to: other.root } });
    return String(id);
  };
  for (const level of ['NO_ACCESS', 'READ', 'CONNECT', 'WRITE']) {
    for (const [walker, levels] of Object.entries(NEEDS)) {
      const fields = walker === 'write' ? { text: 'x' } : {};
      for (const [{ token }, socket, has] of [
        [owner, ownerSocket, 'WRITE'],
        [other, otherSocket, level],
      ] as const) {
        const says = `${walker} by ${token === owner.token ? 'the owner' : `another user with ${level}`}`;
        const rest = await request(hub, `/walker/${walker}/${await make(level)}`, { token, body: fields });
        const event = await socket.walk(walker, fields, await make(level));
        if (levels.includes(has)) t.match([rest, event], [{ status: 200 }, { status: 200 }], says);
        else {
          t.match(rest, { status: 403, body: { detail: /access/ } }, says);
          t.match(event, { type: 'walker', error: /^[^\n]*access[^\n]*$/ }, says);
          t.notMatch(event.error, /file:|\.ts/, 'no stack');
        }
      }
    }
  }
  t.strictSame(
    hub.logged.filter(({ msg }) => /failed/.test(String(msg))),
    [],
    'a refusal is no failure of the walker',
  );
});

test('a walker may catch that it lacks a level, and goes on', async (t) => {
  const { hub, other, grant, call, id } = await box();
  await grant('READ', other.root);
  t.match(await call(other.token, 'try_remove'), { status: 200, body: { reports: [['AccessError', true]] } });
  t.match(await (await visit(t, hub, other.token)).walk('read', {}, id), { reports: ['first'] });
});
