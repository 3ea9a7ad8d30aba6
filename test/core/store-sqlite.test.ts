import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { JsonText } from '../../core/json.ts';
import { openSqliteStore } from '../../core/store/sqlite.ts';
import { storeContract } from '../contract/store.ts';
import { open } from '../helpers/open-sqlite.ts';

const module = new URL('../helpers/open-sqlite.ts', import.meta.url);
const child = fileURLToPath(new URL('../helpers/store-child.ts', import.meta.url));

storeContract('sqlite', { open, module });

/** A store that closes with the test, and the path of its file. */
function opened(t: Test) {
  const folder = t.testdir({});
  const store = openSqliteStore({ folder });
  t.teardown(() => store.close());
  return { store, folder, file: join(folder, 'hub.sqlite') };
}

/** Another connection to the file. */
function inspect(t: Test, file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  t.teardown(() => db.close());
  return db;
}

/** Runs the child to its end. @returns the lines it wrote. */
async function run(t: Test, command: string, ...args: string[]): Promise<string[]> {
  const process = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => process.kill('SIGKILL'));
  let output = '';
  process.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const [code] = await once(process, 'close');
  t.equal(code, 0, 'the process ended by itself');
  return output.split('\n').slice(0, -1);
}

test('the folder is made, and only its owner may read the files', {
  skip: process.platform === 'win32',
}, async (t) => {
  const folder = join(t.testdir({}), 'new', 'data');
  const store = openSqliteStore({ folder, durability: 'power' });
  await store.collection('a').put('x', 1);
  t.strictSame(readdirSync(folder).sort(), ['hub.sqlite', 'hub.sqlite-shm', 'hub.sqlite-wal']);
  for (const file of readdirSync(folder)) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  await store.close();
  t.strictSame(readdirSync(folder), ['hub.sqlite'], 'closed, it is one file');
});

test('text that is JSON already is stored byte for byte', async (t) => {
  const { store, file } = opened(t);
  const text = '{ "b":1.0,\n\t"a" : 1e2, "\\u00e4":"\\/" }';
  await store.collection('a').put('x', new JsonText(text));
  await store.log('a').append('x', new JsonText(text));
  const db = inspect(t, file);
  t.equal(db.prepare('SELECT value FROM documents').get()?.value, text);
  t.equal(db.prepare('SELECT value FROM log').get()?.value, text);
});

test('the writes of a turn become durable together, at most 200 at once', async (t) => {
  const { store, file } = opened(t);
  const documents = store.collection<number>('a');
  const count = inspect(t, file).prepare('SELECT count(*) AS n FROM documents');
  const writes = [documents.put('0', 0)];
  t.equal(count.get()?.n, 0, 'nothing is committed within the turn');
  for (let i = 1; i < 250; i++) writes.push(documents.put(`${i}`, i));
  t.equal(count.get()?.n, 200);
  await writes[0];
  t.equal(count.get()?.n, 200);
  await Promise.all(writes);
  t.equal(count.get()?.n, 250);
});

test('two processes and this one make and use one file at the same time', async (t) => {
  const folder = join(t.testdir({}), 'made by whoever is first');
  const args = [child, module.href, folder, 'count'];
  const children = [run(t, process.execPath, ...args), run(t, process.execPath, ...args)];
  const store = openSqliteStore({ folder });
  t.teardown(() => store.close());
  const counter = store.collection<number>('count');
  for (let i = 0; i < 500; i++) await counter.update('count', (count = 0) => count + 1);
  await Promise.all(children);
  t.equal(await counter.get('count'), 1_500);
});

test('a long read leaves the event loop running, and other calls are answered meanwhile', async (t) => {
  const { store } = opened(t);
  const documents = store.collection<number>('a');
  const all = Array.from({ length: 20_000 }, (_, i) => `id-${String(i).padStart(6, '0')}`);
  const filled = documents.batch(all.map((put, i) => ({ put, value: i })));
  let reading = true;
  const read = documents.ids().finally(() => {
    reading = false;
  });
  let turns = 0;
  for (; reading; turns++) {
    await setImmediate();
    if (turns === 0) {
      await documents.put('zzz', 1);
      t.equal(await documents.get('zzz'), 1);
      t.ok(reading, 'a write and a read were done before the long read');
    }
  }
  const ids = await read;
  t.ok(turns >= 20, 'the loop went round between its chunks');
  t.strictSame(ids.slice(0, 20_000), all, 'it saw the write made in the same turn');
  await filled;
});

test('closing waits for the long reads under way', async (t) => {
  const { store } = opened(t);
  const log = store.log<number>('a');
  await Promise.all(Array.from({ length: 5_000 }, (_, i) => log.append('x', i)));
  const reads = [log.read('x', { limit: 5_000 }), log.read('x', { limit: 4_000, backwards: true })];
  await store.close();
  const [forwards, backwards] = await Promise.all(reads);
  t.equal(forwards?.length, 5_000);
  t.equal(backwards?.at(-1)?.sequence, 1_001);
});

