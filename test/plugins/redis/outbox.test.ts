import fc from 'fast-check';
import { test } from 'tap';
import { createLog } from '../../../core/log.ts';
import { Outbox } from '../../../plugins/redis/outbox.ts';

/** A connection that a test opens, breaks and answers on. */
function line() {
  const whenReady: (() => void)[] = [];
  const sent: string[] = [];
  const unanswered: PromiseWithResolvers<unknown>[] = [];
  return {
    isReady: true,
    sent,
    onReady: (task: () => void) => void whenReady.push(task),
    send(_key: string, args: (string | Buffer)[]) {
      sent.push(args.slice(1).join(' '));
      const answer = Promise.withResolvers<unknown>();
      unanswered.push(answer);
      return answer.promise;
    },
    breaks() {
      this.isReady = false;
      for (const { reject } of unanswered.splice(0)) reject(new Error('broken'));
    },
    returns() {
      this.isReady = true;
      for (const task of whenReady) task();
    },
    async answers() {
      for (const { resolve } of unanswered.splice(0)) resolve(1);
      await null;
      await null;
    },
  };
}

function outbox(most = 100) {
  const logged: Record<string, unknown>[] = [];
  const log = createLog('debug', { write: (text) => void logged.push(JSON.parse(text)) });
  const to = line();
  const losses: number[] = [];
  const box: Outbox = new Outbox(to, most, log, () => losses.push(to.sent.length));
  return { to, box, logged, losses };
}

test('frames leave at once, without waiting for the answer to the one before', (t) => {
  const { to, box } = outbox();
  box.send('a', '1');
  box.send('b', '2');
  t.strictSame(to.sent, ['a 1', 'b 2']);
  t.end();
});

test('while the connection is away frames wait, and follow in order; what was under way is not sent again', async (t) => {
  const { to, box, logged } = outbox();
  box.send('a', '1');
  to.breaks();
  box.send('a', '2');
  box.send('b', '3');
  await null;
  t.strictSame(to.sent, ['a 1']);
  to.returns();
  box.send('a', '4');
  t.strictSame(to.sent, ['a 1', 'a 2', 'b 3', 'a 4']);
  t.strictSame(logged, []);
});

test('beyond its limit the oldest are dropped, and it is told and logged once all is well', (t) => {
  const { to, box, logged, losses } = outbox(10);
  to.breaks();
  for (const text of ['aaaa', 'bbbb', 'cc', 'dd', 'eeeee']) box.send('x', text);
  to.returns();
  t.strictSame(to.sent, ['x cc', 'x dd', 'x eeeee']);
  to.breaks();
  box.send('x', 'longer than all');
  to.returns();
  t.equal(to.sent.length, 3, 'one that is too long by itself');
  box.send('x', 'f');
  t.strictSame(to.sent.at(-1), 'x f');
  t.strictSame(losses, [3, 3], 'told after what waited has left');
  t.match(logged, [{ msg: /^2 notifications .* were dropped/ }, { msg: /^1 notifications/ }]);
  t.end();
});

test('a Redis that does not answer gets some megabytes, and the rest waits within the limit', async (t) => {
  const { to, box } = outbox(3_000_000);
  const frames = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(1_000_000));
  for (const frame of frames) box.send('x', frame);
  const first = () => to.sent.map((text) => text[2]).join('');
  t.equal(first(), '01234');
  await to.answers();
  t.equal(first(), '01234789', '5 and 6 were the oldest of those that waited');
});

test('whatever happens, frames leave once and in their order', async (t) => {
  const step = fc.constantFrom('send', 'send', 'send', 'breaks', 'returns', 'answers');
  const property = fc.asyncProperty(fc.array(step), async (steps) => {
    const { to, box } = outbox(20);
    let n = 0;
    for (const one of steps) {
      if (one === 'send') box.send('x', String(100 + n++));
      else await to[one]();
      await null;
    }
    const order = to.sent.map((text) => Number(text.slice(2)));
    return order.every((value, i) => i === 0 || value > (order[i - 1] ?? 0));
  });
  await fc.assert(property);
  t.pass('ordered');
});
