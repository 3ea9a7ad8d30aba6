import { test } from 'tap';
import { Type } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';
import { whoAmI } from '../helpers/who-am-i.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('memberships are authorised again when the identity changes', async (t) => {
  const members = plugin('members', (hub) =>
    hub.hooks.authorizeSubscribe.tap(async ({ connection, channel }) => {
      await new Promise(setImmediate);
      const user = connection.identity?.user;
      return channel === 'lobby' || channel === `of ${user}` ? true : { deny: 'not yours' };
    }),
  );
  const hub = await startHub(t, { plugins: [whoAmI(), members] });
  const client = await connect(t, hub, '/who', bearer(await hub.identity.sign('ann')));
  for (const channel of ['lobby', 'of ann']) client.send({ type: 'JOIN', channel });
  t.match(await client.next(), { channels: ['lobby'] });
  t.match(await client.next(), { channels: ['lobby', 'of ann'] });
  client.send({ type: 'IDENTIFY', token: await hub.identity.sign('bob') });
  t.match(await client.next(), { user: 'bob', channels: ['lobby'] });
  client.send({ type: 'JOIN', channel: 'of ann' });
  t.match(await client.next(), { error: { code: 'forbidden', message: 'not yours' } });
});

test('an identity that changes while a membership is decided counts for the decision', async (t) => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const joined = Promise.withResolvers<unknown>();
  const racing = plugin('racing', (hub) => {
    hub.hooks.authorizeSubscribe.tap(async ({ connection }) => {
      const user = connection.identity?.user;
      asked.resolve();
      await release.promise;
      return user === 'ann' ? true : { deny: 'only ann' };
    });
    hub
      .endpoint('/race', { envelope: { type: 'type' } })
      .on('RACE', Type.Object({}), async (_content, connection) => {
        const joining = hub.channels.join(connection, 'of ann').then(
          () => 'joined',
          (error: unknown) => error,
        );
        await asked.promise;
        await connection.forget();
        release.resolve();
        joined.resolve(await joining);
      });
  });
  const hub = await startHub(t, { plugins: [racing] });
  const client = await connect(t, hub, '/race', bearer(await hub.identity.sign('ann')));
  client.send({ type: 'RACE' });
  t.match(await joined.promise, { code: 'forbidden', message: 'only ann' });
});

test('notifications to a user follow the identity', async (t) => {
  const notes = plugin('notes', (hub) => {
    const endpoint = hub.endpoint('/notes', { envelope: { type: 'type' } });
    const note = endpoint.emits('NOTE', Type.Object({ for: Type.String() }), { overflow: 'close' });
    const token = Type.Object({ token: Type.String() });
    endpoint.on('IDENTIFY', token, async ({ token }, connection) => void (await connection.identify(token)));
    endpoint.on('SEND', Type.Object({}), () => {
      for (const user of ['ann', 'bob']) hub.notify.users([user], note({ for: user }));
    });
  });
  const hub = await startHub(t, { plugins: [notes] });
  const client = await connect(t, hub, '/notes', bearer(await hub.identity.sign('ann')));
  client.send({ type: 'SEND' });
  t.strictSame(await client.next(), { type: 'NOTE', for: 'ann' });
  client.send({ type: 'IDENTIFY', token: await hub.identity.sign('bob') });
  client.send({ type: 'SEND' });
  t.strictSame(await client.next(), { type: 'NOTE', for: 'bob' });
});
