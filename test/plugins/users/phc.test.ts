import fc from 'fast-check';
import { test } from 'tap';
import { formatHash, parseHash } from '../../../plugins/users/phc.ts';

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

const stored = fc.record(
  {
    memory: fc.integer({ min: 1, max: 2 ** 22 }),
    passes: fc.integer({ min: 1, max: 2 ** 16 }),
    parallelism: fc.integer({ min: 1, max: 255 }),
    salt: bytes(9, 48),
    hash: bytes(12, 64),
  },
  { noNullPrototype: true },
);

test('what is formatted is parsed as it was', async (t) => {
  fc.assert(
    fc.property(stored, (hash) => {
      t.strictSame(parseHash(formatHash(hash)), hash);
    }),
    { numRuns: 200 },
  );
});

test('the form is that of the PHC string format', async (t) => {
  const hash = {
    memory: 19_456,
    passes: 2,
    parallelism: 1,
    salt: Buffer.alloc(16, 1),
    hash: Buffer.alloc(32, 2),
  };
  t.equal(
    formatHash(hash),
    '$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI',
  );
});

test('a text with anything changed is no hash, or another one', async (t) => {
  const change = fc.tuple(fc.nat(120), fc.constantFrom('', '$', '=', '0', ' ', 'é', '\n'), fc.nat(2));
  fc.assert(
    fc.property(stored, change, (hash, [place, put, cut]) => {
      const text = formatHash(hash);
      const changed = text.slice(0, place) + put + text.slice(place + cut);
      try {
        t.equal(formatHash(parseHash(changed)), changed, 'nothing is read that is not written so');
      } catch (error) {
        t.match(error, { name: 'TypeError', message: /^expected a password hash of the form/ });
      }
    }),
    { numRuns: 200 },
  );
});

test('other algorithms, versions and forms are no hashes', async (t) => {
  const salt = 'AQEBAQEBAQEBAQEBAQEBAQ';
  const end = `${salt}$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI`;
  for (const text of [
    '',
    'correct horse',
    `$argon2i$v=19$m=19456,t=2,p=1$${end}`,
    `$argon2id$v=16$m=19456,t=2,p=1$${end}`,
    `$argon2id$m=19456,t=2,p=1$${end}`,
    `$argon2id$v=19$t=2,m=19456,p=1$${end}`,
    `$argon2id$v=19$m=0,t=2,p=1$${end}`,
    `$argon2id$v=19$m=99999999999,t=2,p=1$${end}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${end}=`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}`,
    `$argon2id$v=19$m=19456,t=2,p=1$${salt}$AgI`,
    `$argon2id$v=19$m=19456,t=2,p=1$AQ$${end.split('$')[1]}`,
  ]) {
    t.throws(() => parseHash(text), { name: 'TypeError' }, text);
  }
});
