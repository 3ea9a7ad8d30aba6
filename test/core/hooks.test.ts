import { test } from 'tap';
import { type Connection, type Hub, HubError, type Identity, Type } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';
import { Queue } from '../helpers/queue.ts';
import { loggedErrors } from '../helpers/start-with.ts';

const Text = Type.Object({ text: Type.String() });

/** `/e`: ECHO comes back; JOIN, LEAVE and IDENTIFY do what they say and answer DONE. */
const endpoint = plugin('endpoint', (hub) => {
  const e = hub.endpoint('/e', { envelope: { type: 'type', content: 'content' } });
  const echo = e.emits('ECHO', Text, { overflow: 'close' });
  const done = e.emits('DONE', Type.Object({}), { overflow: 'close' });
  e.on('ECHO', Text, (content) => echo(content));
  e.on('JOIN', Text, async ({ text }, connection) => {
    await hub.channels.join(connection, text);
    return done({});
  });
  e.on('LEAVE', Text, ({ text }, connection) => {
    hub.channels.leave(connection, text);
    return done({});
  });
  e.on('IDENTIFY', Text, async ({ text }, connection) => {
    await connection.identify(text);
    return done({});
  });
});

const echo = (text: string) => ({ type: 'ECHO', content: { text } });
const join = (text: string) => ({ type: 'JOIN', content: { text } });
const ann: Identity = { user: 'ann', claims: {}, expiresAt: undefined };

test('each observing hook is called with what happened', async (t) => {
  const told = new Queue<[string, unknown]>();
  const observer = plugin('observer', ({ hooks }) => {
    for (const name of ['opened', 'closed', 'identified', 'subscribed', 'unsubscribed'] as const) {
      hooks[name].tap((payload: unknown) => told.push([name, payload]));
    }
    hooks.authenticate.tap(() => ann);
  });
  const hub = await startHub(t, { plugins: [endpoint, observer] });
  const next = async (name: string) => {
    const [actual, payload] = await told.next();
    t.equal(actual, name);
    return payload;
  };
  const client = await connect(t, hub, '/e');
  const connection = (await next('opened')) as Connection;
  t.match(connection, { path: '/e', isOpen: true, identity: undefined });
  client.send(join('room'));
  t.strictSame(await next('subscribed'), { connection, channel: 'room' });
  client.send({ type: 'IDENTIFY', content: { text: 'token' } });
  t.strictSame(await next('identified'), { connection, before: undefined });
  t.equal(connection.identity?.user, 'ann');
  client.send({ type: 'LEAVE', content: { text: 'room' } });
  t.strictSame(await next('unsubscribed'), { connection, channel: 'room' });
  client.send(join('other'));
  await next('subscribed');
  client.socket.close(4321);
  t.strictSame(await next('unsubscribed'), { connection, channel: 'other' }, 'at the close it leaves all');
  t.strictSame(await next('closed'), { connection, code: 4321 });
  t.notOk(connection.isOpen);
});

test('a failing tap of an observing hook is contained and attributed, and the others run', async (t) => {
  const watch = watcher();
  const told = new Queue<string>();
  const hooks = ['opened', 'closed', 'identified', 'subscribed', 'unsubscribed'] as const;
  const failing = plugin('failing', (hub) => {
    for (const name of hooks) {
      hub.hooks[name].tap(() => {
        throw new Error(`sync ${name}`);
      });
      hub.hooks[name].tap(() => Promise.reject(new Error(`async ${name}`)) as never);
    }
    hub.hooks.authenticate.tap(() => ann);
  });
  const fine = plugin('fine', (hub) => {
    for (const name of hooks) hub.hooks[name].tap(() => told.push(name));
  });
  const hub = await startHub(t, { plugins: [watch.plugin, failing, fine, endpoint] });
  const client = await connect(t, hub, '/e');
  client.send({ type: 'IDENTIFY', content: { text: 'token' } });
  client.send(join('room'));
  await client.next('DONE');
  await client.next('DONE');
  client.socket.close();
  await told.next((name) => name === 'closed');
  const failures = [];
  for (let i = 0; i < hooks.length * 2; i++) failures.push(await watch.failures.next());
  t.strictSame(
    failures.map(({ plugin, where, error }) => `${plugin}, ${where}: ${error}`).sort(),
    hooks
      .flatMap((name) => ['async', 'sync'].map((kind) => `failing, hook ${name}: Error: ${kind} ${name}`))
      .sort(),
  );
  for (const failure of failures) {
    const entry = hub.logged.find(({ traceId }) => traceId === failure.traceId);
    t.match(entry, { plugin: 'failing', level: 50, msg: `plugin "failing" failed in ${failure.where}` });
  }
});

