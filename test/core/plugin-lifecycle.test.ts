import { test } from 'tap';
import { localBroker } from '../../core/broker/local.ts';
import { type Hub, HubError, type PluginStore, Type } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';
import { loggedErrors } from '../helpers/start-with.ts';

const never = () => new Promise<void>(() => {});

test('set-up, ready and drain run in order of set-up, close in reverse', async (t) => {
  const steps: string[] = [];
  const plugins = ['a', 'b'].map((name) =>
    plugin(name, (hub) => {
      const step = (moment: string) => async () => {
        await new Promise(setImmediate);
        steps.push(`${moment} ${name}`);
      };
      hub.onReady(step('ready'));
      hub.onDrain(step('drain'));
      hub.onClose(step('close'));
      steps.push(`setup ${name}`);
    }),
  );
  const hub = await startHub(t, { plugins });
  await hub.stop();
  t.strictSame(steps, [
    'setup a',
    'setup b',
    'ready a',
    'ready b',
    'drain a',
    'drain b',
    'close b',
    'close a',
  ]);
  await hub.stop();
  t.equal(steps.length, 8, 'stopping again does nothing');
});

test('ports open when all plugins are ready', async (t) => {
  let ready = 0;
  const hub = await startHub(t, {
    plugins: [
      plugin('a', (hub) => hub.onReady(() => new Promise((done) => setImmediate(() => done(void ready++))))),
    ],
  });
  t.equal(ready, 1);
  t.ok(hub.port > 0);
});

test('a task that throws is contained and reported, and the others run', async (t) => {
  const watch = watcher();
  const ran: string[] = [];
  const failing = plugin('failing', (hub) => {
    for (const moment of ['onReady', 'onDrain', 'onClose'] as const) {
      hub[moment](() => {
        throw new Error(`sync ${moment}`);
      });
      hub[moment](() => Promise.reject(new Error(`async ${moment}`)));
    }
  });
  const fine = plugin('fine', (hub) => {
    hub.onReady(() => void ran.push('ready'));
    hub.onDrain(() => void ran.push('drain'));
    hub.onClose(() => void ran.push('close'));
  });
  const hub = await startHub(t, { plugins: [watch.plugin, fine, failing] });
  await hub.stop();
  t.strictSame(ran, ['ready', 'drain', 'close']);
  const told = watch.failures.waiting.map(({ plugin, where, error }) => `${plugin} ${where} ${error}`);
  t.strictSame(
    told,
    ['onReady', 'onDrain', 'onClose'].flatMap((moment) => {
      const both = [`failing ${moment} Error: sync ${moment}`, `failing ${moment} Error: async ${moment}`];
      return moment === 'onClose' ? both.reverse() : both;
    }),
  );
});

test('a task that hangs is given up, and leaves the others their time', async (t) => {
  const watch = watcher();
  const ran: string[] = [];
  const hanging = plugin('hanging', (hub) => {
    hub.onReady(never);
    hub.onDrain(never);
    hub.onClose(never);
  });
  const slow = plugin('slow', (hub) => {
    const later = (moment: string) => () =>
      new Promise<void>((done) => setImmediate(() => done(void ran.push(moment))));
    hub.onReady(later('ready'));
    hub.onDrain(later('drain'));
    hub.onClose(later('close'));
  });
  const hub = await startHub(t, {
    limits: { setupMs: 300, stopMs: 300 },
    plugins: [watch.plugin, hanging, slow, hanging2()],
  });
  await hub.stop();
  t.strictSame(ran, ['ready', 'drain', 'close']);
  const told = watch.failures.waiting.map(({ plugin, where }) => `${plugin} ${where}`);
  t.strictSame(told, ['hanging onReady', 'hanging onDrain', 'hanging-too onClose', 'hanging onClose']);
});

function hanging2() {
  return plugin('hanging-too', (hub) => hub.onClose(never));
}

test('the signal is aborted when the hub stops, before the drain', async (t) => {
  const aborted: boolean[] = [];
  const hub = await startHub(t, {
    plugins: [
      plugin('a', (hub) => {
        aborted.push(hub.signal.aborted);
        hub.onDrain(() => void aborted.push(hub.signal.aborted));
      }),
    ],
  });
  await hub.stop();
  t.strictSame(aborted, [false, true]);
});

test('a part that fails or hangs at the stop keeps no other from closing', async (t) => {
  const ends = { fails: () => Promise.reject(new Error('no network')), hangs: never };
  for (const [kind, close] of Object.entries(ends)) {
    const data = t.testdir({});
    let store: PluginStore | undefined;
    const keeps = plugin('keeps', (hub) => {
      store = hub.store;
    });
    const broker = { ...localBroker, close };
    const hub = await startHub(t, { data, broker, limits: { stopMs: 50 }, plugins: [keeps] });
    await hub.stop();
    const msg = kind === 'fails' ? 'the broker failed to close' : 'the broker did not close in time';
    t.match(hub.logged.at(-1), { msg });
    await t.rejects(async () => store?.collection('c').put('x', 1), /clos/, 'the store is closed');
    await t.rejects(fetch(hub.origin), 'the port is closed');
  }
});

