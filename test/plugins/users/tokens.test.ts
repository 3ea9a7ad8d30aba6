import { test } from 'tap';
import type { Account } from '../../../plugins/users/accounts.ts';
import { isLoggedOut, withoutToken } from '../../../plugins/users/ended-tokens.ts';
import { connect } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { refusedUpgrade } from '../../helpers/refused-upgrade.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { whoAmI } from '../../helpers/who-am-i.ts';
import { bearer, identityWatcher, newUser, PASSWORD, post, startUsers } from './helpers.ts';

const change = { old_password: PASSWORD, new_password: 'another battery' };

test('the token of a login identifies connections and requests', async (t) => {
  const hub = await startUsers(t, {}, { plugins: [whoAmI()] });
  const { id, email, token } = await newUser(hub);
  const client = await connect(t, hub, '/who', { headers: bearer(token) });
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: id });
  const answer = await fetch(`${hub.origin}/who`, { headers: bearer(token) });
  t.match(await answer.json(), { user: id, claims: { email, root_id: `n::${id}` } });
});

test('a changed password is the only one that works', async (t) => {
  const hub = await startUsers(t);
  const { email, token } = await newUser(hub);
  const { status, body } = await post(hub, 'change_password', change, bearer(token));
  t.equal(status, 200);
  t.strictSame(body, { message: 'Successfully Updated!' });
  t.equal((await post(hub, 'login', { email, password: PASSWORD })).status, 400);
  t.equal((await post(hub, 'login', { email, password: change.new_password })).status, 200);
});

test('a password is changed with a token and the old password only', async (t) => {
  const hub = await startUsers(t);
  const { token } = await newUser(hub);
  const unknown = await hub.identity.sign('somebody else');
  for (const [what, headers, expected] of [
    ['no token', {}, /^a valid token of a registered user is needed$/],
    ['no Bearer token', { authorization: 'Basic YTpi' }, /^the token is empty/],
    ['a token that is none', bearer('abc'), /^the token is not valid/],
    ['a token of nobody registered', bearer(unknown), /^a valid token of a registered user is needed$/],
  ] as const) {
    const { status, body } = await post(hub, 'change_password', change, headers);
    t.equal(status, 401, what);
    t.match(body, { detail: expected }, what);
  }
  const wrong = await post(hub, 'change_password', { ...change, old_password: 'wrong' }, bearer(token));
  t.equal(wrong.status, 400);
  t.strictSame(wrong.body, { detail: 'Invalid Password!' });
  const short = await post(hub, 'change_password', { ...change, new_password: 'short' }, bearer(token));
  t.equal(short.status, 422);
  t.match(short.body.detail, [{ loc: ['body', 'new_password'], type: 'string_too_short' }]);
  t.equal((await post(hub, 'change_password', change, bearer(token))).status, 200, 'the token is still good');
});

test('of two changes of a password at once, one succeeds', async (t) => {
  const hub = await startUsers(t, { hashesAtOnce: 2 });
  const { email, token } = await newUser(hub);
  const passwords = ['the first one', 'the second one'];
  const answers = await Promise.all(
    passwords.map((password) =>
      post(hub, 'change_password', { ...change, new_password: password }, bearer(token)),
    ),
  );
  const [done, refused] = answers.map(({ status }) => status).sort();
  t.equal(done, 200);
  t.ok(refused === 400 || refused === 401, 'the old password, or already the token, is not good any more');
  for (const [i, password] of passwords.entries()) {
    const expected = answers[i]?.status === 200 ? 200 : 400;
    t.equal((await post(hub, 'login', { email, password })).status, expected);
  }
});

test('with the password all older tokens end, and open connections lose their identity', async (t) => {
  const { plugin: watching, changes } = identityWatcher();
  const hub = await startUsers(t, { endedTokensMs: 60_000 }, { plugins: [whoAmI(), watching] });
  const user = await newUser(hub);
  const other = await newUser(hub);
  const second = (await post(hub, 'login', { email: user.email, password: PASSWORD })).body.token;
  const clients = [];
  for (const token of [user.token, second, other.token]) {
    clients.push(await connect(t, hub, '/who', { headers: bearer(token) }));
  }
  await post(hub, 'change_password', change, bearer(user.token));
  for (let i = 0; i < 2; i++) t.match(await changes.next(), { before: { user: user.id } });
  const users = [];
  for (const client of clients) {
    client.send({ type: 'WHO' });
    users.push((await client.next()).user);
  }
  t.strictSame(users, [undefined, undefined, other.id]);
  for (const token of [user.token, second]) {
    t.match(await refusedUpgrade(t, hub, '/who', bearer(token)), {
      status: 401,
      text: 'the token was ended',
    });
    t.equal((await fetch(`${hub.origin}/who`, { headers: bearer(token) })).status, 401);
  }
  const [client] = clients;
  client?.send({ type: 'IDENTIFY', token: second });
  t.match(await client?.next(), { error: { code: 'unauthorized', message: 'the token was ended' } });
  const fresh = await post(hub, 'login', { email: user.email, password: change.new_password });
  client?.send({ type: 'IDENTIFY', token: fresh.body.token });
  t.match(await client?.next(), { user: user.id }, 'a new login is welcome on the same connection');
  t.strictSame(loggedErrors(hub), []);
});

