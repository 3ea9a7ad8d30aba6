import fc from 'fast-check';
import { test } from 'tap';
import { contentOf, decodeMessage, decodeText, deeperThan, type Envelope } from '../../core/codec.ts';
import { HubError, JsonText, type MessageFactory, type TSchema, Type } from '../../core/index.ts';
import { startWith } from '../helpers/start-with.ts';

const nested: Envelope = { type: 'type', content: 'content' };
const flat: Envelope = { type: '@type' };

/** None of the keys that are refused. */
const isAccepted = (value: unknown) => !/"(__proto__|constructor)":/.test(JSON.stringify(value));
const json = fc.jsonValue({ maxDepth: 6 }).filter(isAccepted);
const fields = fc.dictionary(fc.string(), json, { maxKeys: 8 }).filter(isAccepted);

/** As the wire gives them: JSON has no -0. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('what one side encodes, the other decodes to the same content, in both envelopes', async (t) => {
  const { parts } = await startWith(t, (hub) => {
    const make = (path: string, envelope: Envelope): MessageFactory<TSchema> =>
      hub.endpoint(path, { envelope }).emits('TYPE', Type.Unknown(), { overflow: 'close' });
    return { nested: make('/nested', nested), flat: make('/flat', flat) };
  });
  const decoded = (text: string, envelope: Envelope) => {
    const message = decodeMessage(decodeText(new TextEncoder().encode(text).buffer, false), envelope);
    t.equal(message[envelope.type], 'TYPE');
    return contentOf(message, envelope);
  };
  // null content is as good as none.
  const content = json.filter((value) => value !== null);
  const indentation = fc.constantFrom('', ' ', '\n', '\t  ');
  fc.assert(
    fc.property(content, indentation, (value, space) => {
      t.strictSame(decoded(parts.nested(value).text, nested), plain(value));
      const text = space + JSON.stringify(value, null, space) + space;
      t.strictSame(decoded(parts.nested(new JsonText(text)).text, nested), plain(value));
    }),
  );
  fc.assert(
    fc.property(
      fields.filter((value) => !('@type' in value)),
      indentation,
      (value, space) => {
        t.strictSame(decoded(parts.flat(value).text, flat), plain(value));
        const text = space + JSON.stringify(value, null, space) + space;
        t.strictSame(decoded(parts.flat(new JsonText(text)).text, flat), plain(value));
      },
    ),
  );
});

test('reading never throws anything but a refusal', async () => {
  const broken = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0e1-.ntf ') }),
    fc.tuple(json, fc.nat(), fc.string({ maxLength: 3 })).map(([value, place, more]) => {
      const text = JSON.stringify({ type: 'T', value });
      const cut = place % text.length;
      return text.slice(0, cut) + more + text.slice(cut + 1);
    }),
  );
  fc.assert(
    fc.property(broken, (text) => {
      try {
        const message = decodeMessage(text, nested);
        return Object.getPrototypeOf(message) === Object.prototype;
      } catch (error) {
        return error instanceof HubError && error.code === 'invalid_json';
      }
    }),
    { numRuns: 1_000 },
  );
});

test('bytes of a binary frame are text or refused', async () => {
  const anyBytes = fc.uint8Array({ maxLength: 40 });
  const text = fc.string({ unit: 'binary' }).map((value) => new TextEncoder().encode(value));
  fc.assert(
    fc.property(fc.oneof(anyBytes, text), (bytes) => {
      const { buffer } = new Uint8Array(bytes);
      const expected = Buffer.from(bytes).toString();
      const isUtf8 = Buffer.from(expected).equals(bytes);
      try {
        return decodeText(buffer, true) === expected.replace(/^\uFEFF/, '') && isUtf8;
      } catch (error) {
        return !isUtf8 && error instanceof HubError && error.code === 'invalid_json';
      }
    }),
    { numRuns: 500 },
  );
});

/** The depth of a value, by walking it. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('depth is counted in the text as it is in the value', async (t) => {
  // Brackets, quotes and backslashes inside of strings are what a scan of text can get wrong.
  const string = fc.string({ unit: fc.constantFrom(...'[]{}"\\ab', '\\"', '\\\\') });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 12, withCrossShrink: true },
      string,
      fc.integer(),
      tie('array'),
      tie('object'),
    ),
    array: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(string, tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 14 }), fc.constantFrom('', '  '), (any, limit, space) => {
      return deeperThan(JSON.stringify(any, null, space), limit) === depthOf(any) > limit;
    }),
    { numRuns: 1_000 },
  );
  t.equal(deeperThan(JSON.stringify(`${'\\'.repeat(9)}"[[[[`), 0), false);
});

test('200 levels are read, 201 are not', async (t) => {
  const message = (levels: number) => `{"type":"T","a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  t.ok(decodeMessage(message(200), nested));
  t.throws(() => decodeMessage(message(201), nested), { code: 'invalid_json', message: /deeper than 200/ });
});
