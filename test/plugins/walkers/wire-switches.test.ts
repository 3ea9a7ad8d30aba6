import { type Test, test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import { shared } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { type Person, person, request, startWalkers, type Visitor, visit } from './wire.ts';

const FILES = {
  'rules.ts': `
import { node, Root, socket, topics, Type, walker } from 'hub:walker';
const Mark = node('Mark', { text: Type.String() });
export const mark = walker({ has: { text: Type.String() } }).entry(Root, (w, here) => { here.connect(Mark({ text: w.text })); });
export const rule = walker({ specs: { private: true, on: ['garden.*'], runs_for: ['users'] } })
  .entry(Root, (w, here) => {
    const marks = here.out(Mark).map(({ text }) => text);
    socket.notify_users([here.id], { marks, email: w.user?.email, event: w.event });
  });
export const both = walker({ specs: { private: true, on: ['garden.sun'], runs_for: ['public', 'users'] } })
  .entry(Root, (w, here) => socket.notify_users([here.id], { both: w.event.data }));
export const tick = walker({ specs: { private: true, schedule: { trigger: 'interval', seconds: 1 }, runs_for: ['users'] } })
  .entry(Root, (w, here) => socket.notify_users([here.id], { tick: w.user?.email }));
export const publish = walker({ has: { topic: Type.String() } }).entry(Root, (w) => topics.publish(w.topic, { by: w.user?.email }));
export const usual = walker({ specs: { auth: false } }).entry(Root, () => {});
`,
};

/** A hub with a topic whose events are for those whom they name, and one without an audience. */
async function start(t: Test, options = {}, more = {}) {
  let publish: (topic: string, event: unknown) => void = () => {};
  const gardener = plugin(
    'gardener',
    (hub: Hub) => {
      const topics = hub.use('topics');
      const schema = Type.Object({ for: Type.Optional(Type.String()), n: Type.Optional(Type.Integer()) });
      const everybody = () => ({ keys: ['everybody'] });
      topics.define('garden.*', { schema, summary: 'of a test', audience: everybody });
      topics.define('garden.own', {
        schema,
        summary: '',
        audience: (event) => ({ keys: [`user:${event.for}`] }),
      });
      topics.define('garden.none', { schema, summary: '' });
      topics.define('garden.said', { schema, summary: '', isFor: (event, user) => event.for === user });
      publish = topics.publish;
    },
    { requires: ['topics'] },
  );
  const hub = await startWalkers(t, FILES, options, { ...more, plugins: [gardener] });
  return { hub, publish: (topic: string, event: unknown = {}) => publish(topic, event) };
}

type Running = Awaited<ReturnType<typeof start>>;

const started = shared((lasting) => start(lasting));

/** A user with a connection, and her switches over REST. */
async function member(t: Test, { hub }: Running): Promise<Person & { id: string; client: Visitor }> {
  const user = await person(hub);
  return { ...user, id: user.root.slice('n::'.length), client: await visit(t, hub, user.token) };
}

const turn = ({ hub }: Running, method: string, { token }: Person, walker = 'rule') =>
  request(hub, `/switch/${walker}`, { method, token });

test('what triggers a walker runs it for each user who has it on, on her graph, as long as she has', async (t) => {
  const running = await started();
  const { hub, publish } = running;
  const [ann, ben] = [await member(t, running), await member(t, running)];
  for (const { token, email } of [ann, ben])
    await request(hub, '/walker/mark', { token, body: { text: email } });
  t.match((await turn(running, 'PUT', ann)).body.switches[0], { walker: 'rule', on: true, since: Number });
  publish('garden.rain', { n: 1 });
  const event = { topic: 'garden.rain', data: { n: 1 } };
  t.strictSame(await ann.client.next(), { marks: [ann.email], email: ann.email, event });

  ben.client.send({ type: 'switch', walker: 'rule', on: true });
  t.match(await ben.client.next('switches'), { data: { switches: [{ walker: 'rule', on: true }] } });
  publish('garden.rain', { n: 2 });
  for (const { client, email } of [ann, ben])
    t.match(await client.next(), { email, event: { data: { n: 2 } } });

  ann.client.send({ type: 'switch', walker: 'rule', on: false });
  t.match(await ann.client.next('switches'), {
    data: { switches: [{ walker: 'rule', on: false }, { walker: 'both' }, { walker: 'tick', on: false }] },
  });
  for (let n = 3; n < 23; n++) publish('garden.rain', { n });
  for (let n = 3; n < 23; n++)
    t.equal((await ben.client.next()).event.data.n, n, 'in the order of the events');
  t.strictSame(ann.client.waiting, []);
});

test('an event runs the walkers of those users only who may get it', async (t) => {
  const running = await started();
  const { publish } = running;
  const [ann, ben] = [await member(t, running), await member(t, running)];
  for (const user of [ann, ben]) t.equal((await turn(running, 'PUT', user)).status, 200);
  publish('garden.none');
  publish('garden.own', { for: ben.id });
  publish('garden.said', { for: ben.id });
  publish('garden.rain');
  const got: string[] = [];
  while (got.length < 3) got.push((await ben.client.next()).event.topic);
  // With other hubs, an event for clients has to wait for its place, and one without an audience does not.
  t.strictSame(got.sort(), ['garden.own', 'garden.rain', 'garden.said']);
  t.equal((await ann.client.next()).event.topic, 'garden.rain');
});

test('a walker runs for the public root as well where its specs say so', async (t) => {
  const running = await started();
  const [ann, guest] = [await member(t, running), await visit(t, running.hub)];
  await turn(running, 'PUT', ann, 'both');
  running.publish('garden.sun', { n: 1 });
  for (const client of [ann.client, guest]) t.strictSame(await client.next(), { both: { n: 1 } });
});

test('a schedule runs a walker for those who have it on', async (t) => {
  const running = await started();
  const ann = await member(t, running);
  await turn(running, 'PUT', ann, 'tick');
  t.strictSame(await ann.client.next(), { tick: ann.email });
});

test('who may switch what: logged-in users, walkers that are for users, up to a number of users', async (t) => {
  const running = await start(t, { switchUsers: 1 });
  const [ann, ben] = [await member(t, running), await member(t, running)];
  const guest = await visit(t, running.hub);
  t.equal((await request(running.hub, '/switch', { method: 'GET' })).status, 401);
  guest.send({ type: 'switches' });
  t.strictSame(await guest.next(), { error: 'Not authenticated' });
  for (const walker of ['usual', 'none']) {
    const { status, body } = await turn(running, 'PUT', ann, walker);
    t.strictSame([status, body], [404, { detail: `there is no walker ${walker} that users can switch on` }]);
  }
  t.equal((await turn(running, 'PUT', ann)).status, 200);
  t.equal((await turn(running, 'PUT', ann)).status, 200, 'again');
  t.match(await turn(running, 'PUT', ben), { status: 403, body: { detail: /1 users have rule on/ } });
  t.equal((await turn(running, 'DELETE', ann)).status, 200);
  t.equal((await turn(running, 'DELETE', ann)).status, 200, 'again');
  t.equal((await turn(running, 'PUT', ben)).status, 200);
});

test('switches survive a restart', async (t) => {
  const data = t.testdir();
  const before = await start(t, {}, { data });
  const user = await person(before.hub);
  await turn(before, 'PUT', user);
  await before.hub.stop();
  const after = await start(t, {}, { data });
  const client = await visit(t, after.hub, user.token);
  after.publish('garden.rain', { n: 1 });
  t.match(await client.next(), { email: user.email, event: { data: { n: 1 } } });
});