test('a process waits for its long reads, but not for the thread that does them', async (t) => {
  const { store, folder } = opened(t);
  await store
    .collection<number>('many')
    .batch(Array.from({ length: 3_000 }, (_, i) => ({ put: `${i}`, value: i })));
  t.strictSame(await run(t, process.execPath, child, module.href, folder, 'read'), ['ids 3000']);
});

test('a full disk loses nothing that was acknowledged, and says so', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { store, folder } = opened(t);
  // Files of the child may have 4,000 blocks: 2 or 4 MB. What tap would load into it takes the signal that Node
  // ignores for this, and ends the process.
  const script = 'unset NODE_OPTIONS; ulimit -f 4000; exec "$@"';
  const args = ['-c', script, 'sh', process.execPath, child, module.href, folder, 'fill'];
  const lines = await run(t, '/bin/sh', ...args);
  const written = lines.filter((line) => line.startsWith('put ')).map((line) => line.slice(4));
  t.match(
    lines.find((line) => line.startsWith('error ')),
    /hub\.sqlite: .*disk/,
  );
  t.ok(written.length > 5);
  t.strictSame(await store.collection('fill').ids(), written.sort());
});

test('what cannot be opened is named, and left as it is', async (t) => {
  const folder = t.testdir({ file: 'no folder', noise: { 'hub.sqlite': 'no database'.repeat(1_000) } });
  t.throws(() => openSqliteStore({ folder: join(folder, 'file') }), {
    name: 'StartError',
    message: /file.hub\.sqlite cannot be written: .*file/,
  });
  const noise = join(folder, 'noise', 'hub.sqlite');
  t.throws(() => openSqliteStore({ folder: join(folder, 'noise') }), {
    name: 'StartError',
    message: `${noise}: it is damaged or no SQLite database; move it away or restore it from a backup: file is not a database`,
  });
  t.equal(readFileSync(noise, 'utf8'), 'no database'.repeat(1_000));
});

test('a database of a newer version or of another program is refused', async (t) => {
  const folder = t.testdir({ newer: {}, other: {} });
  const newer = new DatabaseSync(join(folder, 'newer', 'hub.sqlite'));
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  t.throws(
    () => openSqliteStore({ folder: join(folder, 'newer') }),
    /hub\.sqlite has schema version 99, .* up to 1/,
  );
  const other = new DatabaseSync(join(folder, 'other', 'hub.sqlite'));
  other.exec('CREATE TABLE bookmarks (url)');
  other.close();
  t.throws(() => openSqliteStore({ folder: join(folder, 'other') }), /is a database of another program/);
});

test('a file without a place for fences gets it', async (t) => {
  const { store, folder, file } = opened(t);
  const hash = await store.blobs('a').put('text');
  await store.close();
  const before = new DatabaseSync(file);
  before.exec('DROP TABLE fences');
  before.close();
  const again = openSqliteStore({ folder });
  t.teardown(() => again.close());
  await again.blobs('a').setFence(2);
  t.equal(await again.blobs('a').delete([hash], 1), 0);
  t.equal(await again.blobs('a').delete([hash], 2), 1);
});

test('damage inside the file is named, and does not stop the rest', async (t) => {
  const { store, file } = opened(t);
  const documents = store.collection<number>('a');
  await documents.put('x', 1);
  await documents.put('y', 2);
  inspect(t, file).exec(`UPDATE documents SET value = '{"half' WHERE id = 'x'`);
  await t.rejects(documents.get('x'), {
    message: `${file}: document "x" of a is not valid JSON in the store`,
  });
  await t.rejects(
    documents.update('x', () => 3),
    /document "x" of a/,
  );
  t.equal(await documents.get('y'), 2);
  await documents.put('x', 4);
  t.equal(await documents.get('x'), 4);
});

test('pages that were overwritten are reported with the path, in short and long reads', async (t) => {
  const folder = t.testdir({});
  const first = openSqliteStore({ folder });
  const ids = Array.from({ length: 5_000 }, (_, i) => String(i).padStart(4, '0'));
  await first.collection<number>('a').batch(ids.map((put, value) => ({ put, value })));
  await first.close();
  const file = join(folder, 'hub.sqlite');
  const bytes = readFileSync(file);
  bytes.fill(0xff, Math.ceil(bytes.length / 2 / 4_096) * 4_096); // whole pages; the first ones hold the schema
  writeFileSync(file, bytes);
  const store = openSqliteStore({ folder });
  t.teardown(() => store.close());
  const documents = store.collection('a');
  const damaged = {
    message: `${file}: it is damaged; restore it from a backup: database disk image is malformed`,
  };
  t.strictSame(
    await documents.ids({ limit: 10 }),
    ids.slice(0, 10),
    'what lies before the damage can be read',
  );
  await t.rejects(documents.ids({ after: '4900', limit: 10 }), damaged);
  await t.rejects(documents.ids(), damaged);
});