test('a failing tap of pluginError is logged, and not told to the hook again', async (t) => {
  let calls = 0;
  const failing = plugin('failing', (hub) => {
    hub.hooks.pluginError.tap(() => {
      calls++;
      throw new Error('cannot even report');
    });
    hub.hooks.opened.tap(() => {
      throw new Error('no power');
    });
  });
  const hub = await startHub(t, { plugins: [failing, endpoint] });
  await connect(t, hub, '/e');
  t.equal(calls, 1);
  t.match(loggedErrors(hub), [
    { msg: 'plugin "failing" failed in hook opened' },
    { msg: 'plugin "failing" failed in hook pluginError', err: { message: 'cannot even report' } },
  ]);
});

test('a tap of opened may close the connection, and closed is told after opened', async (t) => {
  const told: string[] = [];
  const guard = plugin('guard', (hub) => {
    hub.hooks.closed.tap(({ code }) => void told.push(`closed ${code}`));
    hub.hooks.opened.tap((connection) => {
      connection.close(4600, 'not today');
      told.push(`open ${connection.isOpen}`);
    });
    hub.hooks.opened.tap(() => void told.push('opened'));
  });
  const hub = await startHub(t, { plugins: [guard, endpoint] });
  t.strictSame(await (await connect(t, hub, '/e')).closed, { code: 4600, reason: 'not today' });
  t.strictSame(told, ['open false', 'opened', 'closed 4600']);
});

test('congested is told when a reader falls behind', async (t) => {
  const told = new Queue<number>();
  const flood = plugin('flood', (hub) => {
    const e = hub.endpoint('/flood', { envelope: { type: 'type' }, limits: { outboxBytes: 1_024 } });
    const chunk = e.emits('CHUNK', Text, { overflow: 'drop' });
    const content = { text: 'x'.repeat(500_000) };
    e.on('GO', Type.Object({}), (_content, connection) => {
      for (let i = 0; i < 40; i++) connection.send(chunk(content));
    });
    hub.hooks.congested.tap(({ waiting }) => told.push(waiting));
  });
  const hub = await startHub(t, { plugins: [flood] });
  const client = await connect(t, hub, '/flood');
  client.socket.pause();
  client.send({ type: 'GO' });
  t.ok((await told.next()) > 0, 'with the bytes that wait');
});

test('authorizeMessage: the first verdict wins, by stage and then by order', async (t) => {
  const asked: string[] = [];
  const decide = (name: string, verdict: (text: string) => true | { deny: string } | undefined, stage = 0) =>
    plugin(name, (hub) =>
      hub.hooks.authorizeMessage.tap(
        ({ content }) => {
          asked.push(name);
          return verdict((content as { text: string }).text);
        },
        { stage },
      ),
    );
  const hub = await startHub(t, {
    plugins: [
      decide('second', (text) => (text === 'yes' ? true : undefined)),
      decide('third', () => ({ deny: 'only yes' })),
      decide('first', (text) => (text === 'never' ? { deny: 'never' } : undefined), -1),
      endpoint,
    ],
  });
  const client = await connect(t, hub, '/e');
  client.send(echo('yes'));
  t.match(await client.next(), { type: 'ECHO' });
  client.send(echo('no'));
  t.match(await client.next(), { error: { code: 'forbidden', message: 'only yes', ref: 'ECHO' } });
  client.send(echo('never'));
  t.match(await client.next(), { error: { code: 'forbidden', message: 'never' } });
  t.strictSame(asked, ['first', 'second', 'first', 'second', 'third', 'first']);
});

