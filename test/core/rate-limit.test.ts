import fc from 'fast-check';
import { test } from 'tap';
import { type Hub, Type } from '../../core/index.ts';
import { type ConnectionLimits, TokenBucket } from '../../core/limits.ts';
import { type Client, connect } from '../helpers/hub.ts';
import { startWith } from '../helpers/start-with.ts';

/** `/` with the limits, and `/free`; both answer ECHO. */
function echo(limits: Partial<ConnectionLimits>) {
  return (hub: Hub) => {
    for (const [path, own] of [
      ['/', limits],
      ['/free', {}],
    ] as const) {
      const endpoint = hub.endpoint(path, { envelope: { type: 'type' }, limits: own });
      const echoed = endpoint.emits('ECHOED', Type.Object({ n: Type.Number() }), { overflow: 'close' });
      endpoint.on('ECHO', Type.Object({ n: Type.Number() }), (content) => echoed(content));
    }
    return true;
  };
}

function flood(client: Client, count: number): void {
  for (let n = 0; n < count; n++) client.send({ type: 'ECHO', n });
}

/** A rate so low that nothing is refilled while the test runs. */
const ALMOST_NEVER = 0.001;

test('what exceeds the burst is refused with the number of refusals left, and then the connection is closed', async (t) => {
  const { hub } = await startWith(t, echo({ messagesPerSecond: ALMOST_NEVER, burst: 5, refusals: 3 }));
  const client = await connect(t, hub, '/');
  const other = await connect(t, hub, '/');
  flood(client, 20);
  for (let n = 0; n < 5; n++) t.strictSame(await client.next(), { type: 'ECHOED', n });
  for (const left of [2, 1, 0]) {
    const { error } = await client.next();
    t.equal(error.code, 'rate_limited');
    t.match(error.message, `, ${left} more are tolerated before the connection is closed`);
  }
  t.strictSame(await client.closed, { code: 4500, reason: 'sends too fast' });
  t.strictSame(client.waiting, [], 'nothing was handled after that');
  flood(other, 1);
  t.match(await other.next(), { type: 'ECHOED' }, 'each connection has a bucket of its own');
});

test('without refusals allowed, the first message too many closes', async (t) => {
  const { hub } = await startWith(t, echo({ messagesPerSecond: ALMOST_NEVER, burst: 1, refusals: 0 }));
  const client = await connect(t, hub, '/');
  flood(client, 2);
  t.equal((await client.next()).type, 'ECHOED');
  t.equal((await client.closed).code, 4500);
});

test('messages that cannot be read count as well', async (t) => {
  const { hub } = await startWith(t, echo({ messagesPerSecond: ALMOST_NEVER, burst: 2, refusals: 1 }));
  const client = await connect(t, hub, '/');
  for (let i = 0; i < 4; i++) client.send('nonsense');
  t.equal((await client.next()).error.code, 'invalid_json');
  t.equal((await client.next()).error.code, 'invalid_json');
  t.equal((await client.next()).error.code, 'rate_limited');
  t.equal((await client.closed).code, 4500);
});

test('the bucket refills with time, and an accepted message takes one refusal off', async (t) => {
  // Whole, so that adding to it is exact.
  let clock = Math.ceil(performance.now());
  t.capture(performance, 'now', () => clock);
  const { hub } = await startWith(t, echo({ messagesPerSecond: 1, burst: 1, refusals: 2 }));
  const client = await connect(t, hub, '/');
  const answer = async () => {
    flood(client, 1);
    const { type, error } = await client.next();
    return type ?? /(\d+) more/.exec(error.message)?.[0];
  };
  t.strictSame(await answer(), 'ECHOED');
  t.strictSame(await answer(), '1 more');
  clock += 1_000;
  t.strictSame(await answer(), 'ECHOED', 'one second, one message');
  t.strictSame(await answer(), '1 more', 'the refusal before was taken off');
  t.strictSame(await answer(), '0 more');
  clock += 5_000;
  t.strictSame(await answer(), 'ECHOED');
  t.strictSame(await answer(), '0 more', 'only one was taken off, and no more than the burst was saved up');
  flood(client, 1);
  t.equal((await client.closed).code, 4500);
});

test('a bucket gives at most its burst and what its rate has refilled', async () => {
  const limits = fc.record({
    messagesPerSecond: fc.oneof(
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0.01, max: 5, noNaN: true }),
    ),
    burst: fc.integer({ min: 1, max: 50 }),
  });
  // Milliseconds between messages: mostly floods, now and then a pause.
  const pauses = fc.array(
    fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3, noNaN: true }), fc.integer({ min: 0, max: 5_000 })),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(
      limits,
      fc.integer({ min: 0, max: 10 ** 9 }),
      pauses,
      ({ messagesPerSecond, burst }, start, waits) => {
        const all = { messagesPerSecond, burst } as ConnectionLimits;
        let now = start;
        const bucket = new TokenBucket(burst, now);
        let tokens = burst;
        for (const wait of waits) {
          now += wait;
          tokens = Math.min(burst, tokens + (wait * messagesPerSecond) / 1_000);
          const taken = bucket.take(all, now);
          // Both add up floating point numbers: at the very edge either is right.
          if (Math.abs(tokens - 1) > 1e-6 && taken !== tokens >= 1) return false;
          if (taken) tokens -= 1;
        }
        return true;
      },
    ),
  );
});
