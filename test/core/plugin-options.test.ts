import { test } from 'tap';
import { definePlugin, type TObject, Type } from '../../core/index.ts';
import { loadPlugins } from '../../core/plugins.ts';

const Options = Type.Object({
  history: Type.Integer({ default: 500, minimum: 0 }),
  mode: Type.Union([Type.Literal('open'), Type.Literal('closed')], { default: 'open' }),
  mqtt: Type.Object(
    { url: Type.String({ default: 'mqtt://localhost' }), topics: Type.Array(Type.String(), { default: [] }) },
    { default: {}, additionalProperties: false },
  ),
});
const chat = definePlugin({ name: 'chat', api: '^1.0.0', options: Options, setup() {} });

/** The options as the plugin gets them. `given` may be what no TypeScript would let through. */
async function optionsOf(given: unknown, schema: TObject | undefined = Options): Promise<unknown> {
  const definition = { ...chat.definition, ...{ options: schema } };
  const [loaded] = await loadPlugins([{ definition, options: given }], '/hub.config.ts');
  return loaded?.options;
}

test('options left out take their defaults, nested ones too', async (t) => {
  t.strictSame(await optionsOf({}), {
    history: 500,
    mode: 'open',
    mqtt: { url: 'mqtt://localhost', topics: [] },
  });
  t.match(await optionsOf({ history: 0, mqtt: { topics: ['a'] } }), {
    history: 0,
    mqtt: { url: 'mqtt://localhost', topics: ['a'] },
  });
});

test('wrong options are refused with plugin, path, what was found and what is allowed', async (t) => {
  const refused = (given: unknown, message: string) =>
    t.rejects(optionsOf(given), { name: 'StartError', message: `plugin "chat": ${message}` });
  await refused({ history: 'many' }, 'options: /history must be integer, found "many"');
  await refused({ history: -1 }, 'options: /history must be >= 0, found -1');
  await refused({ mode: 'ajar' }, 'options: /mode must be one of "open", "closed", found "ajar"');
  await refused({ mqtt: { topics: ['a', 5] } }, 'options: /mqtt/topics/1 must be string, found 5');
  await refused({ mqtt: [] }, 'options: /mqtt must be object, found an array of 0');
  await refused(
    { histroy: 5 },
    'options: it has an unknown property "histroy", allowed are history, mode, mqtt',
  );
  await refused(
    { mqtt: { host: 'x' } },
    'options: /mqtt has an unknown property "host", allowed are url, topics',
  );
  await refused({ history: 10n }, 'options: /history must be integer, found a bigint');
  await refused(
    { mqtt: { url: ['x'.repeat(500)] } },
    'options: /mqtt/url must be string, found an array of 1',
  );
  for (const given of [5, null, 'history', []]) await refused(given, 'its options must be an object');
});

test('a required option that is missing is named', async (t) => {
  await t.rejects(optionsOf({}, Type.Object({ url: Type.String() })), {
    message: `plugin "chat": options: it must have required property 'url'`,
  });
});

test('what an option that is marked as secret holds is not told', async (t) => {
  const Secret = Type.Object({ key: Type.String({ minLength: 20, writeOnly: true }) });
  await t.rejects(optionsOf({ key: 'hunter2' }, Secret), {
    message: 'plugin "chat": options: /key must NOT have fewer than 20 characters',
  });
});

test('options for a plugin that has none are refused', async (t) => {
  const definition = { name: 'plain', api: '^1.0.0', setup() {} };
  await t.rejects(loadPlugins([{ definition, options: { a: 1 } }], '/x.ts'), {
    name: 'StartError',
    message: 'plugin "plain" has no options, found "a"',
  });
  t.match(await loadPlugins([{ definition, options: {} }], '/x.ts'), [{ options: {} }]);
});

test('a schema of options that is none is the error of the plugin', async (t) => {
  await t.rejects(optionsOf({}, { ...Options, required: 5 } as unknown as TObject), {
    name: 'StartError',
    message: /plugin "chat": the schema of its options is not valid/,
  });
});

test('options are frozen, and the object somebody gave is left as it was', async (t) => {
  const given = { mqtt: { topics: ['a'] } };
  const options = (await optionsOf(given)) as { history: number; mqtt: { topics: string[] } };
  t.throws(() => {
    options.history = 1;
  }, TypeError);
  t.throws(() => options.mqtt.topics.push('b'), TypeError);
  t.strictSame(given, { mqtt: { topics: ['a'] } }, 'no default was written into it');
  given.mqtt.topics.push('b');
  t.strictSame(options.mqtt.topics, ['a'], 'and what is done to it later does not reach the plugin');
});

test('functions and instances of classes in options arrive as they are', async (t) => {
  const socket = new (class Socket {
    open = false;
  })();
  const filter = () => true;
  const options = (await optionsOf(
    { socket, filter },
    Type.Object({ socket: Type.Unknown(), filter: Type.Unknown() }),
  )) as { socket: unknown; filter: unknown };
  t.equal(options.socket, socket);
  t.notOk(Object.isFrozen(socket), 'they are not the hub’s to freeze');
  t.equal(options.filter, filter);
});
