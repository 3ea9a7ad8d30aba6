import { test } from 'tap';
import type { Received } from '../../helpers/hub.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { PASSWORD, post, startUsers } from './helpers.ts';

const email = 'ann@example.org';
const ann = { email, password: PASSWORD };

test('who registers can log in, and gets a token and the fields back', async (t) => {
  const hub = await startUsers(t);
  const fields = { name: 'Ann', age: 41, tags: ['a', { b: null }], address: { city: 'Boston' } };
  const registered = await post(hub, 'register', { ...ann, ...fields });
  t.equal(registered.status, 201);
  t.strictSame(registered.body, { message: 'Successfully Registered!' });
  const { status, body, headers } = await post(hub, 'login', ann);
  t.equal(status, 200);
  t.strictSame(Object.keys(body).sort(), ['token', 'user']);
  const { id, root_id, ...rest } = body.user;
  t.match(id, /^[0-9a-f]{24}$/);
  t.equal(root_id, id, 'the root has the id of its user, without the "n::"');
  t.strictSame(rest, { email, ...fields });
  t.equal(headers.get('cache-control'), 'no-store');
  const { user, claims, expiresAt = 0 } = await hub.identity.verify(body.token);
  t.equal(user, id);
  t.match(claims, { email, root_id: `n::${id}`, roles: [], tv: 1 });
  t.equal(Object.hasOwn(claims, 'name'), false, 'what users say of themselves is not in the token');
  t.equal(expiresAt, (Number(claims.iat) + 43_200) * 1000);
});

test('an e-mail address is registered once, however it is written', async (t) => {
  const hub = await startUsers(t);
  t.equal((await post(hub, 'register', { email: ' Zo\u00eb@Example.org ', password: PASSWORD })).status, 201);
  for (const same of [
    'zo\u00eb@example.org',
    'ZO\u00cb@EXAMPLE.ORG',
    'zoe\u0308@example.org',
    '\tzo\u00eb@example.org\n',
  ]) {
    const again = await post(hub, 'register', { email: same, password: PASSWORD });
    t.equal(again.status, 409, JSON.stringify(same));
    t.strictSame(again.body, { detail: 'this email address is registered already' });
    const { status, body } = await post(hub, 'login', { email: same, password: PASSWORD });
    t.equal(status, 200, JSON.stringify(same));
    t.equal(body.user.email, 'Zo\u00eb@Example.org', 'shown as it was given');
  }
  t.equal((await post(hub, 'register', { email: 'zoe@example.org', password: PASSWORD })).status, 201);
});

test('of many registrations of one address at once, one succeeds', async (t) => {
  const hub = await startUsers(t);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => post(hub, 'register', { email, password: `${PASSWORD} ${i}` })),
  );
  const made = answers.flatMap(({ status }, i) => (status === 201 ? [i] : []));
  t.equal(made.length, 1);
  t.ok(answers.every(({ status }) => status === 201 || status === 409));
  t.equal((await post(hub, 'login', { email, password: `${PASSWORD} ${made[0]}` })).status, 200);
});

test('a wrong password and an unknown address get the same answer', async (t) => {
  const hub = await startUsers(t);
  await post(hub, 'register', ann);
  const wrong = await post(hub, 'login', { email, password: 'wrong' });
  t.equal(wrong.status, 400);
  t.strictSame(wrong.body, { detail: 'Invalid Email/Password!' });
  for (const unknown of ['bob@example.org', 'no address', '', '\ud800', '__proto__', 'a'.repeat(254)]) {
    const { status, body } = await post(hub, 'login', { email: unknown, password: PASSWORD });
    t.strictSame({ status, body }, { status: 400, body: wrong.body }, JSON.stringify(unknown));
  }
  t.strictSame(loggedErrors(hub), []);
});

