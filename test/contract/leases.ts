/** What every lease table must do. */
import { setTimeout as wait } from 'node:timers/promises';
import { type Test, test } from 'tap';
import type { LeaseTable } from '../../core/index.ts';

const A = 'aaaaaaaa';
const B = 'bbbbbbbb';

/** Tables of two hubs of one cluster. */
export type TwoTables = readonly [a: LeaseTable, b: LeaseTable];

/** A hub's claim of one lease. */
async function claim(table: LeaseTable, node: string, fence?: number): Promise<number | undefined> {
  const [answer] = await table.claim(node, [{ name: 'plugin/x', fence }]);
  return answer;
}

/** Runs the part of the suite that holds for a hub that is alone, too. @param make makes a table without leases. */
export function lonelyLeaseContract(name: string, make: (t: Test) => LeaseTable | Promise<LeaseTable>): void {
  test(`${name}: a term goes on under its fence, and each new term has a higher one`, async (t) => {
    const table = await make(t);
    const first = Number(await claim(table, A));
    t.ok(Number.isSafeInteger(first) && first > 0);
    t.equal(await claim(table, A, first), first);
    const second = Number(await claim(table, A));
    t.ok(second > first, 'the hub had lost count of it');
    await table.release(A, ['plugin/x']);
    t.ok(Number(await claim(table, A)) > second);
  });

  test(`${name}: many leases are claimed in one go, whatever their names are`, async (t) => {
    const table = await make(t);
    const names = [
      'a b/c',
      '@scope/name/x',
      '{y}',
      'z\n\u{1f600}',
      ...Array.from({ length: 100 }, (_, n) => `n${n}`),
    ];
    const first = await table.claim(
      A,
      names.map((name) => ({ name, fence: undefined })),
    );
    t.ok(first.every((fence) => Number.isSafeInteger(fence)));
    const claims = names.map((name, index) => ({ name, fence: index % 2 === 0 ? first[index] : undefined }));
    const second = await table.claim(A, claims);
    t.strictSame(
      second.map((fence, index) => fence === first[index]),
      names.map((_, index) => index % 2 === 0),
    );
  });
}

/** Runs the whole suite. @param make makes the tables of a cluster without leases, with the length of terms in ms. */
export function leaseContract(
  name: string,
  make: (t: Test, termMs: number) => TwoTables | Promise<TwoTables>,
): void {
  lonelyLeaseContract(name, async (t) => (await make(t, 60_000))[0]);

  test(`${name}: one hub holds a lease until it gives it back; another one cannot`, async (t) => {
    const [a, b] = await make(t, 60_000);
    const first = Number(await claim(a, A));
    t.equal(await claim(b, B), undefined);
    await b.release(B, ['plugin/x', 'plugin/never claimed']);
    t.equal(await claim(b, B), undefined);
    t.equal(await claim(a, A, first), first);
    await a.release(A, ['plugin/x']);
    const second = Number(await claim(b, B));
    t.ok(second > first);
    t.equal(await claim(a, A, first), undefined);
  });

  test(`${name}: a lease that is not renewed goes to who asks first after its term`, async (t) => {
    const [a, b] = await make(t, 200);
    const first = Number(await claim(a, A));
    const asked = performance.now();
    let second = await claim(b, B);
    for (; second === undefined; second = await claim(b, B)) await wait(10);
    t.ok(performance.now() - asked > 150);
    t.ok(second > first);
    t.equal(await claim(a, A, first), undefined, 'who held it last does not get it back');
  });

  test(`${name}: of hubs that ask at the same time, one gets it`, async (t) => {
    const [a, b] = await make(t, 60_000);
    const fences = await Promise.all(
      Array.from({ length: 20 }, (_, n) => claim(n % 2 === 0 ? a : b, `${n}`.padStart(8, '0'))),
    );
    t.equal(fences.filter((fence) => fence !== undefined).length, 1);
  });
}
