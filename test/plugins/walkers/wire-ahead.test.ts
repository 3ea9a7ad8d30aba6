import { type Test, test } from 'tap';
import { orchard } from './orchard.ts';
import { person, startWalkers, visit } from './wire.ts';

const FILES = {
  'ahead.ts': `import { grant, node, Root, socket, Type, walker } from 'hub:walker';
const orchard = grant('orchard');
const Mark = node('Mark', { n: Type.Integer() });
const methods = ['websocket'] as const;
/** Writes at its end, which the test decides about. */
export const hold = walker({ specs: { methods, grants: ['orchard'] }, has: { n: Type.Integer({ default: 0 }) } })
  .entry(Root, (w, here) => {
    socket.notify_self({ holding: w.n });
    orchard.open({ valve: 'a' });
    here.connect(Mark({ n: w.n }));
    w.report('held');
  });
export const clock = walker({ specs: { methods } }).entry(Root, (w) => w.report(Date.now()));
export const tell = walker({ specs: { methods }, has: { n: Type.Integer() } }).entry(Root, (w) => {
  socket.notify_self({ told: w.n });
  w.report(w.n);
});
/** Quick and by itself, until it looks. */
export const look = walker({ specs: { methods }, has: { n: Type.Integer(), look: Type.Boolean() } })
  .entry(Root, (w, here) => {
    socket.notify_self({ looking: w.n });
    w.report(w.look ? here.out(Mark).map(({ n }) => n) : []);
  });
export const mark = walker({ specs: { methods }, has: { n: Type.Integer() } }).entry(Root, (w, here) => {
  here.connect(Mark({ n: w.n }));
  w.report(w.n);
});
/** Quick and by itself, until it does something that cannot be undone. */
export const water = walker({ specs: { methods, grants: ['orchard'] }, has: { really: Type.Boolean() } })
  .entry(Root, (w) => w.report(w.really ? orchard.open({ valve: 'b' }).minutes : 0));
export const outsider = walker({ specs: { methods, auth: false } }).entry(Root, () => {});
export const who = walker({ specs: { methods } }).entry(Root, (w) => w.report(w.root.id));
`,
};
/** Runs after which a walker is known to be quick, unless the machine held them up. */
const WARM_UP = 30;
/** Tries to meet a moment in which the machine did not. */
const MOST_TRIES = 20;

/** Two connections of a user. */
async function start(t: Test, processes: number) {
  const garden = orchard();
  const options = { processes, limits: { wallMs: 60_000, cpuMs: 20_000 } };
  const hub = await startWalkers(t, FILES, options, { plugins: [garden.plugin] });
  const ann = await person(hub);
  return { garden, hub, ann, user: await visit(t, hub, ann.token), other: await visit(t, hub, ann.token) };
}
type User = Awaited<ReturnType<typeof start>>['user'];

const event = (walker: string, context: object = {}) => ({ type: 'walker', walker, response: true, context });

async function warmUp(user: User, walker: string, context: object = {}): Promise<void> {
  for (let i = 0; i < WARM_UP; i++) await user.walk(walker, context);
}

/** All that was sent has arrived: this is refused at once. */
async function arrived(user: User, t: Test): Promise<void> {
  user.send({ type: 'nonsense' });
  t.strictSame(await user.next(), { error: 'Not a valid event!' });
}

/** Milliseconds; afterwards the clock shows others. */
function passed(): number {
  const now = Date.now();
  while (Date.now() === now);
  return now;
}

test('a quick walker runs while one before it does, and nothing is seen of it until that has ended', async (t) => {
  const { garden, user, other } = await start(t, 2);
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    await warmUp(user, 'clock');
    await warmUp(user, 'tell', { n: 0 });
    const open = garden.close();
    user.send(event('hold'));
    t.strictSame(await user.next(), { holding: 0 });
    user.send(event('tell', { n: 1 }));
    user.send(event('clock'));
    await arrived(user, t);
    // The other process runs one after the other: this one last.
    await other.walk('clock');
    t.strictSame(user.waiting, []);
    const before = passed();
    open();
    t.strictSame((await user.next()).reports, ['held']);
    t.strictSame(await user.next(), { told: 1 });
    t.strictSame((await user.next()).reports, [1]);
    const [ran] = (await user.next()).reports;
    if (ran <= before) return;
  }
  t.fail('it never ran before its turn');
});

test('a walker that looks at the graph sees what the events before it have done, and says nothing twice', async (t) => {
  const { garden, hub, user, other } = await start(t, 2);
  await warmUp(await visit(t, hub), 'outsider');
  await warmUp(user, 'look', { n: 0, look: false });
  await warmUp(user, 'water', { really: false });
  const open = garden.close();
  user.send(event('hold', { n: 7 }));
  t.strictSame(await user.next(), { holding: 7 });
  user.send(event('look', { n: 1, look: true }));
  user.send(event('water', { really: true }));
  user.send(event('look', { n: 2, look: true }));
  user.send(event('outsider'));
  await arrived(user, t);
  await other.walk('clock');
  t.strictSame(user.waiting, []);
  t.strictSame(
    garden.calls.map(({ given }) => given.valve),
    ['a'],
    'nothing is called ahead of its turn',
  );
  open();
  t.strictSame((await user.next()).reports, ['held']);
  for (const n of [1, 2]) {
    t.strictSame(await user.next(), { looking: n });
    t.strictSame((await user.next()).reports, [[7]]);
    if (n === 1) t.strictSame((await user.next()).reports, [5]);
  }
  t.match(await user.next(), { error: 'Event outsider requires to be unauthenticated!' });
  t.strictSame((await user.walk('clock')).status, 200);
  t.strictSame(user.waiting, []);
});

test('events of a connection take effect in order, whatever their walkers do', async (t) => {
  const { hub, user, ann } = await start(t, 1);
  const bob = await person(hub);
  await warmUp(user, 'tell', { n: 0 });
  await warmUp(user, 'look', { n: 0, look: false });
  await warmUp(user, 'who');
  user.waiting.length = 0;
  const marks: number[] = [];
  for (let n = 0; n < 60; n++) {
    if (n % 4 === 0) user.send(event('mark', { n }));
    else if (n % 4 === 1) user.send(event('look', { n, look: n > 20 }));
    else user.send(event('tell', { n }));
  }
  user.send(event('missing'));
  user.send(event('who'));
  user.send({ type: 'change_user', token: bob.token });
  user.send(event('who'));
  for (let n = 0; n < 60; n++) {
    if (n % 4 === 0) marks.push(n);
    const looks = n % 4 === 1;
    if (looks) t.strictSame(await user.next(), { looking: n });
    else if (n % 4 > 1) t.strictSame(await user.next(), { told: n });
    t.strictSame((await user.next()).reports, [looks ? (n > 20 ? marks : []) : n]);
  }
  t.match(await user.next(), { error: 'Event missing does not exist!' });
  t.strictSame((await user.next()).reports, [ann.root]);
  t.match(await user.next(), { type: 'connection' });
  t.strictSame((await user.next()).reports, [bob.root]);
});
