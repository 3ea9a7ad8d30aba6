/** The types a configuration and a plugin are written with. `tsc` checks this file: an expected error that is none is one. */
import { test } from 'tap';
import { defineConfig } from '../../config/index.ts';
import { definePlugin, type Hub, type Identity, Type } from '../../core/index.ts';

const chat = definePlugin({
  name: 'chat',
  api: '^1.0.0',
  options: Type.Object({
    history: Type.Integer({ default: 500 }),
    mode: Type.Union([Type.Literal('open'), Type.Literal('closed')], { default: 'open' }),
    names: Type.Object(
      { a: Type.String({ default: 'a' }), b: Type.String({ default: 'b' }) },
      { default: {} },
    ),
  }),
  setup(_hub, options) {
    const history: number = options.history;
    const mode: 'open' | 'closed' = options.mode;
    const name: string = options.names.b;
    // @ts-expect-error: the schema does not have it
    options.colour;
    return void [history, mode, name];
  },
});

test('a configuration is typed, options of plugins included', async (t) => {
  const config = defineConfig({
    ports: [8080, 5050],
    store: 'lowdb',
    limits: { burst: 10 },
    plugins: [chat(), chat({ history: 5 }), 'hub-plugin-weather', ['hub-plugin-weather', { unit: 'F' }]],
  });
  t.equal(config.plugins?.length, 4);
  chat({ names: { a: 'other' } });
  // @ts-expect-error: no such name
  chat({ names: { c: 'other' } });
  // @ts-expect-error: a string is no number
  chat({ history: 'many' });
  // @ts-expect-error: not one of the modes
  chat({ mode: 'ajar' });
  // @ts-expect-error: no such option
  chat({ histroy: 5 });
  // @ts-expect-error: a factory that was not called
  defineConfig({ plugins: [chat] });
  // @ts-expect-error: ports are numbers
  defineConfig({ ports: ['8080'] });
  // @ts-expect-error: no such store
  defineConfig({ store: 'mysql' });
  // @ts-expect-error: no such setting
  defineConfig({ port: 8080 });
  // @ts-expect-error: no such limit
  defineConfig({ limits: { speed: 1 } });
});

/** Never called: the types are the test. */
export function written(hub: Hub): void {
  const endpoint = hub.endpoint('/x', { envelope: { type: 'type' }, data: () => ({ rooms: 0 }) });
  const said = endpoint.emits('SAID', Type.Object({ text: Type.String() }), { overflow: 'drop' });
  endpoint.on('SAY', Type.Object({ text: Type.String() }), ({ text }, connection) => {
    connection.data.rooms++;
    // @ts-expect-error: the data has no such field
    connection.data.tables;
    return said({ text });
  });
  // @ts-expect-error: the schema says text
  said({ text: 5 });
  // @ts-expect-error: a handler answers with a message, not with a value
  endpoint.on('ASK', Type.Object({}), () => 'answer');
  // @ts-expect-error: what happens to a slow reader has to be said
  endpoint.emits('MORE', Type.Object({}), {});
  // @ts-expect-error: a deciding tap returns true, a denial or nothing
  hub.hooks.authorizeMessage.tap(() => false);
  // @ts-expect-error: it lies on the path of a message, where nothing waits
  hub.hooks.inbound.tap(async (message) => message);
  const identity: Identity = { user: 'ann', claims: {}, expiresAt: undefined };
  hub.hooks.authenticate.tap(async () => identity);
  // @ts-expect-error: no plugin declares such a service
  hub.use('nothing');
}
