import fc from 'fast-check';
import { test } from 'tap';
import { itemsOf, type Json, moduleText, parseJson, textAt } from '../../../plugins/cityio/json-text.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** JSON text as Python writes it: with white space, and in ASCII. */
const asInPython = (value: unknown): string =>
  JSON.stringify(value, null, 3).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

test('the same value has the same text and hash, however it was written', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!text.includes('"__proto__"'));
      const ours = moduleText(parseJson(bytes(text), 'x'));
      const theirs = moduleText(parseJson(bytes(asInPython(JSON.parse(text))), 'x'));
      return ours.hash === theirs.hash && ours.text === JSON.stringify(JSON.parse(text));
    }),
  );
});

test("numbers and strings in Python's spelling are the same values", async (t) => {
  const python = '{"a": 1.0, "b": 1e-05, "c": "\\u00e4\\/", "d": -0.0, "e": 1E2}';
  t.equal(moduleText(parseJson(bytes(python), 'x')).text, '{"a":1,"b":0.00001,"c":"ä/","d":0,"e":100}');
});

/** Every path in a value, with what is there. */
function* everyPath(value: Json, path: string[] = []): Generator<[string[], Json]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [part, inner] of Object.entries(value)) yield* everyPath(inner, [...path, part]);
}

test('textAt finds the text of every value by its path', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value);
      for (const [path, inner] of everyPath(JSON.parse(text))) {
        if (textAt(text, path) !== JSON.stringify(inner)) return false;
      }
      return true;
    }),
  );
});

test('textAt finds nothing where JavaScript objects have more than they were given', async () => {
  const parts = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'length', '-1', '01', '1.0', '', '0'),
  );
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(parts, { minLength: 1, maxLength: 4 }),
      (value, path) => {
        const text = JSON.stringify(value);
        let expected: unknown = JSON.parse(text);
        for (const part of path) {
          const isThere =
            typeof expected === 'object' &&
            expected !== null &&
            part !== 'length' &&
            Object.hasOwn(expected, part);
          const found = Array.isArray(expected) || isThere;
          expected = found && isThere ? (expected as Record<string, unknown>)[part] : undefined;
        }
        return textAt(text, path) === JSON.stringify(expected);
      },
    ),
  );
});

test('itemsOf takes a list apart', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), (list) => {
      const text = JSON.stringify(list);
      const items = itemsOf(text)?.map(({ start, end }) => text.slice(start, end));
      return (
        JSON.stringify(items) === JSON.stringify(JSON.parse(text).map((item: Json) => JSON.stringify(item)))
      );
    }),
  );
  t.equal(itemsOf('{}'), undefined);
});

for (const [what, input, message] of [
  ['text that is no JSON', bytes('{"a":'), /the body must be JSON/],
  ['NaN', bytes('{"a": NaN}'), /the body must be JSON/],
  ['a __proto__ key', bytes('{"a":{"__proto__":{"b":1}}}'), /the body must be JSON.*forbidden prototype/],
  ['an escaped __proto__ key', bytes('{"\\u005f_proto__":1}'), /forbidden prototype/],
  ['a constructor with a prototype', bytes('{"constructor":{"prototype":{}}}'), /forbidden prototype/],
  ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /the body must be UTF-8/],
  ['brackets nested deeper than 200', bytes('['.repeat(201) + ']'.repeat(201)), /nested deeper than 200/],
] as const) {
  test(`${what} is refused with a message that says so`, async (t) => {
    t.throws(() => parseJson(input, 'the body'), { code: 'invalid_json', message });
  });
}

test('brackets inside strings do not count as nesting', async (t) => {
  const text = JSON.stringify({ a: '['.repeat(1_000), b: '\\"[[' });
  t.same(parseJson(bytes(text), 'x'), JSON.parse(text));
  t.ok(parseJson(bytes('['.repeat(200) + ']'.repeat(200)), 'x'));
});
