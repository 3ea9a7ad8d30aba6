/**
 * A process of its own with a graph: `graph-process.ts <folder> <name>`. Runs change it until the process is killed.
 * Prints a line for each run once it is stored, and for each node that is about to be destroyed.
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../../core/store/sqlite.ts';
import { Graph } from '../../../plugins/walkers/graph/graph.ts';
import { ALICE, Draft, LIMITS } from './graph-kit.ts';

/** Between them 300 are moved to and fro. */
export const ACCOUNTS = [1, 2, 3].map((i) => `n:Account:${String(i).padStart(24, '0')}`);
export const COUNTER = 'n:Counter:000000000000000000000001';

async function storm(folder: string, name: string): Promise<void> {
  const graph = new Graph(openSqliteStore({ folder }));
  const say = (...words: unknown[]) => writeSync(1, `${words.join(' ')}\n`);
  await graph.run(ALICE, LIMITS, async (transaction) => {
    const journal = new Draft(ALICE);
    if ((await transaction.nodes([COUNTER]))[0] === null) {
      journal.node('Counter', { n: 0 }, {}, COUNTER);
      for (const id of ACCOUNTS) journal.node('Account', { n: 100 }, {}, id);
    }
    return { journal, result: undefined };
  });
  let made = 0;
  const newId = (type: string) => {
    const number = `${name}${String(++made).padStart(12, '0')}`;
    return `${type}:${number.padStart(24, '0')}`;
  };
  const work = async (worker: number) => {
    const mine: string[] = [];
    for (let i = worker; ; i++) {
      const [from = '', to = ''] = [ACCOUNTS[i % 3], ACCOUNTS[(i + worker + 1) % 3]];
      const oldest = mine.length > 5 ? mine.shift() : undefined;
      if (oldest !== undefined) say('going', oldest);
      const { id, count } = await graph.run(ALICE, LIMITS, async (transaction) => {
        const nodes = await transaction.nodes([from, to, COUNTER]);
        const [a, b, count] = nodes.map((node) => Number(node?.fields.n));
        const journal = new Draft(ALICE);
        if (from !== to) {
          journal.fields[from] = { n: Number(a) - 1 };
          journal.fields[to] = { n: Number(b) + 1 };
        }
        const next = Number(count) + 1;
        journal.fields[COUNTER] = { n: next };
        const id = journal.node('A', { i }, {}, newId('n:A'));
        journal.edge(ALICE, id, 'Edge', {}, newId('e:Edge'));
        journal.edge(id, from, 'Knows', { i }, newId('e:Knows'));
        if (oldest !== undefined) journal.deleted.push(oldest);
        return { journal, result: { id, count: next } };
      });
      mine.push(id);
      say('stored', id, count, oldest ?? '');
    }
  };
  await Promise.all([1, 2, 3, 4].map(work));
}

const [folder, name] = process.argv.slice(2);
if (import.meta.main && folder !== undefined && name !== undefined) await storm(folder, name);