test('the store is open in onClose, what is written then is kept', async (t) => {
  const data = t.testdir({});
  const write = plugin('a', (hub) => hub.onClose(() => hub.store.collection('c').put('x', 'last words')));
  await (await startHub(t, { data, plugins: [write] })).stop();
  let read: unknown;
  const setup = async (hub: Hub) => {
    read = await hub.store.collection('c').get('x');
  };
  await startHub(t, { data, plugins: [plugin('a', setup)] });
  t.equal(read, 'last words');
});

test('a timer runs again and again, never beside itself, and not after the stop', async (t) => {
  let running = 0;
  let runs = 0;
  const thrice = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  const hub = await startHub(t, {
    plugins: [
      plugin('a', (hub) =>
        hub.every('sweep', 1, async (signal) => {
          running++;
          t.equal(running, 1);
          if (++runs < 3) {
            await new Promise(setImmediate);
          } else {
            thrice.resolve();
            signal.addEventListener('abort', () => last.resolve());
            await release.promise;
          }
          running--;
        }),
      ),
    ],
  });
  await thrice.promise;
  const stopped = hub.stop();
  await last.promise;
  t.equal(running, 1, 'the task is told by its signal');
  release.resolve();
  await stopped;
  t.equal(running, 0, 'and the stop waited for it');
  t.equal(runs, 3);
});

test('a timer that fails is contained, and runs again', async (t) => {
  const watch = watcher();
  let runs = 0;
  const failing = plugin('failing', (hub) => {
    hub.every('sync', 1, () => {
      throw new Error(`run ${++runs}`);
    });
    hub.every('async', 1, () => Promise.reject(new Error('rejected')));
  });
  await startHub(t, { plugins: [watch.plugin, failing] });
  const failures = watch.failures;
  t.match(await failures.next(({ where }) => where === 'timer "sync"'), {
    plugin: 'failing',
    error: { message: 'run 1' },
  });
  t.match(await failures.next(({ where }) => where === 'timer "sync"'), { plugin: 'failing' });
  t.match(await failures.next(({ where }) => where === 'timer "async"'), { error: { message: 'rejected' } });
});

test('a state file is read at the next start', async (t) => {
  const data = t.testdir({});
  const seen: number[] = [];
  const counter = plugin('counter', async (hub) => {
    const state = await hub.state('starts', { count: 0 });
    await state.update((data) => {
      data.count++;
    });
    seen.push(state.data.count);
  });
  for (let i = 0; i < 3; i++) await (await startHub(t, { data, plugins: [counter] })).stop();
  t.strictSame(seen, [1, 2, 3]);
});

test('the facts a plugin is told', async (t) => {
  const facts: unknown[] = [];
  const curious = plugin('curious', (hub) => void facts.push(hub.config));
  const data = t.testdir({});
  await startHub(t, { plugins: [curious], origins: ['https://x.test'] });
  await startHub(t, { plugins: [curious], data });
  t.strictSame(facts, [
    { production: false, data: undefined, origins: ['https://x.test'] },
    { production: false, data, origins: [] },
  ]);
});

test('a connection whose data cannot be made is refused, and no tap is told of it', async (t) => {
  const told: string[] = [];
  let handled = 0;
  const hub = await startHub(t, {
    plugins: [
      plugin('picky', (hub) => {
        hub.hooks.opened.tap(() => void told.push('opened'));
        hub.hooks.closed.tap(() => void told.push('closed'));
        const options = {
          envelope: { type: 'type' },
          data: ({ query }: { query: string }) => {
            if (query === 'bug') throw new Error('bug');
            throw new HubError('not_found', `there is no table ${'ü'.repeat(100)}`);
          },
        };
        hub.endpoint('/x', options).on('A', Type.Object({}), () => void handled++);
      }),
    ],
  });
  t.strictSame(await (await connect(t, hub, '/x?bug')).closed, { code: 4503, reason: 'refused' });
  const client = await connect(t, hub, '/x');
  client.send({ type: 'A' });
  const { code, reason } = await client.closed;
  t.equal(code, 4503);
  t.match(
    reason,
    /^there is no table ü{52}$/,
    'a HubError gives the reason, cut to what a close frame holds',
  );
  t.match(loggedErrors(hub), [{ plugin: 'picky', err: { message: 'bug' } }]);
  t.equal(loggedErrors(hub).length, 1, 'a refusal is no failure');
  t.strictSame(told, []);
  t.equal(handled, 0);
});
