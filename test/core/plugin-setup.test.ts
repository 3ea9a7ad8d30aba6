import { test } from 'tap';
import { type Hub, type PluginStore, StartError, Type } from '../../core/index.ts';
import { startHub, type TestOptions } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

declare module '../../core/index.ts' {
  interface Services {
    greeter: { greet(name: string): string };
  }
}

const ENVELOPE = { envelope: { type: 'type' } };
const Empty = Type.Object({});

test('a set-up that fails keeps the hub from starting, names the plugin and closes the store', async (t) => {
  const fail = async (setup: (hub: Hub) => void | Promise<void>, message: string | RegExp) => {
    let store: PluginStore | undefined;
    const earlier = plugin('earlier', (hub) => {
      store = hub.store;
    });
    await t.rejects(startHub(t, { plugins: [earlier, plugin('broken', setup)] }), {
      name: 'StartError',
      message,
    });
    await t.rejects(async () => store?.collection('things').put('a', 1), /clos/, 'the store is closed again');
  };
  const message = 'plugin "broken" failed in set-up: no power';
  await fail(() => {
    throw new Error('no power');
  }, message);
  await fail(async () => {
    throw new Error('no power');
  }, message);
  await fail(() => {
    throw new StartError('no power');
  }, message);
  await fail(() => Promise.reject('no power'), message);
  await fail(() => Promise.reject(undefined), 'plugin "broken" failed in set-up: undefined');
  await fail((hub) => {
    hub.http.register(async () => {
      throw new Error('no power');
    });
  }, message);
  await fail((hub) => {
    hub.http.post('/x', { schema: { body: { type: 'nonsense' } } }, () => '');
  }, /the HTTP routes cannot be served: .*POST: \/x/);
  await fail((hub) => {
    hub.endpoint('/x', ENVELOPE).on('A', { type: 'nonsense' }, () => {});
  }, /plugin "broken" failed in set-up: schema is invalid/);
});

test('a set-up that does not end in time is given up', async (t) => {
  const never = () => new Promise<void>(() => {});
  const options: TestOptions = { limits: { setupMs: 20, stopMs: 20 } };
  const expected = { name: 'StartError', message: 'plugin "slow": set-up took longer than 20 ms' };
  await t.rejects(startHub(t, { ...options, plugins: [plugin('slow', never)] }), expected);
  const nested = plugin('slow', (hub) => void hub.http.register(never));
  await t.rejects(startHub(t, { ...options, plugins: [nested] }), expected);
});

test('when a set-up fails, the tear-down of the plugins set up so far runs', async (t) => {
  const closed: string[] = [];
  const orderly = (name: string) => plugin(name, (hub) => hub.onClose(() => void closed.push(name)));
  const broken = plugin('broken', (hub) => {
    hub.onClose(() => void closed.push('broken'));
    throw new Error('no power');
  });
  await t.rejects(startHub(t, { plugins: [orderly('first'), orderly('second'), broken, orderly('third')] }));
  t.strictSame(closed, ['broken', 'second', 'first']);
});

test('clashes name both plugins', async (t) => {
  const clash = (first: (hub: Hub) => void, second: (hub: Hub) => void, message: string) =>
    t.rejects(startHub(t, { plugins: [plugin('one', first), plugin('two', second)] }), {
      name: 'StartError',
      message,
    });
  await clash(
    (hub) => void hub.endpoint('/chat', ENVELOPE),
    (hub) => void hub.endpoint(['/talk', '/chat'], ENVELOPE),
    'plugin "two": the endpoint /chat is already taken by plugin "one"',
  );
  await clash(
    (hub) => void hub.endpoint('/rooms/:id', ENVELOPE),
    (hub) => void hub.endpoint('/rooms/:name', ENVELOPE),
    'plugin "two": the endpoint /rooms/:name is already taken by plugin "one"',
  );
  await clash(
    (hub) => hub.provide('greeter', { greet: (name) => name }),
    (hub) => hub.provide('greeter', { greet: (name) => name }),
    'plugin "two": the service "greeter" is already provided by plugin "one"',
  );
  await clash(
    (hub) => void hub.http.get('/rooms/:id', () => ''),
    (hub) => void hub.http.get('/rooms/:id', () => ''),
    'plugin "two": the route GET /rooms/:id is already taken by plugin "one"',
  );
  await clash(
    () => {},
    (hub) => void hub.http.get('/health/live', () => ''),
    'plugin "two": the route GET /health/live is already taken by the hub',
  );
  await clash(
    () => {},
    (hub) => void hub.http.get('/docs', () => ''),
    'plugin "two": the route GET /docs is already taken by the hub',
  );
  await clash(
    () => {},
    (hub) =>
      void hub
        .endpoint('/x', ENVELOPE)
        .on('A', Empty, () => {})
        .on('A', Empty, () => {}),
    'plugin "two": the message type "A" on /x is already registered by plugin "two"',
  );
  await clash(
    () => {},
    (hub) => {
      const endpoint = hub.endpoint('/x', ENVELOPE);
      endpoint.emits('A', Empty, { overflow: 'drop' });
      endpoint.emits('A', Empty, { overflow: 'drop' });
    },
    'plugin "two": the message type "A" on /x is already registered by plugin "two"',
  );
});

