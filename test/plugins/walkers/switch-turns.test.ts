import { test } from 'tap';
import { Turns } from '../../../plugins/walkers/switches/turns.ts';

test('users take turns: one thing of each at a time, so many in all, and only so many wait', async (t) => {
  const turns = new Turns(2, 4, 2);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = (user: string, name: string) =>
    turns.take(user, () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const endNext = async () => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  const first = take('ann', 'a1');
  for (const name of ['a2', 'a3']) t.ok(take('ann', name));
  t.equal(take('ann', 'a4'), undefined, 'two of hers wait');
  take('ben', 'b1');
  take('cem', 'c1');
  t.strictSame(begun, ['a1', 'b1']);
  t.ok(take('dan', 'd1'));
  t.equal(take('eve', 'e1'), undefined, 'four wait');
  await endNext();
  await first;
  t.strictSame(begun, ['a1', 'b1', 'c1'], 'others before her next one');
  while (ends.length > 0) await endNext();
  t.strictSame(begun, ['a1', 'b1', 'c1', 'd1', 'a2', 'a3']);
});
