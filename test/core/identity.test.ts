import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { test } from 'tap';
import { connect, startHub } from '../helpers/hub.ts';
import { refusedUpgrade } from '../helpers/refused-upgrade.ts';
import { loggedErrors } from '../helpers/start-with.ts';
import { whoAmI } from '../helpers/who-am-i.ts';

const secret = 'a secret of at least 32 characters';
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const sign = (claims: JWTPayload, key = secret) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key));
const now = () => Math.floor(Date.now() / 1000);

/** Tokens that must not be accepted, with what is said of them. */
async function badTokens(): Promise<[string, string, RegExp][]> {
  const [head = '', body = '', signature = ''] = (await sign({ sub: 'ann' })).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const rs256 = Buffer.from('{"alg":"RS256"}').toString('base64url');
  const admin = Buffer.from('{"sub":"admin"}').toString('base64url');
  return [
    ['empty', '', /^the token is empty, or was not given as a Bearer token$/],
    ['no token', 'abc', /^the token is not valid: Invalid/],
    ['signed with another secret', await sign({ sub: 'ann' }, randomBytes(32).toString('hex')), /signature/],
    ['unsigned', `${none}.${body}.`, /not valid: "alg"/],
    ['of another algorithm', `${rs256}.${body}.${signature}`, /not valid: "alg"/],
    ['altered', `${head}.${admin}.${signature}`, /signature/],
    ['cut', `${head}.${body}`, /^the token is not valid/],
    ['without a user', await sign({ name: 'ann' }), /it has no "sub"/],
    ['with an empty user', await sign({ sub: '' }), /it has no "sub"/],
    ['not valid yet', await sign({ sub: 'ann', nbf: now() + 60 }), /"nbf"/],
    ['expired', await sign({ sub: 'ann', exp: now() - 60 }), /^the token has expired$/],
  ];
}

test('a token in the Authorization header identifies the connection', async (t) => {
  const hub = await startHub(t, { identity: { secret }, plugins: [whoAmI()] });
  const token = await hub.identity.sign('ann', { roles: ['editor'] });
  const client = await connect(t, hub, '/who', bearer(token));
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' });
  const anonymous = await connect(t, hub, '/who');
  anonymous.send({ type: 'WHO' });
  t.notOk('user' in (await anonymous.next()), 'without one it is anonymous');
});

test('a token in the query is read only where the endpoint allows it', async (t) => {
  const hub = await startHub(t, {
    plugins: [whoAmI({ tokenInQuery: true }, '/open'), whoAmI({}, '/strict')],
  });
  const token = await hub.identity.sign('ann');
  const open = await connect(t, hub, `/open?a=1&token=${token}`);
  open.send({ type: 'WHO' });
  t.match(await open.next(), { user: 'ann' });
  const strict = await connect(t, hub, `/strict?token=${token}`);
  strict.send({ type: 'WHO' });
  t.notOk('user' in (await strict.next()));
  t.match(await refusedUpgrade(t, hub, '/open?token=abc'), { status: 401 });
});

test('a token in a message identifies the connection from then on', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI()] });
  const client = await connect(t, hub, '/who');
  client.send({ type: 'IDENTIFY', token: await hub.identity.sign('ann') });
  t.match(await client.next(), { type: 'I_AM', user: 'ann' });
  client.send({ type: 'IDENTIFY', token: `Bearer ${await hub.identity.sign('bob')}` });
  t.match(await client.next(), { type: 'I_AM', user: 'bob' }, 'also with the word a header would have');
  client.send({ type: 'FORGET' });
  t.notOk('user' in (await client.next()));
});