test('what is wrong with a body is told by place, reason and type', async (t) => {
  const hub = await startUsers(t);
  const invalid = (loc: string[], msg: string | RegExp, type: string) => ({
    detail: [{ loc: ['body', ...loc], msg, type }],
  });
  const missing = (field: string) => invalid([field], 'Field required', 'missing');
  const wrongEmail = invalid(['email'], 'value is not a valid email address', 'value_error');
  const cases: [string, unknown, object][] = [
    ['no e-mail', { password: PASSWORD }, missing('email')],
    ['no password', { email }, missing('password')],
    [
      'a number as e-mail',
      { ...ann, email: 7 },
      invalid(['email'], 'Input should be a valid string', 'string_type'),
    ],
    [
      'no text as password',
      { ...ann, password: null },
      invalid(['password'], 'Input should be a valid string', 'string_type'),
    ],
    ['no @', { ...ann, email: 'ann' }, wrongEmail],
    ['two @', { ...ann, email: 'ann@a@b' }, wrongEmail],
    ['a space', { ...ann, email: 'ann b@example.org' }, wrongEmail],
    ['nothing before the @', { ...ann, email: '@example.org' }, wrongEmail],
    ['a character nobody sees', { ...ann, email: 'ann\u200b@example.org' }, wrongEmail],
    ['half a character', { ...ann, email: 'ann\ud800@example.org' }, wrongEmail],
    ['a NUL', { ...ann, email: 'ann\0@example.org' }, wrongEmail],
    [
      'a long e-mail',
      { ...ann, email: `${'a'.repeat(254)}@b` },
      invalid(['email'], /254 characters/, 'string_too_long'),
    ],
    [
      'a short password',
      { ...ann, password: '1234567' },
      invalid(['password'], /8 characters/, 'string_too_short'),
    ],
    [
      'seven characters of 14 units',
      { ...ann, password: '😀'.repeat(7) },
      invalid(['password'], /8 char/, 'string_too_short'),
    ],
    [
      'a long password',
      { ...ann, password: 'é'.repeat(129) },
      invalid(['password'], /256 bytes/, 'string_too_long'),
    ],
    ['a list', [ann], invalid([], 'Input should be a valid object', 'model_attributes_type')],
    ['null', 'null', invalid([], 'Input should be a valid object', 'model_attributes_type')],
    ['no JSON', '{', invalid([], /JSON/, 'json_invalid')],
    ['nothing', '', invalid([], /empty/, 'json_invalid')],
    [
      '__proto__',
      '{"email":"a@b","password":"12345678","__proto__":{}}',
      invalid([], /not valid JSON/, 'json_invalid'),
    ],
  ];
  for (const [what, body, expected] of cases) {
    const answer = await post(hub, 'register', body);
    t.equal(answer.status, 422, what);
    t.match(answer.body, expected, what);
    t.equal(answer.body.detail.length, 1, what);
  }
  t.match((await post(hub, 'login', {})).body, missing('email'));
  t.match((await post(hub, 'change_password', { old_password: 'x' })).body, missing('new_password'));
  const empty = await fetch(`${hub.origin}/user/login`, { method: 'POST' });
  t.equal(empty.status, 422);
  t.strictSame(await empty.json(), invalid([], 'Field required', 'missing'));
  const text = await fetch(`${hub.origin}/user/login`, {
    method: 'POST',
    body: '<a/>',
    headers: { 'content-type': 'text/xml' },
  });
  t.equal(text.status, 415);
  t.match(await text.json(), { detail: /Unsupported Media Type/ });
  t.strictSame(loggedErrors(hub), []);
});

test('256 bytes are not too long for a password', async (t) => {
  const hub = await startUsers(t);
  const long = { email, password: 'é'.repeat(128) };
  t.equal((await post(hub, 'register', long)).status, 201);
  t.equal((await post(hub, 'login', long)).status, 200);
  t.equal((await post(hub, 'login', { email, password: `${long.password}x` })).status, 400);
});

test('further fields cannot make somebody more than a user', async (t) => {
  const hub = await startUsers(t);
  for (const name of [
    ...[
      'id',
      '_id',
      'root_id',
      'rootId',
      'Email',
      'roles',
      'ROLE',
      'admin',
      'is_admin',
      'isAdmin',
      'is-admin',
    ],
    ...['token', 'tv', 'tokenVersion', 'permissions', 'is_activated', 'PASSWORD', 'constructor', 'prototype'],
  ]) {
    const { status, body } = await post(hub, 'register', { ...ann, [name]: 'admin' });
    t.equal(status, 422, name);
    t.strictSame(body, {
      detail: [{ loc: ['body', name], msg: 'this field may not be set', type: 'extra_forbidden' }],
    });
  }
  t.equal((await post(hub, 'login', ann)).status, 400, 'no account was made');
});

