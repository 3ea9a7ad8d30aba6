/** Whatever a plugin does wrong, the hub goes on, says whose fault it was, and tells the caller a code and a trace id. */
import { type Test, test } from 'tap';
import { type Hub, HubError, Type } from '../../core/index.ts';
import { connect, startHub, type TestHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';

const Empty = Type.Object({});
const boom = () => {
  throw new Error('the password is hunter2');
};
const rejects = async () => boom();

/** A hub with a failing plugin and one that works; `works` proves that the second one still does. */
async function start(t: Test, setup: (hub: Hub) => void) {
  const watch = watcher();
  const fine = plugin('fine', (hub) => {
    const endpoint = hub.endpoint('/fine', { envelope: { type: 'type' } });
    const pong = endpoint.emits('PONG', Empty, { overflow: 'close' });
    endpoint.on('PING', Empty, () => pong({}));
  });
  const hub = await startHub(t, { plugins: [watch.plugin, plugin('failing', setup), fine] });
  const works = async () => {
    const client = await connect(t, hub, '/fine');
    client.send({ type: 'PING' });
    t.strictSame(await client.next(), { type: 'PONG' });
    t.equal((await fetch(`${hub.origin}/health/ready`)).status, 200);
  };
  const failed = async (where: string, traceId?: string) => {
    const failure = await watch.failures.next();
    t.match(failure, { plugin: 'failing', where, error: { message: 'the password is hunter2' } });
    if (traceId !== undefined) t.equal(failure.traceId, traceId);
    t.ok(isLogged(hub, failure.traceId));
    t.strictSame(watch.failures.waiting, [], 'it is reported once');
  };
  return { hub, works, failed };
}

const isLogged = (hub: TestHub, traceId: string) =>
  hub.logged.some((entry) => entry.traceId === traceId && entry.plugin === 'failing');

test('in a handler, synchronous or not', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    hub
      .endpoint('/x', { envelope: { type: 'type' } })
      .on('SYNC', Empty, boom)
      .on('ASYNC', Empty, rejects)
      .on('CONCURRENT', Empty, rejects, { concurrent: true });
  });
  const client = await connect(t, hub, '/x');
  for (const type of ['SYNC', 'ASYNC', 'CONCURRENT']) {
    client.send({ type });
    const { error } = await client.next();
    t.match(error, { code: 'internal', message: 'the hub failed to handle this message', ref: type });
    await failed(`message "${type}"`, error.traceId);
  }
  await works();
});

test('in a route, synchronous or not, and in its hooks', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    hub.http.get('/sync', boom);
    hub.http.get('/async', rejects);
    hub.http.get('/hook', { preHandler: rejects }, () => 'x');
  });
  for (const path of ['/sync', '/async', '/hook']) {
    const answer = await fetch(`${hub.origin}${path}`);
    t.equal(answer.status, 500);
    const { error } = (await answer.json()) as { error: { code: string; traceId: string } };
    t.equal(error.code, 'internal');
    await failed(`route GET ${path}`, error.traceId);
  }
  await works();
});

test('in the data of an endpoint', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    hub.endpoint('/x', { envelope: { type: 'type' }, data: boom });
  });
  t.match(await (await connect(t, hub, '/x')).closed, { code: 4503 });
  await failed('data of /x');
  await works();
});

test('in the words of an error', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    const envelope = { type: 'type', error: boom };
    const endpoint = hub.endpoint('/x', {
      envelope,
      limits: { burst: 4, messagesPerSecond: 0.001, refusals: 1 },
    });
    endpoint.on('REFUSE', Empty, () => {
      throw new HubError('forbidden', 'no');
    });
  });
  const client = await connect(t, hub, '/x');
  for (const message of [{ type: 'REFUSE' }, { type: 'UNKNOWN' }, 'no JSON', 'no JSON', 'too fast']) {
    client.send(message);
    await failed('the error message of /x');
  }
  t.equal(client.socket.readyState, 1, 'the connection goes on');
  client.send('far too fast');
  t.match(await client.closed, { code: 4500 }, 'and its limits hold');
  await works();
});

test('in the fallback of an envelope', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    hub.endpoint('/x', { envelope: { type: 'type', fallback: boom } });
  });
  const client = await connect(t, hub, '/x');
  client.send('no JSON');
  const { error } = await client.next();
  t.match(error, { code: 'internal' });
  await failed('reading a message', error.traceId);
  await works();
});

test('in what it sends', async (t) => {
  const { hub, works, failed } = await start(t, (hub) => {
    const endpoint = hub.endpoint('/x', { envelope: { type: 'type' } });
    const circle = endpoint.emits('CIRCLE', Type.Unknown(), { overflow: 'close' });
    endpoint.on('REPLY', Empty, () => circle({ toJSON: boom }));
    endpoint.on('NOTIFY', Empty, async (_content, connection) => {
      await hub.channels.join(connection, 'all');
      hub.notify.channels(['all'], circle({ toJSON: boom }));
    });
    endpoint.on('WRONG', Empty, () => ({ type: 'WRONG' }) as never);
  });
  const client = await connect(t, hub, '/x');
  for (const type of ['REPLY', 'NOTIFY']) {
    client.send({ type });
    const { error } = await client.next();
    await failed(`message "${type}"`, error.traceId);
  }
  client.send({ type: 'WRONG' });
  t.match(await client.next(), { error: { code: 'internal', ref: 'WRONG' } });
  await works();
});

test('in every hook at once', async (t) => {
  const names = [
    'authenticate',
    'authorizeSubscribe',
    'authorizeMessage',
    'inbound',
    'opened',
    'closed',
    'identified',
    'subscribed',
    'unsubscribed',
    'congested',
    'pluginError',
  ] as const;
  const failing = plugin('failing', (hub) => {
    for (const name of names) hub.hooks[name].tap(boom);
    const endpoint = hub.endpoint('/x', { envelope: { type: 'type' } });
    endpoint.on('A', Empty, () => {});
    hub.http.get('/who', async (request) => (await hub.identity.of(request)) ?? {});
  });
  const hub = await startHub(t, { plugins: [failing] });
  const client = await connect(t, hub, '/x');
  client.send({ type: 'A' });
  t.match(await client.next(), { error: { code: 'internal' } });
  t.equal((await fetch(`${hub.origin}/who`)).status, 200);
  t.equal((await fetch(`${hub.origin}/who`, { headers: { authorization: 'Bearer x' } })).status, 401);
  client.socket.close();
  await client.closed;
  t.equal((await fetch(`${hub.origin}/health/ready`)).status, 200);
  t.notOk(hub.logged.some(({ msg }) => msg === 'unexpected error in the transport'));
});
