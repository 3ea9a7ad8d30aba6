import { test } from 'tap';
import WebSocket from 'ws';
import { HubError } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { refusedUpgrade } from '../helpers/refused-upgrade.ts';
import { loggedErrors } from '../helpers/start-with.ts';
import { whoAmI } from '../helpers/who-am-i.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('authenticate: a tap may accept, refuse, or leave a token to the core', async (t) => {
  const seen: unknown[] = [];
  const keys = plugin('keys', (hub) =>
    hub.hooks.authenticate.tap(async ({ token, endpoint }) => {
      seen.push(endpoint);
      await new Promise(setImmediate);
      if (token === 'key-of-ann') return { user: 'ann', claims: { by: 'key' }, expiresAt: undefined };
      if (token === 'key-of-eve') return { deny: 'this key was withdrawn' };
      if (token === 'key-of-bob') throw new HubError('unauthorized', 'not on sundays');
      return undefined;
    }),
  );
  const hub = await startHub(t, { plugins: [whoAmI(), keys] });
  const client = await connect(t, hub, '/who', bearer('key-of-ann'));
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' });
  t.match(await refusedUpgrade(t, hub, '/who', { authorization: 'Bearer key-of-eve' }), {
    status: 401,
    text: 'this key was withdrawn',
  });
  client.send({ type: 'IDENTIFY', token: 'key-of-bob' });
  t.match(await client.next(), { error: { code: 'unauthorized', message: 'not on sundays' } });
  client.send({ type: 'IDENTIFY', token: await hub.identity.sign('carl') });
  t.match(await client.next(), { user: 'carl' });
  t.match(await (await fetch(`${hub.origin}/who`, bearer('key-of-ann'))).json(), { claims: { by: 'key' } });
  t.strictSame(seen, ['/who', '/who', '/who', '/who', undefined], 'an HTTP request has no endpoint');
});

test('authenticate: a tap that fails denies, and what failed stays in the log', async (t) => {
  const taps = [
    () => ({ user: '' }),
    () => ({ user: 'ann' }),
    () => true,
    () => null,
    () => Promise.reject(new Error('db: hunter2')),
  ];
  const broken = plugin('broken', (hub) =>
    hub.hooks.authenticate.tap(({ token }) => taps[Number(token)]?.() as never),
  );
  const hub = await startHub(t, { plugins: [whoAmI(), broken] });
  for (const index of taps.keys()) {
    const { status, text } = await refusedUpgrade(t, hub, '/who', { authorization: `Bearer ${index}` });
    t.equal(status, 401);
    const [, traceId] = /^the hub failed to decide, trace id (\S+)$/.exec(text) ?? [];
    t.match(loggedErrors(hub)[index], { traceId, plugin: 'broken' });
  }
});

test('an upgrade whose token cannot be checked in time is refused', async (t) => {
  const hanging = plugin('hanging', (hub) => hub.hooks.authenticate.tap(() => new Promise(() => {})));
  const hub = await startHub(t, { plugins: [whoAmI(), hanging], limits: { handshakeMs: 30 } });
  t.match(await refusedUpgrade(t, hub, '/who', { authorization: 'Bearer x' }), {
    status: 401,
    text: 'the token could not be checked in time',
  });
});

test('a client that gives up while its token is checked harms nothing', async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<undefined>();
  const slow = plugin('slow', (hub) =>
    hub.hooks.authenticate.tap(({ token }) => {
      asked.resolve();
      return token === 'slow' ? answer.promise : undefined;
    }),
  );
  const hub = await startHub(t, { plugins: [whoAmI(), slow] });
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/who`, bearer('slow'));
  socket.on('error', () => {});
  await asked.promise;
  socket.terminate();
  answer.resolve(undefined);
  const client = await connect(t, hub, '/who', bearer(await hub.identity.sign('ann')));
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' });
  t.strictSame(loggedErrors(hub), []);
});
