/** core/README.md says what the code does: its tables are compared with the code, row for row. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { AsyncSeriesBailHook, SyncBailHook, SyncHook, SyncWaterfallHook } from 'tapable';
import { Configuration } from '../../config/schema.ts';
import { CLOSE_CODES } from '../../core/close-codes.ts';
import { ERROR_CODES } from '../../core/errors.ts';
import { HookPoints } from '../../core/hooks.ts';
import { API_VERSION } from '../../core/index.ts';
import { connect, startHub } from '../helpers/hub.ts';

const readme = readFileSync(join(import.meta.dirname, '../../core/README.md'), 'utf8');

/** The rows of the table under a heading, cells as they stand there. */
function tableUnder(heading: string): string[][] {
  const [, after = ''] = readme.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly { readonly const?: unknown }[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
}

/** What a setting may be, in words. */
function allowed({ type, anyOf, items, minimum, maximum, exclusiveMinimum, minLength = 0 }: Schema): string {
  if (anyOf !== undefined) return anyOf.map((one) => `\`${one.const}\``).join(', ');
  if (items !== undefined) return `list of ${allowed(items)}`;
  if (type === 'string') return minLength > 1 ? `text, ${minLength} or more` : 'text';
  const kind = type === 'integer' ? 'whole number' : type;
  if (maximum !== undefined) return `${kind}, ${minimum} to ${maximum}`;
  if (exclusiveMinimum !== undefined) return `${kind}, above ${exclusiveMinimum}`;
  return minimum === undefined ? `${kind}` : `${kind}, from ${minimum}`;
}

function settings(schema: Schema, prefix = ''): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) => {
    if (setting.properties !== undefined) return settings(setting, `${prefix}${name}.`);
    if (name === 'plugins') return [];
    const { default: value, description = '' } = setting;
    const cell = value === undefined ? '' : `\`${JSON.stringify(value)}\``;
    return [[`\`${prefix}${name}\``, allowed(setting), cell, description]];
  });
}

test('the settings', async (t) => {
  t.strictSame(tableUnder('Settings'), settings(JSON.parse(JSON.stringify(Configuration))));
});

test('the error codes', async (t) => {
  const rows = Object.entries(ERROR_CODES).map(([code, { status, meaning }]) => [
    `\`${code}\``,
    String(status),
    meaning,
  ]);
  t.strictSame(tableUnder('Error codes'), rows);
});

test('the close codes', async (t) => {
  const rows = Object.values(CLOSE_CODES).map(({ code, reason, meaning }) => [String(code), reason, meaning]);
  t.strictSame(tableUnder('Close codes'), rows);
});

test('the close codes say whether to reconnect, and after what time', async (t) => {
  const codes = Object.values(CLOSE_CODES);
  t.equal(new Set(codes.map(({ code }) => code)).size, codes.length, 'each has one meaning');
  for (const { code, reason } of codes) {
    if (code < 4_500) t.match(reason, /reconnect.* in \d+ ms$/);
    else t.notMatch(reason, /reconnect/);
    t.ok(code >= 4_000 && code < 5_000 && Buffer.byteLength(reason) <= 123);
  }
});

test('the hooks', async (t) => {
  const points = new HookPoints(() => '');
  const names = Object.keys(points.forPlugin('any', () => {})) as (keyof ReturnType<
    typeof points.forPlugin
  >)[];
  const kinds = new Map<unknown, string>([
    [AsyncSeriesBailHook, 'decide, may wait'],
    [SyncBailHook, 'decide'],
    [SyncWaterfallHook, 'transform'],
    [SyncHook, 'observe'],
  ]);
  t.strictSame(
    tableUnder('Hooks').map(([name, kind]) => [name, kind]),
    names.map((name) => [`\`${name}\``, kinds.get(points[name].constructor)]),
  );
});

test('the version of the plugin API', async (t) => {
  t.match(readme, `Its version is ${API_VERSION}`);
});

test('the example of a plugin works', async (t) => {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const api = new URL('../../core/index.ts', import.meta.url).href;
  const folder = t.testdir({ 'chat.ts': code.replace('../../core/index.ts', api) });
  const { default: chat } = await import(join(folder, 'chat.ts'));
  const hub = await startHub(t, { plugins: [chat({ history: 1 })] });
  const client = await connect(t, hub, '/chat');
  client.send({ type: 'IDENTIFY', content: { token: await hub.identity.sign('ann') } });
  client.send({ type: 'JOIN', content: { room: 'lobby' } });
  for (const text of ['hello', 'who is there?']) {
    client.send({ type: 'SAY', content: { text } });
    t.strictSame(await client.next(), { type: 'SAID', content: { user: 'ann', text } });
  }
  t.strictSame(await (await fetch(`${hub.origin}/chat/lobby`)).json(), [
    { sequence: 2, value: { user: 'ann', text: 'who is there?' } },
  ]);
  const stranger = await connect(t, hub, '/chat');
  stranger.send({ type: 'SAY', content: { text: 'hello' } });
  t.match(await stranger.next(), { error: { code: 'unauthorized', message: 'who are you?', ref: 'SAY' } });
});