test('the same path with another method or another host is no clash', async (t) => {
  const hub = await startHub(t, {
    plugins: [
      plugin('one', (hub) => void hub.http.get('/rooms', () => 'one')),
      plugin('two', (hub) => {
        hub.http.post('/rooms', () => 'two');
        hub.http.route({
          method: 'GET',
          url: '/rooms',
          constraints: { host: 'x.test' },
          handler: () => 'host',
        });
      }),
    ],
  });
  t.equal(await (await fetch(`${hub.origin}/rooms`)).text(), 'one');
  t.equal(await (await fetch(`${hub.origin}/rooms`, { method: 'POST' })).text(), 'two');
});

test('other mistakes in set-up are named', async (t) => {
  const refused = (setup: (hub: Hub) => void | Promise<void>, message: string | RegExp) =>
    t.rejects(startHub(t, { plugins: [plugin('wrong', setup)] }), { name: 'StartError', message });
  await refused(
    (hub) => void hub.endpoint('chat', ENVELOPE),
    'plugin "wrong": the endpoint path "chat" must start with "/", and not end with one',
  );
  await refused(
    (hub) => void hub.endpoint('/chat/', ENVELOPE),
    'plugin "wrong": the endpoint path "/chat/" must start with "/", and not end with one',
  );
  await refused(
    (hub) => void hub.endpoint('/chat', { ...ENVELOPE, limits: { burst: 0 } }),
    'plugin "wrong": the limits of the endpoint /chat: /burst must be >= 1, found 0',
  );
  await refused(
    (hub) => void hub.endpoint('/chat', { ...ENVELOPE, limits: { bursts: 5 } as object }),
    /the limits of the endpoint \/chat: it has an unknown property "bursts", allowed are messageBytes,/,
  );
  await refused(
    (hub) => void hub.use('greeter'),
    'plugin "wrong" uses the service "greeter", which no plugin set up before it provides',
  );
  for (const ms of [0, -1, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY]) {
    await refused(
      (hub) => hub.every('sweep', ms, () => {}),
      `plugin "wrong": the interval of timer "sweep" must be from 1 to 2147483647 ms, found ${ms}`,
    );
  }
  await refused(async (hub) => {
    await hub.state('settings', {});
    await hub.state('settings', {});
  }, 'plugin "wrong" opened its state "settings" twice');
});

test('a limit of an endpoint that is undefined is the hub’s', async (t) => {
  let found: unknown;
  await startHub(t, {
    limits: { burst: 7 },
    plugins: [
      plugin('a', (hub) => {
        const limits = { burst: undefined, mailbox: 3 } as { mailbox: number };
        found = hub.endpoint('/x', { ...ENVELOPE, limits }).limits;
      }),
    ],
  });
  t.match(found, { burst: 7, mailbox: 3, channels: 128 });
});