test('tokens that are not valid are refused at the upgrade, in a message and in a request', async (t) => {
  const hub = await startHub(t, { identity: { secret }, plugins: [whoAmI()] });
  const client = await connect(t, hub, '/who', bearer(await hub.identity.sign('ann')));
  for (const [what, token, message] of await badTokens()) {
    const code = what === 'expired' ? 'token_expired' : 'unauthorized';
    const upgrade = await refusedUpgrade(t, hub, '/who', { authorization: `Bearer ${token}` });
    t.match(upgrade, { status: 401, text: message }, `${what}: upgrade`);
    client.send({ type: 'IDENTIFY', token });
    t.match(await client.next(), { error: { code, message, ref: 'IDENTIFY' } }, `${what}: message`);
    const answer = await fetch(`${hub.origin}/who`, bearer(token));
    t.equal(answer.status, 401, `${what}: request`);
    t.match(await answer.json(), { error: { code, message } });
  }
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' }, 'the identity it had stays');
  t.match(await refusedUpgrade(t, hub, '/who', { authorization: 'Basic YTpi' }), { status: 401 });
  t.strictSame(loggedErrors(hub), [], 'none of it is an error of the hub');
});

test('the identity of an HTTP request comes from its Authorization header', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI()] });
  const token = await hub.identity.sign('ann', { team: 7 });
  t.match(await (await fetch(`${hub.origin}/who`, bearer(token))).json(), {
    user: 'ann',
    claims: { sub: 'ann', team: 7 },
  });
  t.strictSame(await (await fetch(`${hub.origin}/who`)).json(), { anonymous: true });
});

test('an endpoint that requires a token refuses the upgrade without one', async (t) => {
  const hub = await startHub(t, { plugins: [whoAmI({ auth: 'required' })] });
  t.match(await refusedUpgrade(t, hub, '/who'), { status: 401, text: '/who needs a token' });
  const client = await connect(t, hub, '/who', bearer(await hub.identity.sign('ann')));
  client.send({ type: 'WHO' });
  t.match(await client.next(), { user: 'ann' });
});

test('an endpoint that takes the token in a message closes those that send none', async (t) => {
  const auth = { auth: 'message', limits: { authenticationMs: 50 } } as const;
  const hub = await startHub(t, { plugins: [whoAmI(auth)] });
  const expected = { code: 4501, reason: 'not authenticated' };
  const silent = await connect(t, hub, '/who');
  const wrong = await connect(t, hub, '/who');
  wrong.send({ type: 'IDENTIFY', token: 'abc' });
  const atOnce = await connect(t, hub, '/who', bearer(await hub.identity.sign('ann')));
  const identified = await connect(t, hub, '/who');
  identified.send({ type: 'IDENTIFY', token: await hub.identity.sign('ann') });
  t.strictSame(await silent.closed, expected);
  t.strictSame(await wrong.closed, expected);
  for (const client of [atOnce, identified]) {
    client.send({ type: 'WHO' });
    t.match(await client.next('I_AM'), { user: 'ann' });
  }
  identified.send({ type: 'FORGET' });
  t.strictSame(
    await identified.closed,
    expected,
    'who gives the identity up has the same time for a new one',
  );
});

test('an Ed25519 key signs and verifies', async (t) => {
  const pem = () =>
    String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const hub = await startHub(t, { identity: { secret: pem() }, plugins: [whoAmI()] });
  const other = await startHub(t, { identity: { secret: pem() } });
  const who = async (token: string) => (await fetch(`${hub.origin}/who`, bearer(token))).json();
  t.match(await who(await hub.identity.sign('ann')), { user: 'ann' });
  t.match(await who(await other.identity.sign('ann')), { error: { code: 'unauthorized' } });
  t.match(await who(await sign({ sub: 'ann' }, secret)), { error: { code: 'unauthorized' } });
});

test('a signed token lasts as long as it was told to', async (t) => {
  const hub = await startHub(t, { plugins: [] });
  const { expiresAt = 0 } = await hub.identity.verify(await hub.identity.sign('ann', {}, 60));
  t.ok(Math.abs(expiresAt - Date.now() - 60_000) < 30_000);
  t.equal((await hub.identity.verify(await hub.identity.sign('ann'))).expiresAt, undefined);
});
