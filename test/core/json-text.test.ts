import { deepEqual, doesNotThrow, ok, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { joinMembers, parseFile, splitMembers } from '../../core/store/json-text.ts';

const layout = fc.constantFrom(undefined, 2, '\t', '\r\n ');

test('objects taken apart and put together are the same', async () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
  const property = fc.property(object, layout, (value, space) => {
    const plain = JSON.parse(JSON.stringify(value));
    const members = splitMembers(JSON.stringify(value, null, space));
    deepEqual([...members.keys()], Object.keys(plain));
    for (const [name, text] of members) deepEqual(JSON.parse(text), plain[name]);
    deepEqual(splitMembers(joinMembers(members)), members);
    deepEqual(JSON.parse(joinMembers(members, 2)), plain);
  });
  fc.assert(property);
});

test('a mistake in a file is told with its line and column', async (t) => {
  for (const [text, position] of [
    ['', '1:1'],
    ['\n  ', '2:3'],
    ['{', '1:2'],
    ['{"a":1', '1:7'],
    ['{"a":1}\n}', '2:1'],
    ['{\n  "a": 1,\n}', '3:1'],
    ['{"a":1,,}', '1:8'],
    ['{"a" 1}', '1:6'],
    ["{'a':1}", '1:2'],
    ['{"a":nul}', '1:6'],
    ['{"a":01}', '1:6'],
    ['{"a":1.}', '1:6'],
    ['{"a":"unended}\n', '1:6'],
    ['{"a":"\\x"}', '1:6'],
    ['{"a":"tab\t"}', '1:6'],
    ['{"a":[1,2}', '1:10'],
    ['{"a":{"b":[1]]}', '1:14'],
    ['{"a":1 /* why */}', '1:8'],
    ['["ä😀", x]', '1:9'],
    ['{1:2}', '1:2'],
    ['{"a":1:2}', '1:7'],
    ['true false', '1:6'],
  ] as const) {
    t.throws(
      () => parseFile(text, 'x.json'),
      { message: `x.json:${position}: not valid JSON; correct it, it was left as it is` },
      text,
    );
  }
});

test('every text that is not JSON has a position, at or before the one that V8 finds', async () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.string({ unit: fc.constantFrom(...'{}[],:"\\ \n0-1etx'), maxLength: 3 }),
  );
  const property = fc.property(fc.jsonValue(), layout, damage, (value, space, [where, length, insert]) => {
    const whole = JSON.stringify(value, null, space);
    const at = where % (whole.length + 1);
    const text = whole.slice(0, at) + insert + whole.slice(at + length);
    let problem = '';
    try {
      JSON.parse(text);
    } catch (error) {
      problem = String(error);
    }
    if (problem === '') return doesNotThrow(() => parseFile(text, 'x'));
    throws(
      () => parseFile(text, 'x'),
      (error: Error) => {
        const [, line, column] = /^x:(\d+):(\d+): /.exec(error.message) ?? [];
        const linesBefore = text.split('\n').slice(0, Number(line) - 1);
        const offset = linesBefore.reduce((sum, one) => sum + one.length + 1, Number(column) - 1);
        const found = / at position (\d+)/.exec(problem)?.[1] ?? text.length;
        ok(offset <= Number(found), `${offset} ${problem}`);
        return true;
      },
    );
  });
  fc.assert(property, { numRuns: 500 });
});
