import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Test, test } from 'tap';
import { openSqliteStore } from '../../../core/store/sqlite.ts';
import type { Account } from '../../../plugins/users/accounts.ts';
import { whoAmI } from '../../helpers/who-am-i.ts';
import { bearer, configured, newUser, PASSWORD, post, spawnHub, startUsers } from './helpers.ts';

/** The account as it is stored, while no hub runs. */
async function stored(data: string, id: string): Promise<Account | undefined> {
  const store = openSqliteStore({ folder: data });
  const account = await store.collection<Account>('users/accounts').get(id);
  await store.close();
  return account;
}

/** A hub in a process of its own. */
async function spawnedHub(t: Test, env: NodeJS.ProcessEnv) {
  const child = spawnHub(t, env, 'start');
  for await (const line of createInterface({ input: child.stdout })) {
    const [origin] = /http:\/\/\S+/.exec(line) ?? [];
    if (origin !== undefined) return { origin, child };
  }
  throw new Error('the hub did not start');
}

test('accounts and tokens outlive a restart, ended ones stay ended', async (t) => {
  const data = t.testdir({});
  const first = await startUsers(t, {}, { data });
  const ann = await newUser(first, 'ann@example.org');
  const bob = await newUser(first, 'bob@example.org');
  const next = { old_password: PASSWORD, new_password: 'another battery' };
  t.equal((await post(first, 'change_password', next, bearer(bob.token))).status, 200);
  await first.stop();
  const second = await startUsers(t, {}, { data, plugins: [whoAmI()] });
  const status = async (token: string) =>
    (await fetch(`${second.origin}/who`, { headers: bearer(token) })).status;
  t.equal(await status(ann.token), 200);
  t.equal(await status(bob.token), 401);
  const { body } = await post(second, 'login', { email: 'bob@example.org', password: 'another battery' });
  t.equal(body.user.id, bob.id);
  t.equal(await status(body.token), 200);
  t.equal((await post(second, 'register', { email: 'Ann@example.org', password: PASSWORD })).status, 409);
});

test('what was answered is there after kill -9, and no address is lost', async (t) => {
  const { data, env } = configured(t);
  const { origin, child } = await spawnedHub(t, env);
  const emails = Array.from({ length: 30 }, (_, i) => `user${i}@example.org`);
  const registered: string[] = [];
  const registering = emails.map(async (email) => {
    const answer = await post({ origin }, 'register', { email, password: PASSWORD }).catch(() => undefined);
    if (answer?.status !== 201) return;
    registered.push(email);
    // In the middle: others are being hashed and written.
    if (registered.length === 10) child.kill('SIGKILL');
  });
  await Promise.all([...registering, once(child, 'close')]);
  t.ok(registered.length >= 10);
  const hub = await startUsers(t, {}, { data });
  for (const email of emails) {
    const { status } = await post(hub, 'login', { email, password: PASSWORD });
    if (registered.includes(email)) t.equal(status, 200, email);
    else if (status === 400) {
      t.equal(
        (await post(hub, 'register', { email, password: PASSWORD })).status,
        201,
        `${email} can be had`,
      );
    }
  }
});

test('a hash made with other parameters is renewed at the next login', async (t) => {
  const data = t.testdir({});
  const first = await startUsers(t, { hashMemory: 7_168 }, { data });
  const { id, email, token } = await newUser(first);
  await first.stop();
  const before = await stored(data, id);
  const second = await startUsers(t, { hashMemory: 8_192 }, { data, plugins: [whoAmI()] });
  t.equal((await post(second, 'login', { email, password: 'wrong' })).status, 400);
  t.equal((await post(second, 'login', { email, password: PASSWORD })).status, 200);
  t.equal(
    (await fetch(`${second.origin}/who`, { headers: bearer(token) })).status,
    200,
    'older tokens stay valid',
  );
  await second.stop();
  const after = await stored(data, id);
  t.match(before?.password, /^\$argon2id\$v=19\$m=7168,t=1,p=1\$/);
  t.match(after?.password, /^\$argon2id\$v=19\$m=8192,t=1,p=1\$/);
  t.strictSame({ ...after, password: '' }, { ...before, password: '' }, 'nothing else changed');
  const third = await startUsers(t, { hashMemory: 8_192 }, { data });
  t.equal((await post(third, 'login', { email, password: PASSWORD })).status, 200);
});
