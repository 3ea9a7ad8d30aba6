import { type Argon2Parameters, argon2 } from 'node:crypto';
import { promisify } from 'node:util';
import { type Test, test } from 'tap';
import { Passwords } from '../../../plugins/users/passwords.ts';
import { parseHash } from '../../../plugins/users/phc.ts';
import { complete } from './helpers.ts';

const argon2id = promisify(argon2);

/** Hashes that end when the test says so. */
function held(t: Test, options: Parameters<typeof complete>[0]) {
  const running: (() => void)[] = [];
  let most = 0;
  const derive = async (_algorithm: 'argon2id', { tagLength }: Argon2Parameters) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    running.push(resolve);
    most = Math.max(most, running.length);
    await promise;
    running.splice(running.indexOf(resolve), 1);
    return Buffer.alloc(tagLength);
  };
  const passwords = new Passwords(complete(options), derive);
  const hash = (who: string) => {
    const hashing = passwords.hash('a password', who);
    hashing.catch(() => {});
    return hashing;
  };
  const refused = (who: string, message: string) =>
    t.rejects(hash(who), { name: 'HubError', code: 'busy', statusCode: 503, retryAfter: 1 }, message);
  return { hash, refused, running, most: () => most };
}

test('a hash matches its password and no other', async (t) => {
  const passwords = new Passwords(complete());
  const hash = await passwords.hash('correct horse', 'a');
  t.match(hash, /^\$argon2id\$v=19\$m=7168,t=1,p=1\$/);
  t.ok(await passwords.matches('correct horse', hash, 'a'));
  t.notOk(await passwords.matches('correct horsf', hash, 'a'));
  t.notOk(await passwords.matches('', hash, 'a'));
  t.not(await passwords.hash('correct horse', 'a'), hash, 'each has a salt of its own');
});

test('a password is the same however its characters are composed', async (t) => {
  const passwords = new Passwords(complete());
  const hash = await passwords.hash('caf\u00e9 cr\u00e8me', 'a');
  t.ok(await passwords.matches('cafe\u0301 cre\u0300me', hash, 'a'));
});

test('for an account that does not exist a hash of the same cost is computed', async (t) => {
  const computed: Argon2Parameters[] = [];
  const passwords = new Passwords(complete({ hashMemory: 8_192 }), (algorithm, parameters) => {
    computed.push(parameters);
    return argon2id(algorithm, parameters);
  });
  const hash = await passwords.hash('correct horse', 'a');
  t.notOk(await passwords.matches('wrong horse', hash, 'a'));
  t.notOk(await passwords.matches('wrong horse', undefined, 'a'));
  const cost = ({ memory, passes, parallelism, tagLength, message }: Argon2Parameters) => ({
    ...{ memory, passes, parallelism, tagLength, message },
  });
  const [, wrong, unknown] = computed.map(cost);
  t.strictSame(unknown, wrong);
  t.equal(unknown?.memory, 8_192);
});

test('a hash made with other parameters still matches, and is known to be outdated', async (t) => {
  const hash = await new Passwords(complete()).hash('correct horse', 'a');
  for (const options of [{ hashMemory: 8_192 }, { hashPasses: 2 }, { hashParallelism: 2 }]) {
    const passwords = new Passwords(complete(options));
    t.ok(await passwords.matches('correct horse', hash, 'a'));
    t.ok(passwords.isOutdated(hash));
    t.notOk(passwords.isOutdated(await passwords.hash('correct horse', 'a')));
  }
});

test('a damaged hash is an error that does not show it', async (t) => {
  const passwords = new Passwords(complete());
  t.throws(() => parseHash('$argon2id$secret'), { message: /^(?!.*secret)/ });
  await t.rejects(passwords.matches('correct horse', '$argon2id$secret', 'a'), { name: 'TypeError' });
});

test('so many are hashed at once as the option says; more wait in order, and then are refused', async (t) => {
  const { hash, refused, running, most } = held(t, { hashesAtOnce: 2, hashesWaiting: 4 });
  const ended: string[] = [];
  const hashing = ['a', 'b', 'c', 'd', 'e', 'f'].map((who) => hash(who).then(() => ended.push(who)));
  await refused('g', 'two run and four wait');
  while (running.length > 0) {
    running[0]?.();
    await new Promise(setImmediate);
  }
  await Promise.all(hashing);
  t.strictSame(ended, ['a', 'b', 'c', 'd', 'e', 'f']);
  t.equal(most(), 2);
  const last = hash('h');
  running[0]?.();
  await last;
});

test('nobody has more than half of the places to wait', async (t) => {
  const { hash, refused, running } = held(t, { hashesAtOnce: 1, hashesWaiting: 4 });
  const hashing = [hash('greedy'), hash('greedy'), hash('greedy')];
  await refused('greedy', 'one runs and two wait');
  hashing.push(hash('other'), hash('third'));
  await refused('fourth', 'all places are taken');
  while (running.length > 0) {
    running[0]?.();
    await new Promise(setImmediate);
  }
  await Promise.all(hashing);
});

test('a hash that fails makes room for the next one', async (t) => {
  let calls = 0;
  const passwords = new Passwords(complete({ hashesAtOnce: 1 }), async () => {
    calls += 1;
    throw new Error(`no memory ${calls}`);
  });
  const attempts = [1, 2, 3].map(() => passwords.hash('a password', 'a'));
  const results = await Promise.allSettled(attempts);
  t.match(results, [
    { reason: { message: 'no memory 1' } },
    { reason: { message: 'no memory 2' } },
    { reason: { message: 'no memory 3' } },
  ]);
});
