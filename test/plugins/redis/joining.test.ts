/** Who has joined a channel gets what other hubs send from then on. */
import { type Test, test } from 'tap';
import { type Hub, Type } from '../../../core/index.ts';
import redis from '../../../plugins/redis/index.ts';
import { type Client, connect, startHub } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { untilReady } from './hubs.ts';
import { ownPrefix, REDIS_URL, wayTo, withRedis } from './service.ts';

const Channel = Type.Object({ channel: Type.String() });

/** Answers `JOIN` when the connection is in the channel, `IDENTIFY` when it is somebody; sends to users and channels. */
function joining(hub: Hub) {
  const endpoint = hub.endpoint('/', { envelope: { type: 'type' } });
  const done = endpoint.emits('DONE', Channel, { overflow: 'close' });
  const news = endpoint.emits('NEWS', Channel, { overflow: 'close' });
  hub.hooks.authenticate.tap(({ token }) => ({ user: token, claims: {}, expiresAt: undefined }));
  endpoint.on('JOIN', Channel, async ({ channel }, connection) => {
    await hub.channels.join(connection, channel);
    return done({ channel });
  });
  endpoint.on('IDENTIFY', Channel, async ({ channel }, connection) => {
    await connection.identify(channel);
    return done({ channel });
  });
  return {
    toChannel: (channel: string) => hub.notify.channels([channel], news({ channel })),
    toUser: (user: string) => hub.notify.users([user], news({ channel: user })),
  };
}

async function start(t: Test, prefix: string, url = REDIS_URL) {
  const made: ReturnType<typeof joining>[] = [];
  const talks = plugin('joining', (hub) => void made.push(joining(hub)));
  const hub = await startHub(t, { plugins: [talks, redis({ prefix, url, store: false })] });
  const [sends] = made;
  if (sends === undefined) throw new Error('not set up');
  return { hub, sends };
}

async function ask(client: Client, type: string, channel: string): Promise<void> {
  client.send({ type, channel });
  await client.next('DONE');
}

await withRedis(() => {
  test('as soon as a client is told that it has joined, or is a user, other hubs reach it', async (t) => {
    const prefix = ownPrefix(t);
    const [here, there] = [await start(t, prefix), await start(t, prefix)];
    const client = await connect(t, there.hub, '/');
    for (let i = 0; i < 50; i++) {
      await ask(client, 'JOIN', `c${i}`);
      here.sends.toChannel(`c${i}`);
      t.strictSame(await client.next(), { type: 'NEWS', channel: `c${i}` });
      await ask(client, 'IDENTIFY', `u${i}`);
      here.sends.toUser(`u${i}`);
      t.strictSame(await client.next(), { type: 'NEWS', channel: `u${i}` });
    }
  });

  test('while Redis is away clients join, and get what their own hub sends', async (t) => {
    const way = await wayTo(t, REDIS_URL);
    const here = await start(t, ownPrefix(t), way.url);
    const client = await connect(t, here.hub, '/');
    way.cut();
    await untilReady(here, 503);
    for (let i = 0; i < 50; i++) {
      await ask(client, 'JOIN', `c${i}`);
      here.sends.toChannel(`c${i}`);
      t.strictSame(await client.next(), { type: 'NEWS', channel: `c${i}` });
    }
  });
});
