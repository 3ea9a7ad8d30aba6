import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import { catchUp, type Numbered, OUTBOX, slowAndQuick, stall, WAYS } from '../helpers/slow-reader.ts';

const way = fc.constantFrom(...Object.keys(WAYS));
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: way,
      type: fc.constantFrom('MUST' as const, 'MAY' as const, 'STATE' as const),
      key: fc.constantFrom('a', 'b', 'c'),
      large: fc.boolean(),
      times: fc.constantFrom(1, 2, 5, 40),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const) }) },
);

test('a reader that stalls and resumes gets what was sent less what may be lost', async (t) => {
  const { parts, quick, slow } = await slowAndQuick(t);
  await catchUp(slow.client, slow.connection, parts);
  const SIZES = { MUST: [10, 200], MAY: [100, 24_000], STATE: [1_000, 16_384] } as const;
  await fc.assert(
    fc.asyncProperty(way, fc.array(step, { minLength: 20, maxLength: 60 }), async (filling, steps) => {
      const before = parts.counts();
      const filled = await stall(slow.client, slow.connection, parts, WAYS[filling]);
      const sent: Numbered[] = [];
      const shared: Numbered[] = [];
      let mustBytes = 0;
      for (const one of steps) {
        if (one.do === 'turn') await nextTurn();
        else if (one.do === 'pause') slow.client.socket.pause();
        else if (one.do === 'resume') {
          slow.client.socket.resume();
          for (let i = 0; i < 5; i++) await nextTurn();
        } else if ('type' in one) {
          const { type, key } = one;
          for (let i = 0; i < one.times; i++) {
            const size = SIZES[type][one.large ? 1 : 0];
            // More than that would rightly close the connection.
            if (type === 'MUST') mustBytes += size + 100;
            if (type === 'MUST' && mustBytes > OUTBOX / 8) continue;
            const n = sent.length;
            sent.push({ type, n, key });
            if (one.do.startsWith('published')) shared.push({ type, n, key });
            WAYS[one.do]?.(parts, slow.connection, parts.make(type, n, size, key));
          }
        }
      }
      const got = (await catchUp(slow.client, slow.connection, parts)).slice(filled);
      const after = parts.counts();
      const lost = {
        dropped: after.dropped - before.dropped,
        replaced: after.replaced - before.replaced,
      };
      checkLosses(sent, got, lost);
      const unrelated = filling.startsWith('published') ? filled : 0;
      const others = (await catchUp(quick.client, quick.connection, parts)).slice(unrelated);
      checkLosses(shared, others, { dropped: 0, replaced: 0 });
    }),
    // To make a failure smaller would take minutes.
    { numRuns: 25, endOnFailure: true },
  );
});

/** @throws Error unless `got` is `sent` in order, less so many that may be lost. */
function checkLosses(
  sent: readonly Numbered[],
  got: readonly Numbered[],
  lost: { dropped: number; replaced: number },
): void {
  const numbers = got.map(({ n }) => n);
  const isRising = numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? Number.POSITIVE_INFINITY));
  if (!isRising) throw new Error(`out of order or doubled: ${numbers}`);
  const arrived = new Set(numbers);
  const missing = sent.filter(({ n }) => !arrived.has(n));
  const count = (type: string) => missing.filter((message) => message.type === type).length;
  if (count('MUST') > 0) throw new Error('a message that must not be lost is missing');
  if (count('MAY') !== lost.dropped) throw new Error(`${count('MAY')} are missing, ${lost.dropped} counted`);
  if (count('STATE') !== lost.replaced)
    throw new Error(`${count('STATE')} are missing, ${lost.replaced} counted as replaced`);
  for (const { type, n, key } of missing) {
    const isNewest = !sent.some((other) => other.type === type && other.key === key && other.n > n);
    if (type === 'STATE' && isNewest) throw new Error(`the newest of ${key}, ${n}, is missing`);
  }
}
