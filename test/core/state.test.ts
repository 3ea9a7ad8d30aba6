import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { openState } from '../../core/store/state.ts';

interface Settings {
  title: string;
  keys: string[];
}
const DEFAULTS: Settings = { title: 'untitled', keys: [] };

test('a new state has the defaults and makes its file with the first update', async (t) => {
  const folder = join(t.testdir({}), 'new');
  const file = join(folder, 'settings.json');
  const state = await openState(file, DEFAULTS);
  t.strictSame(state.data, { title: 'untitled', keys: [] });
  await state.update((data) => {
    data.keys.push('one');
  });
  t.equal(readFileSync(file, 'utf8'), '{\n  "title": "untitled",\n  "keys": [\n    "one"\n  ]\n}\n');
  t.strictSame(readdirSync(folder), ['settings.json'], 'nothing else is left there');
  t.strictSame((await openState(file, DEFAULTS)).data, { title: 'untitled', keys: ['one'] });
  t.strictSame(DEFAULTS, { title: 'untitled', keys: [] }, 'the defaults are not changed');
});

test('only the owner may read the file, also when others could before', {
  skip: process.platform === 'win32',
}, async (t) => {
  const file = join(t.testdir({ 'settings.json': '{}' }), 'settings.json');
  const state = await openState(file, DEFAULTS);
  await state.update((data) => {
    data.title = 'private';
  });
  t.equal(statSync(file).mode & 0o777, 0o600);
});

test('members that an older file lacks come from the defaults, unknown ones are kept', async (t) => {
  const file = join(
    t.testdir({ 'settings.json': '{"title":"old","extra":1,"__proto__":{"x":1}}' }),
    'settings.json',
  );
  const state = await openState(file, DEFAULTS);
  t.equal(state.data.title, 'old');
  t.strictSame(state.data.keys, []);
  await state.update(() => {});
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')).extra, 1);
});

test('concurrent updates all happen, in order', async (t) => {
  const file = join(t.testdir({}), 'settings.json');
  const state = await openState(file, DEFAULTS);
  const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`);
  await Promise.all(
    keys.map((key) =>
      state.update((data) => {
        data.keys.push(key);
      }),
    ),
  );
  t.strictSame(state.data.keys, keys);
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')).keys, keys);
});

test('an update that throws, returns a promise or leaves what JSON cannot hold is dropped alone', async (t) => {
  const file = join(t.testdir({}), 'settings.json');
  const state = await openState<{ n: unknown }>(file, { n: 0 });
  const results = await Promise.allSettled([
    state.update((data) => {
      data.n = 1;
    }),
    state.update((data) => {
      data.n = 2;
      throw new Error('mistake');
    }),
    state.update(async (data) => {
      data.n = 3;
      throw new Error('later');
    }),
    state.update((data) => {
      data.n = 4n;
    }),
    state.update((data) => {
      data.n = [data.n];
    }),
  ]);
  t.strictSame(
    results.map((result) => (result.status === 'rejected' ? result.reason.message.slice(0, 7) : 'done')),
    ['done', 'mistake', 'change:', 'Do not ', 'done'],
  );
  t.strictSame(state.data, { n: [1] });
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), { n: [1] });
});

test('what somebody writes into the file meanwhile is kept by the next update', async (t) => {
  const file = join(t.testdir({}), 'settings.json');
  const state = await openState(file, DEFAULTS);
  await state.update((data) => {
    data.keys.push('ours');
  });
  writeFileSync(file, '{ "title": "by hand", "keys": ["ours", "theirs"] }');
  await state.update((data) => {
    data.keys.push('next');
  });
  t.strictSame(state.data, { title: 'by hand', keys: ['ours', 'theirs', 'next'] });
});

test('a file that is not valid is named with the position, not quoted, and left as it is', async (t) => {
  const file = join(
    t.testdir({ 'settings.json': '{\n  "title": "x",\n  "key": hunter2\n}\n' }),
    'settings.json',
  );
  const content = readFileSync(file, 'utf8');
  await t.rejects(openState(file, DEFAULTS), {
    name: 'StartError',
    message: `${file}:3:10: not valid JSON; correct it, it was left as it is`,
  });
  writeFileSync(file, '{}');
  const state = await openState(file, DEFAULTS);
  writeFileSync(file, content);
  await t.rejects(
    state.update(() => {}),
    { message: `${file}:3:10: not valid JSON; correct it, it was left as it is` },
  );
  t.equal(readFileSync(file, 'utf8'), content);
  t.strictSame(state.data, DEFAULTS);
  for (const other of ['[]', '"x"', 'null', '1']) {
    writeFileSync(file, other);
    await t.rejects(openState(file, DEFAULTS), {
      message: `${file}: expected a JSON object; correct it, it was left as it is`,
    });
  }
});

test('when the file cannot be written the data stays as it was', async (t) => {
  const file = join(t.testdir({}), 'folder', 'settings.json');
  const state = await openState(file, DEFAULTS);
  mkdirSync(join(file, '..'));
  writeFileSync(file, '{"title":"kept"}');
  await state.update(() => {});
  // A folder where the temporary file would be.
  const temporary = join(file, '..', `.settings.json.${process.pid}.tmp`);
  mkdirSync(temporary);
  const update = state.update((data) => {
    data.title = 'lost';
  });
  await t.rejects(update, { code: 'EISDIR' });
  t.equal(state.data.title, 'kept');
  rmdirSync(temporary);
  await state.update((data) => {
    data.keys.push('again');
  });
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), { title: 'kept', keys: ['again'] });
});

test('without a file the state is kept in memory', async (t) => {
  const state = await openState(undefined, DEFAULTS);
  await Promise.all([
    state.update((data) => {
      data.title = 'memory';
    }),
    state.update((data) => {
      data.keys.push('one');
    }),
  ]);
  t.strictSame(state.data, { title: 'memory', keys: ['one'] });
});