test('tokens that the plugin did not sign are left alone', async (t) => {
  const hub = await startUsers(t, {}, { plugins: [whoAmI()] });
  const { id, token } = await newUser(hub);
  const foreign = [
    await hub.identity.sign('a module', { role: 'operator' }),
    await hub.identity.sign(id),
    await hub.identity.sign(id, { tv: 7 }),
    await hub.identity.sign('a module', { tv: 7, root_id: `n::${id}` }),
  ];
  const connected = [];
  for (const token of foreign) {
    connected.push({ token, client: await connect(t, hub, '/who', { headers: bearer(token) }) });
  }
  await post(hub, 'change_password', change, bearer(token));
  for (const { token, client } of connected) {
    client.send({ type: 'WHO' });
    t.type((await client.next()).user, 'string', 'its connection stays identified');
    t.equal((await fetch(`${hub.origin}/who`, { headers: bearer(token) })).status, 200);
  }
});

test('a token of an account that is not in the store is refused', async (t) => {
  const identity = { secret: 'a secret of at least 32 characters' };
  const { token } = await newUser(await startUsers(t, {}, { identity }));
  const other = await startUsers(t, {}, { identity, plugins: [whoAmI()] });
  t.equal((await fetch(`${other.origin}/who`, { headers: bearer(token) })).status, 401);
});

test('tokens that end while a connection opens do not stay on it', async (t) => {
  const { plugin: watching, changes } = identityWatcher();
  const reached = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  // Sits between the check of the token and the opening of the connection.
  const slow = plugin('slow', (hub) => {
    hub.hooks.authenticate.tap(async ({ endpoint }) => {
      if (endpoint === undefined) return undefined;
      reached.resolve();
      await ended.promise;
      return undefined;
    });
  });
  const hub = await startUsers(t, { endedTokensMs: 60_000 }, { plugins: [slow, whoAmI(), watching] });
  const { id, token } = await newUser(hub);
  const connecting = connect(t, hub, '/who', { headers: bearer(token) });
  await reached.promise;
  t.equal((await post(hub, 'change_password', change, bearer(token))).status, 200);
  ended.resolve();
  const client = await connecting;
  t.match(await changes.next(), { before: { user: id } });
  client.send({ type: 'WHO' });
  t.equal((await client.next()).user, undefined);
});

test('only the token of a login can be logged out', async (t) => {
  const hub = await startUsers(t);
  const { id, token } = await newUser(hub);
  for (const other of ['ann', id]) {
    const { status } = await post(hub, 'logout', {}, bearer(await hub.identity.sign(other)));
    t.equal(status, 401);
  }
  t.equal((await post(hub, 'logout', {})).status, 401);
  t.equal((await post(hub, 'logout', {}, bearer(token))).status, 200);
});

test('an account remembers 100 tokens that were logged out until they expire; with one more, all end', async (t) => {
  const account: Account = {
    id: 'a'.repeat(24),
    email: 'ann@example.org',
    password: '',
    fields: {},
    roles: [],
    tokenVersion: 1,
    createdAt: 0,
  };
  const token = (jti: string | undefined, expiresAt: number) => ({
    user: account.id,
    claims: { tv: 1, root_id: `n::${account.id}`, jti },
    expiresAt,
  });
  const soon = Date.now() + 60_000;
  let after = withoutToken(account, token('expired', Date.now() - 3_600_000));
  for (let i = 0; i < 100; i++) after = withoutToken(after, token(`${i}`, soon));
  t.equal(after.tokenVersion, 1);
  t.ok(isLoggedOut(after, token('0', soon)));
  t.notOk(isLoggedOut(after, token('100', soon)));
  t.notOk(isLoggedOut(after, token('expired', 0)), 'it is refused for its age');
  const anew = withoutToken(after, token('100', soon));
  t.strictSame(anew, { ...account, tokenVersion: 2 });
  t.equal(
    withoutToken(account, token(undefined, soon)).tokenVersion,
    2,
    'a token without a name ends with all others',
  );
});
