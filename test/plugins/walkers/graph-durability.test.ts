import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { ALICE, contents, fieldsOf, flaws, readLinks, readNodes, sqliteStore } from './graph-kit.ts';
import { ACCOUNTS, COUNTER } from './graph-process.ts';

const PROCESS = fileURLToPath(new URL('./graph-process.ts', import.meta.url));

/** Lets the process work until it has printed so many lines, kills it and returns all of them. */
async function killedAfter(t: Test, folder: string, name: string, lines: number): Promise<string[][]> {
  const child = spawn(process.execPath, [PROCESS, folder, name], { stdio: ['ignore', 'pipe', 'inherit'] });
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
  const whole = output.split('\n').slice(0, -1); // the last line may be half a line
  return whole.map((line) => line.split(' '));
}

test('runs that were stored survive SIGKILL, and none is there by half', async (t) => {
  const folder = t.testdir({});
  const lines: string[][] = [];
  for (const [name, count] of [
    ['a', 1],
    ['b', 150],
    ['c', 700],
  ] as const) {
    lines.push(...(await killedAfter(t, folder, name, count)));
    const store = sqliteStore(t, folder);
    const graph = new Graph(store);
    t.strictSame(flaws(await contents(store)), []);

    const accounts = await readNodes(graph, ALICE, ACCOUNTS);
    const sum = accounts.reduce((sum, account) => sum + Number(account?.fields.n), 0);
    t.equal(sum, 300, 'nothing was lost or made on the way from account to account');

    const stored = lines.filter(([what]) => what === 'stored');
    const counted = Math.max(0, ...stored.map(([, , count]) => Number(count)));
    const n = Number((await fieldsOf(graph, ALICE, COUNTER))?.n);
    t.ok(n >= counted, `${counted} runs were stored, and are counted`);
    t.equal(new Set(stored.map(([, , count]) => count)).size, stored.length, 'no two saw the same count');

    const going = new Set(lines.filter(([what]) => what === 'going').map(([, id]) => id));
    const there = new Set((await readLinks(graph, ALICE, { node: ALICE })).map(({ node }) => node.id));
    const lost = stored.filter(([, id = '']) => !there.has(id) && !going.has(id));
    t.strictSame(lost, [], 'what they made is there');
    const left = stored.filter(([, , , gone = '']) => there.has(gone));
    t.strictSame(left, [], 'what they destroyed is not');
    await store.close();
  }
});
