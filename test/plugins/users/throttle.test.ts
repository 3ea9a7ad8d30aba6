import fc from 'fast-check';
import { test } from 'tap';
import { Throttle } from '../../../plugins/users/throttle.ts';

test('a window lets so many through, and a new one begins after it', async (t) => {
  let now = 0;
  const throttle = new Throttle(2, 1_000, () => now);
  t.equal(throttle.take('a'), undefined);
  now = 900;
  t.equal(throttle.take('a'), undefined);
  t.strictSame(throttle.take('a'), { wait: 100, isFirst: true });
  now = 950;
  t.strictSame(throttle.take('a'), { wait: 50, isFirst: false }, 'what is refused prolongs nothing');
  t.equal(throttle.take('b'), undefined, 'others are not concerned');
  now = 1_000;
  t.equal(throttle.take('a'), undefined);
  t.equal(throttle.take('a'), undefined);
  t.strictSame(throttle.take('a'), { wait: 1_000, isFirst: true });
});

test('what is given back does not count', async (t) => {
  const throttle = new Throttle(1, 1_000, () => 0);
  for (let i = 0; i < 5; i++) {
    t.equal(throttle.take('a'), undefined);
    throttle.giveBack('a');
  }
  throttle.giveBack('a');
  t.equal(throttle.take('a'), undefined, 'and no more than was taken can be given back');
  t.ok(throttle.take('a'));
});

test('of 10,000 keys the one whose window ends first makes room, and none sooner', async (t) => {
  let now = 0;
  const throttle = new Throttle(1, 1_000_000, () => now++);
  for (let i = 0; i < 10_000; i++) throttle.take(`key ${i}`);
  t.ok(throttle.take('key 0'), 'all are remembered');
  throttle.take('one more');
  t.ok(throttle.take('key 1'));
  t.equal(throttle.take('key 0'), undefined, 'the oldest was forgotten');
  t.ok(throttle.take('one more'));
});

test('in any order of takes and ends, a window never lets more through than the limit', async (t) => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), pass: fc.nat(40) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
      let now = 0;
      const throttle = new Throttle(limit, 100, () => now);
      const model = new Map<string, { begin: number; count: number }>();
      for (const { key, pass } of steps) {
        now += pass;
        const window = model.get(key);
        const refusal = throttle.take(key);
        if (window === undefined || now >= window.begin + 100) {
          t.equal(refusal, undefined);
          model.set(key, { begin: now, count: 1 });
        } else if (window.count < limit) {
          t.equal(refusal, undefined);
          window.count += 1;
        } else t.equal(refusal?.wait, window.begin + 100 - now);
      }
    }),
    { numRuns: 100 },
  );
});
