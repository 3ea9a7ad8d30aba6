import fc from 'fast-check';
import { test } from 'tap';
import { type Hub, HubError, Type } from '../../core/index.ts';
import type { ConnectionLimits } from '../../core/limits.ts';
import { type Client, connect } from '../helpers/hub.ts';
import { loggedErrors, startWith } from '../helpers/start-with.ts';

/** How a message is handled: at once, by a promise that holds the next one up, or by one that does not. */
type Kind = 'SYNC' | 'ASYNC' | 'CONCURRENT';
const KINDS: readonly Kind[] = ['SYNC', 'ASYNC', 'CONCURRENT'];
const Numbered = Type.Object({ n: Type.Integer(), fails: Type.Boolean({ default: false }) });

interface Running {
  readonly n: number;
  end(): void;
}

/** An endpoint whose promised handlers end when the test lets them. */
function controlled(limits: Partial<ConnectionLimits> = {}) {
  return (hub: Hub) => {
    const endpoint = hub.endpoint('/', { envelope: { type: 'type' }, limits });
    const done = endpoint.emits('DONE', Type.Object({ n: Type.Integer() }), { overflow: 'close' });
    const started: number[] = [];
    const running: Running[] = [];
    let wake = Promise.withResolvers<void>();
    const finish = (n: number, fails: boolean) => {
      if (fails) throw new HubError('refused', String(n));
      return done({ n });
    };
    const later = async ({ n, fails }: { n: number; fails: boolean }) => {
      started.push(n);
      const { promise, resolve } = Promise.withResolvers<void>();
      running.push({ n, end: resolve });
      wake.resolve();
      await promise;
      return finish(n, fails);
    };
    endpoint.on('SYNC', Numbered, ({ n, fails }) => {
      started.push(n);
      return finish(n, fails);
    });
    endpoint.on('ASYNC', Numbered, later);
    endpoint.on('CONCURRENT', Numbered, later, { concurrent: true });
    endpoint.on('CLOSE', Type.Object({}), (_content, connection) => connection.close(4_100, 'asked for'));
    endpoint.on('CLOSE_LATER', Type.Object({}), async (_content, connection) => {
      await later({ n: -1, fails: false });
      connection.close(4_100, 'asked for');
    });
    /** Resolves when at least so many handlers run. */
    const atWork = async (count: number) => {
      while (running.length < count) {
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
      return running;
    };
    return { started, running, atWork };
  };
}

/** The number of the message an answer is about. */
function answered({ n, error }: { n?: number; error?: { message: string } }): number {
  return n ?? Number(error?.message);
}

test('whatever the handlers, messages start in order, and only concurrent ones overlap', async (t) => {
  const { hub, parts } = await startWith(t, controlled());
  const message = fc.record({ kind: fc.constantFrom(...KINDS), fails: fc.boolean() });
  const plan = fc.record({
    messages: fc.array(message, { minLength: 1, maxLength: 40 }),
    /** Which of the running handlers ends next: a place among them. */
    ends: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ messages, ends }) => {
      const { started, running, atWork } = parts;
      started.length = 0;
      running.length = 0;
      const client = await connect(t, hub, '/');
      for (const [n, { kind, fails }] of messages.entries()) client.send({ type: kind, n, fails });

      // A model of the rules says which answers may come next.
      const answers: number[] = [];
      let next = 0;
      let blocked = false;
      const open = new Set<number>();
      const advance = () => {
        const expected: number[] = [];
        while (next < messages.length && !blocked) {
          const kind = messages[next]?.kind;
          if (kind === 'SYNC') expected.push(next);
          else open.add(next);
          if (kind === 'ASYNC') blocked = true;
          next++;
        }
        return expected;
      };
      const take = async (expected: readonly number[]) => {
        for (const n of expected) {
          const answer = answered(await client.next());
          answers.push(answer);
          t.equal(answer, n);
        }
      };
      let immediate = advance();
      await take(immediate);
      for (let i = 0; open.size > 0; i++) {
        await atWork(open.size);
        const [ending] = running.splice((ends[i % ends.length] ?? 0) % running.length, 1);
        if (ending === undefined) throw new Error('nothing runs');
        open.delete(ending.n);
        ending.end();
        const endedAsync = messages[ending.n]?.kind === 'ASYNC';
        if (endedAsync) blocked = false;
        immediate = advance();
        // The reply comes before the replies of those that were held up.
        await take([ending.n, ...immediate]);
      }
      t.strictSame(
        started,
        messages.map((_, n) => n),
        'all started, in order',
      );
      t.equal(answers.length, messages.length, 'each was answered once');
      t.strictSame(client.waiting, []);
      client.socket.terminate();
    }),
    { numRuns: 40 },
  );
  t.strictSame(loggedErrors(hub), []);
});

