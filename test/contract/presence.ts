/** What every presence table must do. */
import { type Test, test } from 'tap';
import type { PresenceEntry, PresenceTable } from '../../core/index.ts';
import { Queue } from '../helpers/queue.ts';

/** A table and the hub it is for. */
interface Joined {
  readonly table: PresenceTable;
  readonly gone: Queue<'gone'>;
  /** An entry of a connection of this hub. */
  entry(number: number, text: string): PresenceEntry;
}

/** Runs the suite. @param make makes a cluster: a function that makes tables. */
export function presenceContract(
  name: string,
  make: (t: Test) => Promise<() => PresenceTable | Promise<PresenceTable>>,
): void {
  const cluster = async (t: Test, ...letters: readonly string[]): Promise<Joined[]> => {
    const join = await make(t);
    const joined: Joined[] = [];
    for (const letter of letters) {
      const table = await join();
      t.teardown(() => table.close());
      const gone = new Queue<'gone'>();
      const node = letter.repeat(8);
      await table.start(node, () => gone.push('gone'));
      joined.push({
        table,
        gone,
        entry: (number, text) => ({ client: node + `${number}`.padStart(24, '0'), text }),
      });
    }
    return joined;
  };

  test(`${name}: what hubs entered is seen at once by the others, and not by themselves`, async (t) => {
    const [a, b, c] = await three(t, cluster);
    const entries = [
      a.entry(1, '["ann","漢\\u0000"]'),
      a.entry(2, ''),
      b.entry(1, 'x'.repeat(1_000)),
    ] as const;
    a.table.enter('c / room', entries[0]);
    a.table.enter('c / room', entries[1]);
    b.table.enter('c / room', entries[2]);
    a.table.enter('u / ann', entries[0]);
    await seen(t, c, 'c / room', entries);
    await seen(t, c, 'u / ann', [entries[0]]);
    await seen(t, a, 'c / room', [entries[2]]);
    await seen(t, b, 'nobody', []);
  });

  test(`${name}: who left is not there, and what is told may change`, async (t) => {
    const [a, b] = await three(t, cluster);
    a.table.enter('g', a.entry(1, 'first'));
    a.table.enter('g', a.entry(2, 'first'));
    await seen(t, b, 'g', [a.entry(1, 'first'), a.entry(2, 'first')]);
    a.table.enter('g', a.entry(1, 'second'));
    a.table.leave('g', a.entry(2, '').client);
    a.table.leave('g', a.entry(3, '').client);
    a.table.leave('never', a.entry(1, '').client);
    await seen(t, b, 'g', [a.entry(1, 'second')]);
    a.table.leave('g', a.entry(1, '').client);
    await seen(t, b, 'g', []);
    a.table.enter('g', a.entry(1, 'third'));
    await seen(t, b, 'g', [a.entry(1, 'third')]);
  });

  test(`${name}: groups that look alike are told apart`, async (t) => {
    const [a, b] = await three(t, cluster);
    const odd = ['\ud800', '\udfff', '\ufffd', '"\\ud800"', '', ' ', '{x}', 'x', 'a\r\nb\0', '*', 'hubs'];
    for (const [n, group] of odd.entries()) a.table.enter(group, a.entry(n, JSON.stringify(group)));
    for (const [n, group] of odd.entries()) await seen(t, b, group, [a.entry(n, JSON.stringify(group))]);
  });

  test(`${name}: a hub that is gone takes its connections with it, and the others are told`, async (t) => {
    const [a, b, c] = await three(t, cluster);
    for (let n = 0; n < 1_500; n++) a.table.enter('many', a.entry(n, ''));
    for (let n = 0; n < 10; n++) a.table.enter(`group ${n}`, a.entry(n, ''));
    b.table.enter('many', b.entry(1, ''));
    await a.table.close();
    await Promise.all([b.gone.next(), c.gone.next()]);
    await seen(t, c, 'many', [b.entry(1, '')]);
    await seen(t, b, 'group 3', []);
    await c.table.sweep();
    await seen(t, c, 'many', [b.entry(1, '')]);
  });
}

async function three(t: Test, cluster: (t: Test, ...letters: string[]) => Promise<Joined[]>) {
  const [a, b, c] = await cluster(t, 'a', 'b', 'c');
  if (a === undefined || b === undefined || c === undefined) throw new Error('three hubs are needed');
  return [a, b, c] as const;
}

/** What was entered is on its way for a moment: asks until it is seen. Other entries than these are never right. */
async function seen(t: Test, by: Joined, group: string, expected: readonly PresenceEntry[]): Promise<void> {
  const sorted = (entries: readonly PresenceEntry[]) =>
    [...entries].sort((a, b) => (a.client < b.client ? -1 : 1)).map(({ client, text }) => ({ client, text }));
  const wanted = JSON.stringify(sorted(expected));
  let found = sorted(await by.table.others(group));
  for (let again = 0; JSON.stringify(found) !== wanted && again < 500; again++)
    found = sorted(await by.table.others(group));
  t.strictSame(found, sorted(expected));
}
