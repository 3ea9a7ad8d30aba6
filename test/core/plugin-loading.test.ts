import { join } from 'node:path';
import { type Test, test } from 'tap';
import { API_VERSION, definePlugin, Type } from '../../core/index.ts';
import { loadPlugins, type PluginEntry } from '../../core/plugins.ts';
import { startHub } from '../helpers/hub.ts';
import { plugin } from '../helpers/plugin.ts';

const api = new URL('../../core/index.ts', import.meta.url).href;
const source = (name: string, version = '') => `
  import { definePlugin, Type } from '${api}';
  export default definePlugin({
    name: '${name}', api: '^1.0.0'${version && `, version: '${version}'`},
    options: Type.Object({ unit: Type.String({ default: 'C' }) }),
    setup() {},
  });`;
const manifest = (name: string, more: object = {}) =>
  JSON.stringify({ name, version: '2.3.4', type: 'module', exports: './index.js', ...more });

/** A project with packages in its node_modules. @returns its configuration file. */
function project(t: Test, packages: Record<string, Record<string, string>>): string {
  return join(t.testdir({ node_modules: packages }), 'hub.config.ts');
}

const named = (entries: { readonly definition: { readonly name: string } }[]) =>
  entries.map(({ definition }) => definition.name);

test('a plugin is listed as an imported factory, as a package name, or as that with options', async (t) => {
  const weather = {
    'package.json': manifest('hub-plugin-weather'),
    'index.js': source('hub-plugin-weather'),
  };
  const traffic = {
    'package.json': manifest('hub-plugin-traffic'),
    'index.js': source('hub-plugin-traffic', '9.9.9'),
  };
  const file = project(t, { 'hub-plugin-weather': weather, 'hub-plugin-traffic': traffic });
  const entries: PluginEntry[] = [plugin('own'), 'hub-plugin-weather', ['hub-plugin-traffic', { unit: 'F' }]];
  t.match(await loadPlugins(entries, file), [
    { definition: { name: 'own' }, options: {}, origin: file, version: '' },
    {
      definition: { name: 'hub-plugin-weather' },
      options: { unit: 'C' },
      origin: 'hub-plugin-weather',
      version: '2.3.4',
    },
    { options: { unit: 'F' }, origin: 'hub-plugin-traffic', version: '9.9.9' },
  ]);
});

test('a package is found from the configuration file, one that exports for import alone too', async (t) => {
  const file = project(t, {
    'hub-plugin-esm': {
      'package.json': manifest('hub-plugin-esm', { exports: { '.': { import: './index.js' } } }),
      'index.js': source('hub-plugin-esm'),
    },
  });
  t.strictSame(named(await loadPlugins(['hub-plugin-esm'], file)), ['hub-plugin-esm']);
  await t.rejects(loadPlugins(['hub-plugin-esm'], import.meta.filename), /cannot be loaded/);
});

test('a package that is missing, broken, or no plugin is named with its place in the configuration', async (t) => {
  const file = project(t, {
    broken: { 'package.json': manifest('broken'), 'index.js': 'throw new Error("no power")' },
    'a-function': { 'package.json': manifest('a-function'), 'index.js': 'export default class Thing {}' },
    'no-default': { 'package.json': manifest('no-default'), 'index.js': 'export const plugin = 1' },
  });
  const refused = async (entries: PluginEntry[], message: RegExp) =>
    t.rejects(loadPlugins(entries, file), { name: 'StartError', message });
  await refused(
    ['hub-plugin-none'],
    /hub\.config\.ts: \/plugins\/0: the package "hub-plugin-none" cannot be loaded: Cannot find package/,
  );
  await refused(
    [plugin('a'), ['broken', {}]],
    /\/plugins\/1: the package "broken" cannot be loaded: no power/,
  );
  const noPlugin = /the default export of the package ".+" is not a plugin made by definePlugin\(\)/;
  await refused(['a-function'], noPlugin);
  await refused(['no-default'], noPlugin);
});

