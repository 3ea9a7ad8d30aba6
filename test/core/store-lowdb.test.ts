import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { JsonText } from '../../core/json.ts';
import { openLowdbStore } from '../../core/store/lowdb.ts';
import { LowTable } from '../../core/store/lowdb-table.ts';
import { storeContract } from '../contract/store.ts';
import { open } from '../helpers/open-lowdb.ts';

storeContract('lowdb', { open, module: new URL('../helpers/open-lowdb.ts', import.meta.url) });
storeContract('lowdb in memory', { open: () => openLowdbStore({ memory: true }) });

async function opened(t: Test, folder = t.testdir({})) {
  const store = await openLowdbStore({ folder });
  t.teardown(() => store.close().catch(() => {}));
  return { store, folder };
}

test('files are readable, one for each name, and only for their owner', async (t) => {
  const { store, folder } = await opened(t);
  await store.collection<unknown>('chat/rooms').put('lobby', { title: 'Löbby' });
  await store.collection<unknown>('chat/rooms').put('text', new JsonText('{ "b":1.0,  "a":1e2 }'));
  await store.log<string>('chat/history').append('lobby', 'gone');
  await store.log<string>('chat/history').append('lobby', 'hello');
  await store.log('chat/history').trim('lobby', 2);
  await store.blobs('files').put('text');
  await store.blobs('files').put(new Uint8Array([0xff, 0]));

  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const jsonFiles = files.filter((file) => statSync(join(folder, file)).isFile()).sort();
  t.strictSame(jsonFiles, ['blobs/files.json', 'collections/chat+rooms.json', 'logs/chat+history.json']);
  if (process.platform !== 'win32') {
    for (const file of jsonFiles) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  }
  t.equal(
    readFileSync(join(folder, 'collections/chat+rooms.json'), 'utf8'),
    '{\n  "lobby": {"title":"Löbby"},\n  "text": { "b":1.0,  "a":1e2 }\n}\n',
  );
  t.equal(
    readFileSync(join(folder, 'logs/chat+history.json'), 'utf8'),
    '{\n  "lobby": {\n    "last": 2,\n    "entries": {\n      "2": "hello"\n    }\n  }\n}\n',
  );
  t.match(readFileSync(join(folder, 'blobs/files.json'), 'utf8'), /{"text":"text"},\n.*{"base64":"\/wA="}\n/);
});

test('text keeps its bytes over a reopen and further writes', async (t) => {
  const { store, folder } = await opened(t);
  const text = '{ "b":1.0, "a" : [1e2,{}] }';
  await store.collection('a').put('x', new JsonText(text));
  await store.close();
  const again = await opened(t, folder);
  await again.store.collection('a').put('y', 1);
  t.match(readFileSync(join(folder, 'collections/a.json'), 'utf8'), `"x": ${text},\n`);
});

test('a file that was edited and laid out by hand is read', async (t) => {
  const folder = t.testdir({
    collections: {
      'a.json': '\ufeff{\r\n\t"x" :\r\n { "n": [ 1 , 2 ] } ,\n"__proto__":null}',
      'notes.txt': 'not ours',
    },
    logs: { 'a.json': '{"k": {"entries": {"3": "c", "1": "a"}, "last": 3}}' },
    blobs: { 'a.json': JSON.stringify({ ['0'.repeat(64)]: { text: 'ä' } }, null, 4) },
  });
  const { store } = await opened(t, folder);
  t.strictSame(await store.collection('a').ids(), ['__proto__', 'x']);
  t.strictSame(await store.collection('a').get('x'), { n: [1, 2] });
  t.strictSame(await store.log('a').read('k'), [
    { sequence: 1, value: 'a' },
    { sequence: 3, value: 'c' },
  ]);
  t.equal(Buffer.from((await store.blobs('a').get('0'.repeat(64))) ?? []).toString(), 'ä');
});

