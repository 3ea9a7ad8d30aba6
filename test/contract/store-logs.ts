import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { Test } from 'tap';
import { JsonText } from '../../core/json.ts';
import type { LogEntry, LogRange } from '../../core/store/port.ts';
import type { OpenStore } from './store.ts';

export async function logTests(t: Test, open: OpenStore): Promise<void> {
  t.test('entries are numbered from 1 in one sequence per key, in the order of the calls', async (t) => {
    const log = (await open(t)).log<string>('a');
    const numbers = await Promise.all([
      log.append('x', 'first'),
      log.append('__proto__', 'another key'),
      log.append('x', 'second'),
      log.append('', 'the empty key'),
      log.append('x', new JsonText('"third"')),
    ]);
    t.strictSame(numbers, [1, 1, 2, 1, 3]);
    const entries = ['first', 'second', 'third'].map((value, i) => ({ sequence: i + 1, value }));
    t.strictSame(await log.read('x'), entries);
    t.strictSame(await log.read('x', { backwards: true }), entries.toReversed());
    t.strictSame(await log.read('__proto__'), [{ sequence: 1, value: 'another key' }]);
    t.strictSame(await log.read('unknown'), []);
  });

  t.test('a read in the same turn sees what was appended and trimmed before it', async (t) => {
    const log = (await open(t)).log<number>('a');
    const results = await Promise.all([
      log.append('x', 1),
      log.append('x', 2),
      log.trim('x', 2),
      log.read('x'),
    ]);
    t.strictSame(results, [1, 2, 1, [{ sequence: 2, value: 2 }]]);
  });

  t.test('sequence numbers are not used again after a trim', async (t) => {
    const store = await open(t);
    const log = store.log<string>('a');
    for (const value of ['a', 'b', 'c']) await log.append('x', value);
    t.equal(await log.trim('x', 3), 2);
    t.equal(await log.trim('x', 3), 0);
    t.equal(await log.append('x', 'd'), 4);
    t.equal(await log.trim('x', Number.POSITIVE_INFINITY), 2);
    t.equal(await log.trim('x', 100), 0);
    t.equal(await log.append('x', 'e'), 5);
    t.equal(await log.trim('x', 6), 1);
    t.equal(await log.append('x', 'f'), 6);
    t.strictSame(await log.read('x'), [{ sequence: 6, value: 'f' }]);
    t.equal(await log.trim('unknown', 5), 0);
    t.equal(await log.append('unknown', 'first'), 1);
  });

  t.test('one entry is removed, and its number is not used again', async (t) => {
    const log = (await open(t)).log<string>('a');
    for (const value of ['a', 'b', 'c', 'd']) await log.append('x', value);
    t.equal(await log.delete('x', 2), true);
    t.equal(await log.delete('x', 2), false);
    t.equal(await log.delete('x', 9), false);
    t.equal(await log.delete('unknown', 1), false);
    t.equal(await log.delete('x', 4), true, 'the newest');
    t.equal(await log.append('x', 'e'), 5);
    t.strictSame(
      (await log.read('x')).map(({ sequence, value }) => `${sequence} ${value}`),
      ['1 a', '3 c', '5 e'],
    );
    t.equal(await log.delete('x', 5), true);
    t.equal(await log.trim('x', 5), 2);
    t.equal(await log.append('x', 'f'), 6, 'though trimmed since');
  });

  t.test('a bad entry is refused and uses up no number', async (t) => {
    const log = (await open(t)).log<unknown>('a');
    const results = await Promise.allSettled([log.append('x', 1), log.append('x', 2n), log.append('x', 3)]);
    t.strictSame(results[0], { status: 'fulfilled', value: 1 });
    t.equal(results[1].status, 'rejected');
    t.strictSame(results[2], { status: 'fulfilled', value: 2 });
    await t.rejects(log.append('\ud800', 1), /key: expected well-formed/);
    for (const range of [
      { from: Number.NaN },
      { to: Number.NaN },
      { limit: -1 },
      { skip: -1 },
      { skip: 0.5 },
    ]) {
      await t.rejects(log.read('x', range), RangeError);
    }
    await t.rejects(log.delete('x', Number.NaN), /sequence: expected a sequence number/);
    await t.rejects(log.trim('x', Number.NaN), /before: expected a sequence number/);
  });

  t.test('without a limit, 1,000 entries are read: the oldest, or backwards the newest', async (t) => {
    const log = (await open(t)).log<number>('a');
    await Promise.all(Array.from({ length: 2_300 }, (_, i) => log.append('x', i + 1)));
    const sequences = (entries: LogEntry<number>[]) => {
      for (const { sequence, value } of entries) if (sequence !== value) t.fail(`${sequence} holds ${value}`);
      return [entries.length, entries[0]?.sequence, entries.at(-1)?.sequence];
    };
    t.strictSame(sequences(await log.read('x')), [1_000, 1, 1_000]);
    t.strictSame(sequences(await log.read('x', { backwards: true })), [1_000, 2_300, 1_301]);
    t.strictSame(sequences(await log.read('x', { limit: Number.POSITIVE_INFINITY })), [2_300, 1, 2_300]);
    t.strictSame(sequences(await log.read('x', { limit: 2_000, backwards: true })), [2_000, 2_300, 301]);
    t.strictSame(sequences(await log.read('x', { from: 100, limit: 1_500 })), [1_500, 100, 1_599]);
    t.strictSame(sequences(await log.read('x', { skip: 50, limit: 1_500 })), [1_500, 51, 1_550]);
    t.strictSame(sequences(await log.read('x', { skip: 2_000, backwards: true })), [300, 300, 1]);
  });

  t.test('large entries beyond a few megabytes are read like others', async (t) => {
    const log = (await open(t)).log<string>('a');
    await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => log.append('x', letter.repeat(900_000))),
    );
    const entries = await log.read('x', { backwards: true });
    t.strictSame(
      entries.map(({ sequence, value }) => [sequence, value[0], value.length]),
      [6, 5, 4, 3, 2, 1].map((sequence) => [sequence, ' abcdef'[sequence], 900_000]),
    );
  });

  t.test('every range of every history reads as a list would', async (t) => {
    const store = await open(t);
    const number = fc.integer({ min: -1, max: 14 });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('append' as const) },
      { weight: 1, arbitrary: fc.record({ trim: number }) },
      { weight: 1, arbitrary: fc.record({ delete: number }) },
    );
    const range = fc.record(
      {
        from: number,
        to: number,
        limit: fc.nat({ max: 5 }),
        skip: fc.nat({ max: 3 }),
        backwards: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    let run = 0;
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 15 }),
      fc.array(range),
      async (steps, ranges) => {
        run++;
        const log = store.log<number>('a');
        const key = `run ${run}`;
        let model: LogEntry<number>[] = [];
        let last = 0;
        const expected: (number | boolean)[] = [];
        const calls = steps.map((step): Promise<number | boolean> => {
          if (step === 'append') {
            last++;
            model.push({ sequence: last, value: last * 10 });
            expected.push(last);
            return log.append(key, last * 10);
          }
          const goes = (sequence: number) =>
            'trim' in step ? sequence < step.trim : sequence === step.delete;
          const kept = model.filter(({ sequence }) => !goes(sequence));
          const gone = model.length - kept.length;
          model = kept;
          expected.push('trim' in step ? gone : gone === 1);
          return 'trim' in step ? log.trim(key, step.trim) : log.delete(key, step.delete);
        });
        deepEqual(await Promise.all(calls), expected);
        const read = ({ from = 0, to = last, limit, skip = 0, backwards }: LogRange) => {
          const entries = model.filter(({ sequence }) => sequence >= from && sequence <= to);
          const ordered = (backwards ? entries.reverse() : entries).slice(skip);
          return ordered.slice(0, limit);
        };
        for (const one of [{}, ...ranges]) deepEqual(await log.read(key, one), read(one));
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
}
