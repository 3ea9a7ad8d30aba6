import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { JsonText } from '../../core/json.ts';
import type { Store } from '../../core/store/port.ts';
import type { OpenStore } from './store.ts';

const CHILD = fileURLToPath(new URL('../helpers/store-child.ts', import.meta.url));

export async function killTests(t: Test, open: OpenStore, module: URL): Promise<void> {
  t.test('close makes every accepted write durable', async (t) => {
    const folder = t.testdir({});
    const store = await open(t, folder);
    const documents = store.collection<unknown>('a');
    const writes = [
      ...Array.from({ length: 450 }, (_, i) => documents.put(`${i}`, i)),
      documents.put('text', new JsonText('{"a":-0,"b":1e400,"c":[1.0, "x"]}')),
      store.log('a').append('key', 'entry'),
      store.log('a').trim('key', 2),
      store.blobs('a').put('blob'),
    ];
    await store.close();
    await Promise.all(writes);

    const again = await open(t, folder);
    t.equal((await again.collection('a').ids()).length, 451);
    const text = await again.collection<{ a: number; b: number; c: unknown[] }>('a').get('text');
    t.ok(
      Object.is(text?.a, -0) && text?.b === Number.POSITIVE_INFINITY,
      'numbers that writing again would change',
    );
    t.strictSame(text?.c, [1, 'x']);
    t.equal(await again.log('a').append('key', 'next'), 2, 'a trimmed number is not used again');
    t.equal((await again.blobs('a').ids()).length, 1);
  });

  t.test('every acknowledged write survives SIGKILL, again and again', async (t) => {
    const folder = t.testdir({});
    const acknowledged: string[] = [];
    for (const lines of [1, 400, 1_500]) {
      acknowledged.push(...(await killedAfter(t, module, folder, lines)));
      const store = await open(t, folder);
      await checkAcknowledged(t, store, acknowledged);
      await store.close();
    }
  });
}

/** Lets the child write until it has acknowledged so many writes, kills it and returns all it acknowledged. */
async function killedAfter(t: Test, module: URL, folder: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, module.href, folder, 'storm'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  let count = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    count += chunk.split('\n').length - 1;
    if (count >= lines) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)));
  t.equal(signal, 'SIGKILL', 'it was killed in the middle');
  return output.split('\n').slice(0, -1); // the last line may be half a line
}

async function checkAcknowledged(t: Test, store: Store, acknowledged: readonly string[]): Promise<void> {
  const documents = store.collection<number>('storm/documents');
  const ids = new Set(await documents.ids());
  const hashes = new Set(await store.blobs('storm/blobs').ids());
  const entries = new Map<string, string>();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const log = await store.log<string>('storm/log').read(key, { limit: Number.POSITIVE_INFINITY });
    for (const [i, { sequence, value }] of log.entries()) {
      if (sequence !== i + 1) t.fail(`gap before entry ${sequence} of ${key}`);
      entries.set(`${key} ${sequence}`, value);
    }
  }
  const count = (await store.collection<number>('storm/counter').get('count')) ?? 0;

  const lost = acknowledged.filter((line) => {
    const [what, first = '', second, third] = line.split(' ');
    if (what === 'put') return !ids.has(first);
    if (what === 'batch') return !ids.has(`${first}-left`) || !ids.has(`${first}-right`);
    if (what === 'count') return count < Number(first);
    if (what === 'append') return entries.get(`${first} ${second}`) !== third;
    return !hashes.has(first);
  });
  t.strictSame(lost, [], `${acknowledged.length} acknowledged writes are there`);
  const halves = [...ids].filter((id) => id.endsWith('-left') && !ids.has(id.replace('-left', '-right')));
  t.strictSame(halves, [], 'no batch is there by half');
}