test('a file that is not valid is named with the position, and left as it is', async (t) => {
  for (const [file, content, message] of [
    ['collections/a.json', '{\n  "x": 1,\n  "secret": hunter2\n}', 'a.json:3:13: not valid JSON'],
    ['collections/a.json', '[1]', 'a.json: expected a JSON object'],
    ['collections/a b.json', '{}', 'store name "a b": expected'],
    ['logs/a.json', '{"k": {"last": 1}}', 'a.json: "k": expected an object with "last"'],
    ['logs/a.json', '{"k": []}', 'a.json: "k": expected an object with "last"'],
    ['logs/a.json', '{"k": {"last": -1, "entries": {}}}', 'a.json: "k": expected an object with "last"'],
    [
      'logs/a.json',
      '{"k": {"last": 1, "entries": {"2": 0}}}',
      'a.json: "k": expected entries to be called 1 to 1',
    ],
    [
      'logs/a.json',
      '{"k": {"last": 1, "entries": {"x": 0}}}',
      'a.json: "k": expected entries to be called 1 to 1',
    ],
    ['blobs/a.json', '{"h": {"hex": ""}}', 'a.json: "h": expected an object with "text" or "base64"'],
  ] as const) {
    const folder = t.testdir({ collections: {}, logs: {}, blobs: {} });
    writeFileSync(join(folder, file), content);
    const opening = openLowdbStore({ folder }).catch((error: Error) => error);
    const error = await opening;
    t.ok(error instanceof Error && error.message.includes(message), `${content}: ${message}`);
    t.notMatch(String(error), 'hunter2', 'nothing of the content is told');
    t.equal(readFileSync(join(folder, file), 'utf8'), content);
    rmSync(folder, { recursive: true });
  }
});

test('when a file cannot be written, its changes are taken back and their promises reject', async (t) => {
  const { store, folder } = await opened(t);
  const documents = store.collection<number>('a');
  const log = store.log<number>('a');
  await documents.put('x', 1);
  await log.append('k', 1);
  const inTheWay = ['collections', 'logs'].map((kind) => join(folder, kind, 'a.json'));
  for (const file of inTheWay) {
    rmSync(file);
    mkdirSync(file);
  }
  const results = await Promise.allSettled([
    documents.put('x', 2),
    documents.batch([{ put: 'y', value: 1 }, { delete: 'x' }, { put: 'y', value: 2 }]),
    log.append('k', 2),
    log.trim('k', 2),
    log.append('k', 3),
    log.append('new', 1),
  ]);
  for (const { status } of results) t.equal(status, 'rejected');
  t.strictSame(await documents.ids(), ['x']);
  t.equal(await documents.get('x'), 1);
  t.strictSame(await log.read('k'), [{ sequence: 1, value: 1 }]);
  t.strictSame(await log.read('new'), []);

  for (const file of inTheWay) rmdirSync(file);
  await documents.put('z', 3);
  t.equal(await log.append('k', 2), 2);
  t.match(readFileSync(join(folder, 'collections/a.json'), 'utf8'), '{\n  "x": 1,\n  "z": 3\n}\n');
});

test('text that is not JSON would make a file unreadable, and is refused', async (t) => {
  const { store } = await opened(t);
  await t.rejects(store.collection('a').put('x', new JsonText('{"half')), /value of "x" is not valid JSON/);
  t.strictSame(await store.collection('a').ids(), []);
});

test('changes of a turn share one write, and those made while it runs share the next one', async (t) => {
  const written: string[][] = [];
  const blocked = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const adapter = {
    read: async () => null,
    write: async (rows: Map<string, number>) => {
      written.push([...rows.keys()]);
      started.resolve();
      if (written.length === 1) await blocked.promise;
    },
  };
  const table = new LowTable<number>(adapter, () => {});
  const first = ['a', 'b', 'c'].map((id) => table.set([[id, 1]]));
  await started.promise;
  const second = ['d', 'e'].map((id) => table.set([[id, 1]]));
  blocked.resolve();
  await Promise.all([...first, ...second]);
  t.strictSame(written, [
    ['a', 'b', 'c'],
    ['a', 'b', 'c', 'd', 'e'],
  ]);
});

test('a change made while a write fails is taken back with it, because it was built on what is lost', async (t) => {
  const blocked = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const adapter = {
    read: async () => null,
    write: () => {
      started.resolve();
      return blocked.promise;
    },
  };
  const table = new LowTable<number>(adapter, () => {});
  const first = table.set([['a', 1]]);
  await started.promise;
  const second = table.set([['a', (table.get('a') ?? 0) + 1]]);
  blocked.reject(new Error('the disk is full'));
  await Promise.all([t.rejects(first, /the disk is full/), t.rejects(second, /the disk is full/)]);
  t.equal(table.get('a'), undefined);
});
