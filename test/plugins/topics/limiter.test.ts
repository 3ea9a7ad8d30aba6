/** A session's limits, whatever comes when. */
import fc from 'fast-check';
import { test } from 'tap';
import { Limiter } from '../../../plugins/topics/limiter.ts';
import { FakeClock } from './fake-clock.ts';

interface Offer {
  /** Ms since the one before. */
  readonly pause: number;
  readonly kind: 'plain' | 'silent' | 'optimistic';
}
const offers = fc.array(
  fc.record<Offer>({ pause: fc.nat(300), kind: fc.constantFrom('plain', 'plain', 'silent', 'optimistic') }),
  { maxLength: 120 },
);

test('never more than allowed in any time, in order, and only what may be lost is lost', async () => {
  fc.assert(
    fc.property(
      offers,
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 40 }),
      (list, burst, perSecond) => {
        const clock = new FakeClock();
        const limits = {
          perSecond,
          burst,
          waiting: 1_000,
          exempt: (event: unknown) => (event as Offer).kind === 'optimistic',
          expendable: (event: unknown) => (event as Offer).kind === 'silent',
        };
        const sent: { readonly n: number; readonly at: number }[] = [];
        const limiter = new Limiter<number>(clock, (message) => sent.push({ n: message, at: clock.now() }));
        for (const [n, offer] of list.entries()) {
          clock.advance(offer.pause);
          limiter.offer(limits, offer, n);
        }
        clock.advance(200_000);

        const counted = sent.filter(({ n }) => list[n]?.kind !== 'optimistic');
        const inOrder = counted.every(({ n }, i) => i === 0 || n > (counted[i - 1]?.n ?? 0));
        const plain = list.flatMap(({ kind }, n) => (kind === 'silent' ? [] : [n]));
        const complete = plain.every((n) => sent.some((one) => one.n === n));
        const bounded = counted.every(({ at }, first) =>
          counted
            .slice(first)
            .every((last, i) => i + 1 <= burst + ((last.at - at) / 1_000) * perSecond + 1e-6),
        );
        return inOrder && complete && bounded && clock.waiting === 0;
      },
    ),
  );
});
