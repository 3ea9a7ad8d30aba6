/** Users of two hubs on one store: what happens on one holds on the other. */
import { type Test, test } from 'tap';
import type { Options } from '../../../plugins/users/options.ts';
import { connect } from '../../helpers/hub.ts';
import { SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { loggedErrors } from '../../helpers/start-with.ts';
import { whoAmI } from '../../helpers/who-am-i.ts';
import { bearer, from, identityWatcher, newUser, PASSWORD, post, startUsers } from './helpers.ts';

const CHANGE = { old_password: PASSWORD, new_password: 'another battery' };

async function twoHubs(t: Test, options: Partial<Options> = {}) {
  const network = new SharedNetwork();
  const store = await sharedStore();
  const identity = { secret: 'a secret of at least 32 characters' };
  const start = async () => {
    const broker = network.join();
    const { plugin: watching, changes } = identityWatcher();
    const plugins = [whoAmI(), watching, store.plugin];
    // Nothing is found by looking from time to time.
    const hub = await startUsers(t, { endedTokensMs: 60_000, ...options }, { broker, identity, plugins });
    const user = async (token: string) => {
      const client = await connect(t, hub, '/who', { headers: bearer(token) });
      client.send({ type: 'WHO' });
      const { user } = await client.next();
      return { client, user };
    };
    return { hub, broker, changes, user };
  };
  return { network, store: store.open(), hubs: [await start(), await start()] as const };
}

test('a changed password ends the open connections of the user on all hubs, and of nobody else', async (t) => {
  const [here, there] = (await twoHubs(t)).hubs;
  const [ann, bob] = [await newUser(here.hub), await newUser(here.hub)];
  const { client: ofAnn } = await there.user(ann.token);
  const { client: ofBob } = await there.user(bob.token);
  await post(here.hub, 'change_password', CHANGE, bearer(ann.token));
  t.match(await there.changes.next(), { before: { user: ann.id } });
  for (const [client, user] of [
    [ofAnn, undefined],
    [ofBob, bob.id],
  ] as const) {
    client.send({ type: 'WHO' });
    t.equal((await client.next()).user, user);
  }
  for (const { hub } of [here, there]) t.strictSame(loggedErrors(hub), []);
});

test('logging out ends the one token on all hubs', async (t) => {
  const [here, there] = (await twoHubs(t)).hubs;
  const ann = await newUser(here.hub);
  const other = (await post(there.hub, 'login', { email: ann.email, password: PASSWORD })).body.token;
  const { client } = await there.user(other);
  await there.user(ann.token);
  const { status, body } = await post(here.hub, 'logout', {}, bearer(ann.token));
  t.strictSame([status, body], [200, { message: 'Successfully Logged Out!' }]);
  t.match(await there.changes.next(), { before: { user: ann.id, claims: { jti: String } } });
  client.send({ type: 'WHO' });
  t.equal((await client.next()).user, ann.id, 'another login of the same user goes on');
  for (const { hub } of [here, there]) {
    const answer = await fetch(`${hub.origin}/who`, { headers: bearer(ann.token) });
    t.equal(answer.status, 401);
  }
  t.equal((await post(here.hub, 'logout', {}, bearer(ann.token))).status, 401, 'it cannot be used again');
});

test('a hub that did not hear of it looks again, though what it missed is forgotten', async (t) => {
  const { hubs, store } = await twoHubs(t);
  const [here, there] = hubs;
  const [ann, bob] = [await newUser(here.hub), await newUser(here.hub)];
  const { client } = await there.user(ann.token);
  there.broker.cut();
  await post(here.hub, 'change_password', CHANGE, bearer(ann.token));
  client.send({ type: 'WHO' });
  t.equal((await client.next()).user, ann.id, 'it does not know yet');
  await post(here.hub, 'logout', {}, bearer(bob.token));
  // As if 10,000 others had followed.
  await store.log('users/ended-tokens').trim('ended', 2);
  there.broker.restore();
  t.match(await there.changes.next(), { before: { user: ann.id } });
});

test('failed logins count on all hubs, and so do the addresses an owner logged in from', async (t) => {
  const { hubs, network } = await twoHubs(t, { failuresPerAccount: 2, failuresPerAddress: 3 });
  const [here, there] = hubs;
  const { email } = await newUser(here.hub);
  const login = async ({ hub }: typeof here, address: string, password = 'wrong') => {
    const answer = await post(hub, 'login', { email, password }, from(address));
    await network.settled();
    return answer.status;
  };
  t.equal(await login(here, '10.0.0.1', PASSWORD), 200);
  t.equal(await login(here, '10.6.6.6'), 400);
  t.equal(await login(there, '10.6.6.7'), 400);
  for (const hub of hubs) t.equal(await login(hub, '10.6.6.8', PASSWORD), 429, 'strangers are locked out');
  t.equal(await login(there, '10.0.0.1', PASSWORD), 200, 'the owner is not, on any hub');

  const attempt = ({ hub }: typeof here) =>
    post(hub, 'login', { email: 'nobody@example.org', password: 'wrong' }, from('10.6.6.6'));
  t.equal((await attempt(there)).status, 400);
  t.equal((await attempt(here)).status, 400);
  await network.settled();
  for (const hub of hubs) t.equal((await attempt(hub)).status, 429, 'three failures of an address, on both');
});

test('registrations of an address count on all hubs', async (t) => {
  const { hubs, network } = await twoHubs(t, { registrationsPerAddress: 2 });
  const register = async ({ hub }: (typeof hubs)[0], email: string, address = '10.6.6.6') => {
    const answer = await post(hub, 'register', { email, password: PASSWORD }, from(address));
    await network.settled();
    return answer.status;
  };
  const [here, there] = hubs;
  t.equal(await register(here, 'a@example.org'), 201);
  t.equal(await register(there, 'b@example.org'), 201);
  for (const hub of hubs) t.equal(await register(hub, 'c@example.org'), 429);
  t.equal(await register(here, 'c@example.org', '10.0.0.1'), 201, 'another address may');
});
