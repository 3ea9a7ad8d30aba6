/** Names, families, and what covers what. */
import fc from 'fast-check';
import { test } from 'tap';
import { covers, isName, isPattern, patternsOf } from '../../../plugins/topics/names.ts';

const part = fc.stringMatching(/^[ab]{1,2}$/);
const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
const pattern = fc.oneof(
  name,
  name.map((text) => `${text}.*`),
  fc.constant('*'),
);

test('the patterns of a name are exactly those that cover it', async () => {
  fc.assert(
    fc.property(name, pattern, (text, other) => covers(other, text) === patternsOf(text).includes(other)),
    { numRuns: 1_000 },
  );
  fc.assert(fc.property(name, (text) => patternsOf(text).every((one) => isPattern(one)) && isName(text)));
});

test('a wide pattern covers a narrow one exactly when it matches all that the narrow one does', async () => {
  const sample = (text: string) =>
    text === '*'
      ? ['a', 'b.a', 'zz']
      : text.endsWith('.*')
        ? ['a', 'zz', 'a.zz'].map((end) => text.slice(0, -1) + end)
        : [text];
  fc.assert(
    fc.property(pattern, pattern, (wide, narrow) => {
      const all = sample(narrow).every((text) => patternsOf(text).includes(wide));
      return covers(wide, narrow) === all;
    }),
    { numRuns: 1_000 },
  );
});

test('what is no name or pattern is not taken for one', async (t) => {
  for (const text of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a/b',
    'ä',
    'a\n',
    'x'.repeat(201),
    Array(11).fill('a').join('.'),
  ])
    t.notOk(isName(text) || isPattern(text), JSON.stringify(text));
  for (const text of ['**', 'a*', '*.a', 'a.*.b', 'a.**', '.*', 'a.*.*']) t.notOk(isPattern(text), text);
  for (const text of ['a', 'A-1_x', 'topic.pydio.idm.event'])
    t.ok(isName(text) && isPattern(`${text}.*`), text);
  t.notOk(isName('a.*'));
});
