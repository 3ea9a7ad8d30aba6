import { test } from 'tap';
import { type Identity, Type } from '../../core/index.ts';
import { connect, startHub, type TestHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { Queue } from '../helpers/queue.ts';
import { loggedErrors } from '../helpers/start-with.ts';
import { whoAmI } from '../helpers/who-am-i.ts';

/** A token that expires in so many ms. */
const shortToken = (hub: TestHub, ms: number) => hub.identity.sign('ann', { exp: (Date.now() + ms) / 1000 });
const withToken = async (hub: TestHub, ms: number) => ({
  headers: { authorization: `Bearer ${await shortToken(hub, ms)}` },
});

test('a connection is warned before its token expires, and is anonymous then', async (t) => {
  const changes = new Queue<Identity | undefined>();
  const watch = plugin('watch', (hub) => {
    hub.hooks.identified.tap(({ before }) => changes.push(before));
    hub.hooks.authorizeSubscribe.tap(({ connection }) =>
      connection.identity ? true : { deny: 'members only' },
    );
  });
  const hub = await startHub(t, { plugins: [whoAmI(), watch] });
  const client = await connect(t, hub, '/who', await withToken(hub, 300));
  client.send({ type: 'JOIN', channel: 'room' });
  t.match(await client.next(), {
    error: { code: 'token_expiring', message: /^the token expires in \d+ s$/ },
  });
  t.match(await client.next(), { user: 'ann', channels: ['room'] });
  t.match(await client.next(), { error: { code: 'token_expired' } });
  t.match(await changes.next(), { user: 'ann' });
  client.send({ type: 'WHO' });
  t.strictSame(
    await client.next(),
    { type: 'I_AM', channels: [] },
    'and keeps only channels open to everybody',
  );
});

test('a new token in time replaces the one that expires', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI({ expired: 'close' })] });
  const client = await connect(t, hub, '/who', await withToken(hub, 200));
  t.match(await client.next(), { error: { code: 'token_expiring' } });
  client.send({ type: 'IDENTIFY', token: await hub.identity.sign('ann') });
  t.match(await client.next(), { user: 'ann' });
  // A connection whose token expires later is closed; this one outlives it.
  const other = await connect(t, hub, '/who', await withToken(hub, 300));
  await other.closed;
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' });
});

test('an endpoint that needs a token closes the connection when it expires', async (t) => {
  const hub = await startHub(t, {
    plugins: [whoAmI({ auth: 'required' }, '/required'), whoAmI({ expired: 'close' }, '/close')],
  });
  for (const path of ['/required', '/close']) {
    const client = await connect(t, hub, path, await withToken(hub, 100));
    t.match(await client.next(), { error: { code: 'token_expiring' } });
    t.strictSame(await client.closed, {
      code: 4002,
      reason: 'token expired; reconnect with a new one in 0 ms',
    });
  }
});

test('where a token is needed, who goes on as anonymous has to send a new one in time', async (t) => {
  const limits = { authenticationMs: 50 };
  const hub = await startHub(t, { plugins: [whoAmI({ auth: 'message', limits })] });
  const client = await connect(t, hub, '/who', await withToken(hub, 100));
  t.match(await client.next(), { error: { code: 'token_expiring' } });
  t.match(await client.next(), { error: { code: 'token_expired' } });
  t.strictSame(await client.closed, { code: 4501, reason: 'not authenticated' });
});

test('a token that expired a moment ago is let in, for clocks differ, and expires at once', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI()] });
  const client = await connect(t, hub, '/who', await withToken(hub, -1_000));
  t.match(await client.next(), { error: { code: 'token_expiring', message: 'the token expires in 0 s' } });
  t.match(await client.next(), { error: { code: 'token_expired' } });
});

test('a token that lasts longer than a timer of Node can wait does not expire at once', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI()] });
  const client = await connect(t, hub, '/who', await withToken(hub, 10 * 365 * 24 * 3_600_000));
  client.send({ type: 'WHO' });
  t.match(await client.next(), { type: 'I_AM', user: 'ann' });
});

test('the identity is lost at its time even when the client cannot be told', async (t) => {
  const lost = new Queue<string | undefined>();
  const mute = plugin('mute', (hub) => {
    const error = () => {
      throw new Error('no words');
    };
    hub.endpoint('/mute', { envelope: { type: 'type', error } }).on('A', Type.Object({}), () => {});
    hub.hooks.identified.tap(({ before }) => lost.push(before?.user));
  });
  const hub = await startHub(t, { plugins: [mute] });
  await connect(t, hub, '/mute', await withToken(hub, 100));
  t.equal(await lost.next(), 'ann');
  t.match(loggedErrors(hub), [
    { plugin: 'mute', msg: 'plugin "mute" failed in the error message of /mute' },
    { plugin: 'mute' },
  ]);
});
