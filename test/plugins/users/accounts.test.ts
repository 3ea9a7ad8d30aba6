import { type Test, test } from 'tap';
import { openLowdbStore } from '../../../core/store/lowdb.ts';
import { type Account, Accounts } from '../../../plugins/users/accounts.ts';

async function opened(t: Test, limit = 10_000) {
  const store = await openLowdbStore({ memory: true });
  t.teardown(() => store.close());
  return { store, accounts: new Accounts(store, limit) };
}

const given = (email: string) => ({ email, password: '$argon2id$…', fields: {} });

async function emails(accounts: Accounts): Promise<string[]> {
  const found: string[] = [];
  for await (const { email } of accounts.all()) found.push(email);
  return found;
}

test('all accounts are listed in the order of their addresses, however many', async (t) => {
  const { accounts } = await opened(t);
  const expected = Array.from({ length: 1_001 }, (_, i) => `user${String(i).padStart(4, '0')}@example.org`);
  await Promise.all(expected.toReversed().map((email) => accounts.create(given(email))));
  t.strictSame(await emails(accounts), expected);
});

test('ids are 24 hex digits, one for each', async (t) => {
  const { accounts } = await opened(t);
  const made = await Promise.all(Array.from({ length: 100 }, (_, i) => accounts.create(given(`${i}@b`))));
  t.equal(new Set(made.map(({ id }) => id)).size, 100);
  for (const { id } of made) t.match(id, /^(?!0{23}1)[0-9a-f]{24}$/);
});

test("an account whose registration was cut off by a kill is in nobody's way", async (t) => {
  const { store, accounts } = await opened(t, 2);
  const cutOff = { ...given('ann@b'), id: 'a'.repeat(24), roles: [], tokenVersion: 1, createdAt: 0 };
  await store.collection<Account>('accounts').put(cutOff.id, cutOff);
  t.equal(await accounts.find('ann@b'), undefined);
  const { id } = await accounts.create(given('ann@b'));
  t.equal((await accounts.find('ann@b'))?.id, id);
  t.strictSame(await emails(accounts), ['ann@b']);
});

test('an account that could not be stored does not count', async (t) => {
  const { store, accounts } = await opened(t, 1);
  const collection = <T>(name: string) => {
    const real = store.collection<T>(name);
    return name === 'accounts' ? { ...real, put: () => Promise.reject(new Error('the disk is full')) } : real;
  };
  const broken = new Accounts({ ...store, collection }, 1);
  await t.rejects(broken.create(given('ann@b')), { message: 'the disk is full' });
  await accounts.create(given('ann@b'));
  await t.rejects(accounts.create(given('bob@b')), { code: 'forbidden', message: /1 accounts/ });
});

test('of many changes of one account none is lost', async (t) => {
  const { accounts } = await opened(t);
  const { id } = await accounts.create(given('ann@b'));
  const raise = (account: Account) => ({ ...account, tokenVersion: account.tokenVersion + 1 });
  await Promise.all(Array.from({ length: 50 }, () => accounts.change(id, raise)));
  t.equal((await accounts.get(id))?.tokenVersion, 51);
  t.equal(await accounts.change('nobody', raise), undefined);
  t.equal(await accounts.get('nobody'), undefined, 'no account is made by a change');
});