/** Sends one message and waits until it is in its handler. */
async function occupy(client: Client, parts: { atWork(count: number): Promise<Running[]> }, n: number) {
  client.send({ type: 'ASYNC', n });
  const [running] = await parts.atWork(1);
  if (running === undefined) throw new Error('nothing runs');
  return running;
}

test('a full mailbox refuses what is too much and goes on with the rest', async (t) => {
  const { hub, parts } = await startWith(t, controlled({ mailbox: 4 }));
  const client = await connect(t, hub, '/');
  const first = await occupy(client, parts, 0);
  for (let n = 1; n < 7; n++) client.send({ type: 'SYNC', n });
  for (const type of ['SYNC', 'SYNC', 'SYNC']) {
    const message = '4 messages wait already; this one was not handled';
    t.strictSame(await client.next(), { error: { code: 'mailbox_full', message, ref: type } });
  }
  first.end();
  for (const n of [0, 1, 2, 3]) t.equal(answered(await client.next()), n);
  client.send({ type: 'SYNC', n: 7 });
  t.equal(answered(await client.next()), 7, 'there is room again');
});

test('concurrent handlers count in the mailbox, too', async (t) => {
  const { hub, parts } = await startWith(t, controlled({ mailbox: 2 }));
  const client = await connect(t, hub, '/');
  for (let n = 0; n < 3; n++) client.send({ type: 'CONCURRENT', n });
  t.equal((await client.next()).error.code, 'mailbox_full');
  client.send({ type: 'SYNC', n: 3 });
  t.equal((await client.next()).error.code, 'mailbox_full', 'even for a handler that would return at once');
  for (const { end } of parts.running.splice(0)) end();
  t.strictSame([answered(await client.next()), answered(await client.next())], [0, 1]);
  client.send({ type: 'SYNC', n: 4 });
  t.equal(answered(await client.next()), 4);
  t.strictSame(parts.started, [0, 1, 4]);
});

test('one connection does not hold up another', async (t) => {
  const { hub, parts } = await startWith(t, controlled());
  const slow = await connect(t, hub, '/');
  const quick = await connect(t, hub, '/');
  const running = await occupy(slow, parts, 0);
  quick.send({ type: 'SYNC', n: 1 });
  t.equal(answered(await quick.next()), 1);
  running.end();
  t.equal(answered(await slow.next()), 0);
});

test('after the close by a handler, what came before it is answered and what came after is not handled', async (t) => {
  const { hub, parts } = await startWith(t, controlled());
  for (const close of ['CLOSE', 'CLOSE_LATER']) {
    parts.started.length = 0;
    const client = await connect(t, hub, '/');
    const running = await occupy(client, parts, 0);
    parts.running.length = 0;
    client.send({ type: 'SYNC', n: 1 });
    client.send({ type: close });
    for (const n of [2, 3]) client.send({ type: 'SYNC', n });
    running.end();
    if (close === 'CLOSE_LATER') {
      for (const { end } of await parts.atWork(1)) end();
      parts.running.length = 0;
    }
    t.strictSame(await client.closed, { code: 4_100, reason: 'asked for' });
    t.strictSame(client.waiting, [
      { type: 'DONE', n: 0 },
      { type: 'DONE', n: 1 },
    ]);
    t.strictSame(
      parts.started.filter((n) => n >= 0),
      [0, 1],
    );
  }
});

test('messages behind the one that closes are not handled, also when they came in the same packet', async (t) => {
  const { hub, parts } = await startWith(t, controlled());
  const client = await connect(t, hub, '/');
  client.socket.send(JSON.stringify({ type: 'CLOSE' }));
  for (let n = 0; n < 10; n++) client.send({ type: 'SYNC', n });
  t.equal((await client.closed).code, 4_100);
  const other = await connect(t, hub, '/');
  other.send({ type: 'SYNC', n: 10 });
  t.equal(answered(await other.next()), 10);
  t.strictSame(parts.started, [10]);
});

test('when the client goes, what waits is dropped and what runs ends by itself', async (t) => {
  const { hub, parts } = await startWith(t, (hub) => {
    const made = controlled()(hub);
    const { promise, resolve } = Promise.withResolvers<void>();
    hub.hooks.closed.tap(() => resolve());
    return { ...made, closed: promise };
  });
  const client = await connect(t, hub, '/');
  const running = await occupy(client, parts, 0);
  client.send({ type: 'SYNC', n: 1 });
  client.send({ type: 'CONCURRENT', n: 2 });
  client.socket.close();
  await parts.closed;
  running.end();
  await client.closed;
  t.strictSame(parts.started, [0]);
  t.strictSame(loggedErrors(hub), []);
});
