import fc from 'fast-check';
import { test } from 'tap';
import { type Json, textAt } from '../../../plugins/cityio/json-text.ts';
import { deleteAt, pathParts, setAt } from '../../../plugins/cityio/paths.ts';

const names = fc.oneof(
  fc.constantFrom('a', 'b', '0', '1', '2', '__proto__', 'constructor', 'toString', ''),
  fc.string({ maxLength: 3 }),
);
const paths = fc.array(names, { minLength: 1, maxLength: 4 });
const values = fc.jsonValue({ maxDepth: 3 }).map((value): Json => JSON.parse(JSON.stringify(value)));
/** Values whose members have the names that paths have. */
const roots = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, 'text'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0', '1'), tie('value'), { noNullPrototype: true }),
  ),
})).value as fc.Arbitrary<Json>;

const copy = (value: Json): Json => JSON.parse(JSON.stringify(value));

test('what was set at a path is found there, and nothing else has changed', async () => {
  fc.assert(
    fc.property(roots, paths, values, (root, path, value) => {
      const changed = copy(root);
      const before = textAt(JSON.stringify(root), path);
      if (!setAt(changed, path, value)) return JSON.stringify(changed) === JSON.stringify(root);
      const text = JSON.stringify(changed);
      if (textAt(text, path) !== JSON.stringify(value)) return false;
      // Taking it back gives what was there.
      if (before === undefined) deleteAt(changed, path);
      else setAt(changed, path, JSON.parse(before));
      return JSON.stringify(changed) === JSON.stringify(root);
    }),
  );
});

test('a value can be set wherever its parent is an object, or a list that is long enough', async () => {
  fc.assert(
    fc.property(roots, paths, (root, path) => {
      const last = path.at(-1) ?? '';
      const parent = textAt(JSON.stringify(root), path.slice(0, -1));
      const isReserved = ['__proto__', 'constructor', 'prototype'].includes(last);
      let expected = false;
      if (parent?.startsWith('{')) expected = !isReserved;
      else if (parent?.startsWith('['))
        expected = /^(0|[1-9]\d*)$/.test(last) && Number(last) <= JSON.parse(parent).length;
      return setAt(copy(root), path, 1) === expected;
    }),
  );
});

test('what was deleted is gone; of a list, the rest moves up', async () => {
  fc.assert(
    fc.property(roots, paths, (root, path) => {
      const text = JSON.stringify(root);
      const changed = copy(root);
      const isThere = textAt(text, path) !== undefined && path.at(-1) !== 'constructor';
      if (deleteAt(changed, path) !== isThere) return false;
      const parent = (whole: Json) => JSON.parse(textAt(JSON.stringify(whole), path.slice(0, -1)) ?? 'null');
      const size = (value: Json) =>
        typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
      return size(parent(changed)) === size(parent(root)) - (isThere ? 1 : 0);
    }),
  );
});

test('no path reaches the prototype of anything', async (t) => {
  for (const path of [
    ['__proto__', 'x'],
    ['constructor', 'prototype', 'x'],
    ['a', '__proto__', 'x'],
  ]) {
    t.equal(setAt({ a: {} }, path, 1), false, path.join('/'));
    t.equal(deleteAt({ a: {} }, path), false, path.join('/'));
  }
  t.notOk('x' in {});
});

test('every path survives its way through a URL', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 }),
      fc.boolean(),
      (path, slash) => {
        const url = path.map(encodeURIComponent).join('/') + (slash ? '/' : '') + (slash ? '?a=/b' : '');
        return JSON.stringify(pathParts(url)) === JSON.stringify(path);
      },
    ),
  );
});
