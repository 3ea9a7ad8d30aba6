import { test } from 'tap';
import { type Hub, HubError, type InboundMessage, JsonText, Type } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';
import { plugin, watcher } from '../helpers/plugin.ts';

const Text = Type.Object({ text: Type.String() });
const echo = (text: string) => ({ type: 'ECHO', content: { text } });
const textOf = ({ content }: { readonly content: unknown }) => (content as { text: string }).text;

const endpoint = plugin('endpoint', (hub) => {
  const e = hub.endpoint('/e', { envelope: { type: 'type', content: 'content' } });
  const reply = e.emits('ECHO', Text, { overflow: 'close' });
  const raw = e.emits('RAW', Text, { overflow: 'close' });
  e.on('ECHO', Text, (content) => reply(content));
  e.on('RAW', Text, () => raw(new JsonText('{"text":"raw"}')));
});

const adds = (suffix: string, stage?: number) => (hub: Hub) => {
  const options = stage === undefined ? {} : { stage };
  hub.hooks.inbound.tap(
    (message) => ({ ...message, content: { text: `${textOf(message)}${suffix}` } }),
    options,
  );
};

test('inbound: each tap gets what the one before made of the message, by stage and then by order', async (t) => {
  const hub = await startHub(t, {
    plugins: [
      plugin('b', adds('b')),
      plugin('c', adds('c')),
      plugin('d', adds('d', 1)),
      plugin('a', adds('a', -1)),
      endpoint,
    ],
  });
  const client = await connect(t, hub, '/e');
  client.send(echo('>'));
  t.strictSame(await client.next(), echo('>abcd'));
});

test('inbound: a tap that returns nothing leaves the message as it is', async (t) => {
  const seen: InboundMessage[] = [];
  const look = plugin('look', (hub) => hub.hooks.inbound.tap((message) => void seen.push(message) as never));
  const hub = await startHub(t, { plugins: [look, endpoint] });
  const client = await connect(t, hub, '/e');
  client.send(echo('same'));
  t.strictSame(await client.next(), echo('same'));
  t.match(seen, [{ type: 'ECHO', content: { text: 'same' }, connection: { path: '/e' } }]);
});

test('authorizeMessage sees the message as inbound made it', async (t) => {
  const seen: unknown[] = [];
  const hub = await startHub(t, {
    plugins: [
      plugin('look', (hub) =>
        hub.hooks.authorizeMessage.tap((message) => void seen.push(textOf(message)) as undefined),
      ),
      plugin('add', adds('!')),
      endpoint,
    ],
  });
  const client = await connect(t, hub, '/e');
  client.send(echo('hi'));
  await client.next();
  t.strictSame(seen, ['hi!']);
});

test('a transformation that fails drops the message; the sender gets the trace id of the one log entry', async (t) => {
  const watch = watcher();
  const taps: (() => unknown)[] = [
    () => {
      throw new Error('no power');
    },
    async () => ({}),
    () => 5,
    () => null,
    () => ({}),
  ];
  for (const hook of ['inbound', 'outbound'] as const) {
    const broken = plugin('broken', (hub) => {
      hub.hooks[hook].tap((message: { readonly content: unknown; readonly type: string }) => {
        if (message.type !== 'ECHO') return message as never;
        return taps[Number(textOf(message))]?.() as never;
      });
    });
    const hub = await startHub(t, { plugins: [watch.plugin, broken, endpoint] });
    const client = await connect(t, hub, '/e');
    for (const index of taps.keys()) {
      client.send(echo(String(index)));
      const { error } = await client.next();
      t.match(error, { code: 'internal', ref: 'ECHO', message: 'the hub failed to handle this message' });
      t.match(await watch.failures.next(), {
        plugin: 'broken',
        where: `hook ${hook}`,
        traceId: error.traceId,
      });
      t.strictSame(watch.failures.waiting, [], 'it is reported once, as the fault of the plugin that failed');
    }
  }
});

test('a HubError thrown by a transformation refuses the message with its code', async (t) => {
  const watch = watcher();
  const censor = plugin('censor', (hub) =>
    hub.hooks.inbound.tap((message) => {
      if (textOf(message) === 'rude') throw new HubError('rude', 'mind your language');
      return message;
    }),
  );
  const hub = await startHub(t, { plugins: [watch.plugin, censor, endpoint] });
  const client = await connect(t, hub, '/e');
  client.send(echo('rude'));
  t.strictSame(await client.next(), { error: { code: 'rude', message: 'mind your language', ref: 'ECHO' } });
  client.send(echo('kind'));
  t.strictSame(await client.next(), echo('kind'));
  t.strictSame(watch.failures.waiting, []);
});

test('outbound: replies and texts go through its taps, with endpoint and type', async (t) => {
  const seen: unknown[] = [];
  const stamp = plugin('stamp', (hub) =>
    hub.hooks.outbound.tap((message) => {
      seen.push([message.endpoint, message.type, message.content instanceof JsonText]);
      const { text } = JSON.parse(JSON.stringify(message.content));
      return { ...message, content: { text: `${text}!` } };
    }),
  );
  const hub = await startHub(t, { plugins: [stamp, endpoint] });
  const client = await connect(t, hub, '/e');
  client.send(echo('hi'));
  t.strictSame(await client.next(), echo('hi!'));
  client.send({ type: 'RAW', content: { text: '' } });
  t.strictSame(await client.next(), { type: 'RAW', content: { text: 'raw!' } });
  t.strictSame(seen, [
    ['/e', 'ECHO', false],
    ['/e', 'RAW', true],
  ]);
});