test('a service is used by the plugins that come after the one that provides it', async (t) => {
  let greeting = '';
  const greeter = plugin('greeter', (hub) => hub.provide('greeter', { greet: (name) => `hello ${name}` }));
  const guest = plugin(
    'guest',
    (hub) => {
      greeting = hub.use('greeter').greet('ann');
    },
    { requires: ['greeter'] },
  );
  await startHub(t, { plugins: [guest, greeter] });
  t.equal(greeting, 'hello ann');
});

test('a service a plugin can do without is found when there is one', async (t) => {
  const found: (string | undefined)[] = [];
  const guest = plugin('guest', (hub) => void found.push(hub.find('greeter')?.greet('ann')), {
    after: ['greeter'],
  });
  const greeter = plugin('greeter', (hub) => hub.provide('greeter', { greet: (name) => `hello ${name}` }));
  await startHub(t, { plugins: [guest, greeter] });
  await startHub(t, { plugins: [guest] });
  t.strictSame(found, ['hello ann', undefined]);
});

test('a service may know who uses it', async (t) => {
  const made: string[] = [];
  const greeter = plugin('greeter', (hub) =>
    hub.provideEach('greeter', (user) => {
      made.push(user);
      return { greet: (name) => `${user} greets ${name}` };
    }),
  );
  const said: string[] = [];
  const guest = (name: string) =>
    plugin(
      name,
      (hub) => void said.push(hub.use('greeter').greet('ann'), hub.find('greeter')?.greet('bob') ?? ''),
      {
        requires: ['greeter'],
      },
    );
  await startHub(t, { plugins: [greeter, guest('one'), guest('two')] });
  t.strictSame(said, ['one greets ann', 'one greets bob', 'two greets ann', 'two greets bob']);
  t.strictSame(made, ['one', 'two'], 'each has its own');
});

test('after set-up nothing can be registered any more', async (t) => {
  let late: Hub | undefined;
  await startHub(t, {
    plugins: [
      plugin('late', (hub) => {
        late = hub;
        const endpoint = hub.endpoint('/x', ENVELOPE);
        hub.onReady(() => {
          t.throws(
            () => endpoint.on('A', Empty, () => {}),
            /"late": message type "A" was registered after set-up/,
          );
          t.throws(() => endpoint.emits('A', Empty, { overflow: 'drop' }), /outgoing message type "A" was/);
        });
      }),
    ],
  });
  if (late === undefined) throw new Error('not set up');
  const hub = late;
  const attempts: [string, () => void][] = [
    ['endpoint /late', () => hub.endpoint('/late', ENVELOPE)],
    ['timer "sweep"', () => hub.every('sweep', 10, () => {})],
    ['tap of closed', () => hub.hooks.closed.tap(() => {})],
    ['tap of authenticate', () => hub.hooks.authenticate.tap(() => undefined)],
    ['command "do"', () => hub.command({ name: 'do', summary: '', run: async () => {} })],
    ['service "greeter"', () => hub.provide('greeter', { greet: (name) => name })],
    ['service "greeter"', () => hub.provideEach('greeter', () => ({ greet: (name) => name }))],
    ['line "gossip"', () => hub.line('gossip', { receive: () => {} })],
    ['onReady', () => hub.onReady(() => {})],
    ['onDrain', () => hub.onDrain(() => {})],
    ['onClose', () => hub.onClose(() => {})],
  ];
  for (const [what, register] of attempts) {
    t.throws(register, {
      name: 'StartError',
      message: `plugin "late": ${what} was registered after set-up, when the registries are frozen`,
    });
  }
  t.throws(() => hub.http.get('/late', () => ''), /already listening|already been loaded|is ready/);
});

test('what plugins keep does not meet, whatever their names are', async (t) => {
  const seen: unknown[] = [];
  const keep = (name: string, collection: string) =>
    plugin(name, async (hub) => {
      const things = hub.store.collection<string>(collection);
      const state = await hub.state(collection, { owner: '' });
      seen.push([await things.get('x'), state.data.owner]);
      await things.put('x', name);
      await state.update((data) => {
        data.owner = name;
      });
    });
  const plugins = [keep('a', 'b-c'), keep('a-b', 'c'), keep('@a/b', 'c'), keep('development', 'secret')];
  const data = t.testdir({});
  await startHub(t, { data, plugins });
  t.strictSame(seen, Array(4).fill([undefined, '']));
});