test('what is no plugin is refused, and a function that was not called is recognised', async (t) => {
  const factory = definePlugin({ name: 'chat', api: '^1.0.0', setup() {} });
  const refused = (entry: unknown, message: RegExp) =>
    t.rejects(loadPlugins([entry as PluginEntry], '/x.ts'), { name: 'StartError', message });
  await refused(
    factory,
    /\/x\.ts: \/plugins\/0 must be a plugin such as rooms\(\), .* found a function: call it/,
  );
  await refused(5, /must be a plugin .* found 5/);
  await refused(null, /must be a plugin .* found null/);
  await refused({ name: 'chat' }, /found \{"name":"chat"\}/);
  await refused(['chat'], /must be \[package name, options\], found \["chat"\]/);
  await refused([5, {}], /must be \[package name, options\]/);
  await refused({ definition: { setup() {} }, options: {} }, /a plugin of \/x\.ts needs a name/);
  for (const name of ['', '../escape', 'a/b', '_hidden', '@scope', '@scope/a/b', 'a b']) {
    await refused(plugin(name), /needs a name as npm packages have it/);
  }
  t.strictSame(named(await loadPlugins([plugin('@scope/chat')], '/x.ts')), ['@scope/chat']);
});

test('the same plugin twice is refused', async (t) => {
  await t.rejects(loadPlugins([plugin('chat'), plugin('chat')], '/x.ts'), {
    name: 'StartError',
    message: 'plugin "chat" is listed twice in /x.ts',
  });
});

test('plugins are set up after those they require, else as listed', async (t) => {
  const requires = (...names: string[]) => ({ requires: names });
  const entries = [
    plugin('chat', undefined, requires('users', 'rooms')),
    plugin('rooms', undefined, requires('store')),
    plugin('other'),
    plugin('users'),
    plugin('store'),
  ];
  t.strictSame(named(await loadPlugins(entries, '/x.ts')), ['users', 'store', 'rooms', 'chat', 'other']);
});

test('a plugin is set up after those it names in `after`, which need not be enabled', async (t) => {
  const cityio = plugin('cityio', undefined, { after: ['topics', 'users'] });
  t.strictSame(named(await loadPlugins([cityio, plugin('topics')], '/x.ts')), ['topics', 'cityio']);
  t.strictSame(named(await loadPlugins([cityio], '/x.ts')), ['cityio']);
});

test('a required plugin that is missing, or a circle, is named', async (t) => {
  const refused = (entries: PluginEntry[], message: string) =>
    t.rejects(loadPlugins(entries, '/x.ts'), { name: 'StartError', message });
  await refused(
    [plugin('chat', undefined, { requires: ['users'] })],
    'plugin "chat" requires plugin "users", which is not enabled',
  );
  await refused(
    [
      plugin('start', undefined, { requires: ['a'] }),
      plugin('a', undefined, { requires: ['b'] }),
      plugin('b', undefined, { requires: ['a'] }),
    ],
    'plugins require or follow each other in a circle: a → b → a',
  );
  await refused(
    [plugin('self', undefined, { requires: ['self'] })],
    'plugins require or follow each other in a circle: self → self',
  );
});

test('a plugin written for another version of the plugin API is refused', async (t) => {
  const refused = (range: string | undefined, message: string) =>
    t.rejects(loadPlugins([plugin('old', undefined, { api: range as string })], '/x.ts'), {
      name: 'StartError',
      message,
    });
  await refused('^0.9.0', `plugin "old" was written for plugin API ^0.9.0, this hub has ${API_VERSION}`);
  await refused('^99.0.0', `plugin "old" was written for plugin API ^99.0.0, this hub has ${API_VERSION}`);
  await refused('soon', 'plugin "old": "api" must be a version range, found "soon"');
  await refused(undefined, 'plugin "old": "api" must be a version range, found undefined');
  t.strictSame(named(await loadPlugins([plugin('new', undefined, { api: `>=${API_VERSION}` })], '/x.ts')), [
    'new',
  ]);
});

test('the factory takes options; the plugin gets them', async (t) => {
  const seen: unknown[] = [];
  const chat = definePlugin({
    name: 'chat',
    api: '^1.0.0',
    options: Type.Object({ history: Type.Integer({ default: 500 }) }),
    setup: (_hub, options) => void seen.push(options),
  });
  await startHub(t, { plugins: [chat({ history: 20 })] });
  await startHub(t, { plugins: [chat()] });
  t.strictSame(seen, [{ history: 20 }, { history: 500 }]);
});
