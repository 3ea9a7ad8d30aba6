import { test } from 'tap';
import { bearer, from, newUser, PASSWORD, post, startUsers } from './helpers.ts';

const wrong = (email: string) => ({ email, password: 'wrong' });

test('failed logins to an account are throttled, for known and unknown ones alike', async (t) => {
  const hub = await startUsers(t, { failuresPerAccount: 3, failureSeconds: 600 });
  await post(hub, 'register', { email: 'ann@example.org', password: PASSWORD }, from('10.0.0.1'));
  for (const email of ['ann@example.org', 'nobody@example.org']) {
    for (let i = 0; i < 3; i++) {
      // However the address is written, it is one account.
      const spelt = i === 1 ? ` ${email.toUpperCase()}` : email;
      t.equal((await post(hub, 'login', wrong(spelt), from(`10.6.6.${i}`))).status, 400);
    }
    const right = { email, password: PASSWORD };
    const { status, body, headers } = await post(hub, 'login', right, from('10.6.6.9'));
    t.equal(status, 429, 'even the right password is not looked at');
    t.match(body, { detail: /^too many failed logins: try again in \d+ s$/ });
    const wait = Number(headers.get('retry-after'));
    t.ok(wait > 590 && wait <= 600, 'it says when to come again');
  }
  t.equal(hub.logged.filter(({ msg }) => /too many/.test(String(msg))).length, 2);
  t.notMatch(JSON.stringify(hub.logged), /example\.org/);
});

test('an address somebody logged in from is not locked out by strangers', async (t) => {
  const hub = await startUsers(t, { failuresPerAccount: 2 });
  const ann = { email: 'ann@example.org', password: PASSWORD };
  await post(hub, 'register', ann, from('10.0.0.1'));
  t.equal((await post(hub, 'login', ann, from('10.0.0.1'))).status, 200);
  for (let i = 0; i < 2; i++) await post(hub, 'login', wrong(ann.email), from('10.6.6.6'));
  t.equal((await post(hub, 'login', ann, from('10.0.0.2'))).status, 429);
  t.equal((await post(hub, 'login', ann, from('10.0.0.1'))).status, 200);
});

test('failed logins from an address are throttled, whatever the account', async (t) => {
  const hub = await startUsers(t, { failuresPerAddress: 3 });
  const { email } = await newUser(hub);
  for (let i = 0; i < 3; i++)
    t.equal((await post(hub, 'login', wrong(`${i}@b`), from('10.6.6.6'))).status, 400);
  t.equal((await post(hub, 'login', { email, password: PASSWORD }, from('10.6.6.6'))).status, 429);
  t.equal((await post(hub, 'login', { email, password: PASSWORD }, from('10.0.0.1'))).status, 200);
});

test('of many wrong logins at once no more than the limit are looked at', async (t) => {
  const hub = await startUsers(t, { failuresPerAccount: 5 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(hub, 'login', wrong('ann@b'))));
  t.equal(answers.filter(({ status }) => status === 400).length, 5);
  t.equal(answers.filter(({ status }) => status === 429).length, 15);
});

test('logins that succeed count for nothing', async (t) => {
  const hub = await startUsers(t, { failuresPerAccount: 1, failuresPerAddress: 1 });
  const { email } = await newUser(hub);
  for (let i = 0; i < 5; i++) t.equal((await post(hub, 'login', { email, password: PASSWORD })).status, 200);
});

test('whoever holds a token cannot try out old passwords without end', async (t) => {
  const hub = await startUsers(t, { failuresPerAccount: 2 });
  const { token } = await newUser(hub);
  const guess = { old_password: 'wrong', new_password: 'another battery' };
  for (let i = 0; i < 2; i++) {
    t.equal((await post(hub, 'change_password', guess, bearer(token))).status, 400);
  }
  const right = { ...guess, old_password: PASSWORD };
  t.equal((await post(hub, 'change_password', right, bearer(token))).status, 429);
});

test('registering is throttled per address; what is not valid does not count', async (t) => {
  const hub = await startUsers(t, { registrationsPerAddress: 2 });
  const register = (email: string, password: string, address: string) =>
    post(hub, 'register', { email, password }, from(address));
  for (let i = 0; i < 5; i++) t.equal((await register('a@b', 'short', '10.0.0.1')).status, 422);
  t.equal((await register('a@b', PASSWORD, '10.0.0.1')).status, 201);
  t.equal(
    (await register('a@b', PASSWORD, '10.0.0.1')).status,
    409,
    'which addresses are taken cannot be asked at will',
  );
  const { status, body, headers } = await register('c@d', PASSWORD, '10.0.0.1');
  t.equal(status, 429);
  t.match(body, { detail: /^too many registrations: try again in \d+ s$/ });
  t.match(Number(headers.get('retry-after')), 3_600);
  t.equal((await register('c@d', PASSWORD, '10.0.0.2')).status, 201);
});

test('when too many passwords wait to be hashed, more are refused at once', async (t) => {
  const hub = await startUsers(t, {
    hashesAtOnce: 1,
    hashesWaiting: 2,
    hashPasses: 20,
    failuresPerAccount: 1,
  });
  const logins = Array.from({ length: 12 }, (_, i) =>
    post(hub, 'login', wrong(`${i}@b`), from(`10.0.0.${i}`)),
  );
  const answers = await Promise.all(logins);
  const busy = answers.filter(({ status }) => status === 503);
  t.ok(busy.length > 0 && busy.length < 12);
  t.ok(answers.every(({ status }) => status === 400 || status === 503));
  t.match(busy[0]?.body, { detail: 'too many passwords are being checked: try again in 1 s' });
  t.equal(busy[0]?.headers.get('retry-after'), '1');
  for (const [i, { status }] of answers.entries()) {
    const again = await post(hub, 'login', wrong(`${i}@b`));
    t.equal(
      again.status,
      status === 503 ? 400 : 429,
      'later ones are served, and what was refused did not count',
    );
  }
});