test('further fields are bounded in number, length of name and bytes', async (t) => {
  const hub = await startUsers(t, { fieldBytes: 300 });
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 1]));
  const deep = `{"email":"${email}","password":"${PASSWORD}","a":${'['.repeat(8_000)}${']'.repeat(8_000)}}`;
  const cases: [unknown, object][] = [
    [
      { ...ann, ...many },
      { loc: ['body', 'f32'], msg: /at most 32/ },
    ],
    [
      { ...ann, ['n'.repeat(65)]: 1 },
      { loc: ['body', 'n'.repeat(64)], msg: /64 characters/ },
    ],
    [
      { ...ann, a: 1, bio: 'é'.repeat(150), c: 2 },
      { loc: ['body', 'bio'], msg: /at most 300 bytes as JSON, found 32/ },
    ],
    [deep, { loc: ['body', 'a'], msg: /16 levels/ }],
  ];
  for (const [body, detail] of cases) {
    const answer = await post(hub, 'register', body);
    t.equal(answer.status, 422);
    t.match(answer.body.detail, [detail]);
  }
  const large = await post(hub, 'register', { ...ann, bio: 'x'.repeat(20_000) });
  t.equal(large.status, 413);
  t.match(large.body, { detail: /too large/ });
  t.equal((await post(hub, 'register', { ...ann, bio: 'x'.repeat(280) })).status, 201);
  t.equal((await post(hub, 'register', { email: 'b@example.org', password: PASSWORD })).status, 201);
});

test('no further fields may be given where the option says so', async (t) => {
  const hub = await startUsers(t, { fieldBytes: 0 });
  t.equal((await post(hub, 'register', { ...ann, a: 1 })).status, 422);
  t.equal((await post(hub, 'register', ann)).status, 201);
});

test('registration can be switched off', async (t) => {
  const hub = await startUsers(t, { registration: false });
  const { status, body } = await post(hub, 'register', ann);
  t.equal(status, 403);
  t.strictSame(body, { detail: 'registration is switched off' });
});

test('there are no more accounts than the option allows', async (t) => {
  const hub = await startUsers(t, { accounts: 2 });
  const register = (name: string) =>
    post(hub, 'register', { email: `${name}@example.org`, password: PASSWORD });
  t.equal((await register('a')).status, 201);
  t.equal((await register('a')).status, 409, 'one that was refused takes no place');
  const answers = await Promise.all(['b', 'c', 'd'].map(register));
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 403, 403]);
  t.match(answers.find(({ status }) => status === 403)?.body, {
    detail: 'there are 2 accounts, which is the limit',
  });
});

test('the shortest password is an option', async (t) => {
  const hub = await startUsers(t, { passwordLength: 12 });
  const { body } = await post(hub, 'register', { email, password: 'elevenchars' });
  t.match(body.detail, [{ loc: ['body', 'password'], msg: /12 characters/ }]);
});

test('passwords, hashes and tokens are in no line of the log', async (t) => {
  const hub = await startUsers(t);
  await post(hub, 'register', ann);
  const { body } = await post(hub, 'login', ann);
  await post(hub, 'login', { email, password: 'not the password' });
  await post(hub, 'register', { email: PASSWORD, password: 'short' });
  const next = { old_password: PASSWORD, new_password: `${PASSWORD} too` };
  const changed = await post(hub, 'change_password', next, { authorization: `Bearer ${body.token}` });
  t.equal(changed.status, 200);
  const log = JSON.stringify(hub.logged);
  t.match(log, body.user.id, 'it says who registered');
  for (const secret of [PASSWORD, 'not the password', 'argon2id', body.token, email])
    t.notOk(log.includes(secret));
});

test('the routes are in the OpenAPI document with their bodies and answers', async (t) => {
  const hub = await startUsers(t);
  const { paths }: Received = await (await fetch(`${hub.origin}/openapi.json`)).json();
  for (const [route, fields, codes] of [
    ['register', ['email', 'password'], ['201', '403', '409', '422', '429', '503']],
    ['login', ['email', 'password'], ['200', '400', '422', '429', '503']],
    ['change_password', ['old_password', 'new_password'], ['200', '400', '401', '422', '429', '503']],
  ] as const) {
    const { requestBody, responses } = paths[`/user/${route}`].post;
    t.strictSame(Object.keys(requestBody.content['application/json'].schema.properties), fields);
    t.strictSame(Object.keys(responses), codes);
  }
});