test('a decision that fails is a denial, and what failed stays in the log', async (t) => {
  const taps: ((text: string) => unknown)[] = [
    () => {
      throw new Error('the password is hunter2');
    },
    async () => true,
    async () => {
      throw new Error('the password is hunter2');
    },
    () => false,
    () => null,
    () => 'allowed',
    () => ({ deny: 5 }),
  ];
  const broken = plugin('broken', (hub) => {
    hub.hooks.authorizeMessage.tap(
      ({ content }) => taps[Number((content as { text: string }).text)]?.('') as true,
    );
    hub.hooks.authorizeSubscribe.tap(({ channel }) => taps[Number(channel)]?.('') as true);
  });
  // Messages of other types pass, so that JOIN reaches the hook it is about.
  const joins = plugin('joins', (hub) =>
    hub.hooks.authorizeMessage.tap(({ type }) => (type === 'JOIN' ? true : undefined), { stage: -1 }),
  );
  const hub = await startHub(t, { plugins: [broken, joins, endpoint] });
  const client = await connect(t, hub, '/e');
  for (const index of taps.keys()) {
    client.send(echo(String(index)));
    const { error } = await client.next();
    t.equal(error.code, 'forbidden');
    const [, traceId] = /^the hub failed to decide, trace id (\S+)$/.exec(error.message) ?? [];
    t.match(
      hub.logged.find((entry) => entry.traceId === traceId),
      {
        plugin: 'broken',
        msg: 'plugin "broken" failed in hook authorizeMessage',
      },
    );
    if (index === 1) continue;
    client.send(join(String(index)));
    t.match(await client.next(), { error: { code: 'forbidden', message: /^the hub failed to decide/ } });
  }
  t.strictSame(
    hub.plugins.map(({ name }) => name),
    ['broken', 'joins', 'endpoint'],
  );
});

test('a HubError thrown by a deciding tap is a denial with its message, not a failure', async (t) => {
  const guard = plugin('guard', (hub) => {
    hub.hooks.authorizeMessage.tap(({ type }) => {
      if (type === 'JOIN') return true;
      throw new HubError('forbidden', 'the office is closed');
    });
    hub.hooks.authorizeSubscribe.tap(async () => {
      throw new HubError('forbidden', 'the room is closed');
    });
  });
  const hub = await startHub(t, { plugins: [guard, endpoint] });
  const client = await connect(t, hub, '/e');
  client.send(echo(''));
  t.match(await client.next(), { error: { code: 'forbidden', message: 'the office is closed' } });
  client.send(join('room'));
  t.match(await client.next(), { error: { code: 'forbidden', message: 'the room is closed' } });
  t.strictSame(loggedErrors(hub), []);
});

test('authorizeSubscribe waits for its taps, one after the other', async (t) => {
  const asked: string[] = [];
  const decide = (name: string, verdict: true | { deny: string } | undefined) => (hub: Hub) =>
    hub.hooks.authorizeSubscribe.tap(async ({ channel }) => {
      await new Promise(setImmediate);
      asked.push(`${name} ${channel}`);
      return channel === name ? verdict : undefined;
    });
  const hub = await startHub(t, {
    plugins: [
      plugin('a', decide('open', true)),
      plugin('b', decide('closed', { deny: 'members only' })),
      plugin('c', decide('other', undefined)),
      endpoint,
    ],
  });
  const client = await connect(t, hub, '/e');
  client.send(join('open'));
  t.match(await client.next(), { type: 'DONE' });
  client.send(join('closed'));
  t.match(await client.next(), { error: { code: 'forbidden', message: 'members only' } });
  client.send(join('other'));
  t.match(await client.next(), { type: 'DONE' }, 'without a verdict it is allowed');
  t.strictSame(asked, [
    'open open',
    'open closed',
    'closed closed',
    'open other',
    'closed other',
    'other other',
  ]);
});
