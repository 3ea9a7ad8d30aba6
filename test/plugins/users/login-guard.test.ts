import { pino } from 'pino';
import { test } from 'tap';
import { LoginGuard, network } from '../../../plugins/users/login-guard.ts';
import { complete } from './helpers.ts';

/** A guard on a clock of its own. */
function guarded(options: Parameters<typeof complete>[0]) {
  const clock = { now: 0 };
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const line = () => ({ isAlone: true, send() {}, follow: async () => {}, unfollow() {} });
  const guard = new LoginGuard(complete(options), { log, line }, () => clock.now);
  const fail = (email: string, address: string) => void guard.begin(email, address);
  const isRefused = (email: string, address: string) => {
    try {
      guard.begin(email, address).withdrawn();
      return false;
    } catch {
      return true;
    }
  };
  return { guard, clock, logged, fail, isRefused };
}

test('failures of an account are limited whatever addresses they come from', async (t) => {
  const { guard, clock, fail, isRefused } = guarded({ failuresPerAccount: 3, failureSeconds: 60 });
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) fail('ann', address);
  t.throws(() => guard.begin('ann', '10.0.0.4'), {
    code: 'too_many_attempts',
    statusCode: 429,
    retryAfter: 60,
    message: 'too many failed logins: try again in 60 s',
  });
  t.notOk(isRefused('bob', '10.0.0.4'));
  clock.now = 60_000;
  t.notOk(isRefused('ann', '10.0.0.4'), 'the lock ends with its window');
});

test('failures of an address are limited whatever accounts they are for', async (t) => {
  const { fail, isRefused } = guarded({ failuresPerAddress: 3 });
  for (const email of ['ann', 'bob', 'cem']) fail(email, '10.0.0.1');
  t.ok(isRefused('dan', '10.0.0.1'));
  t.notOk(isRefused('dan', '10.0.0.2'));
});

test('strangers cannot lock somebody out of the addresses they log in from', async (t) => {
  const { guard, fail, isRefused } = guarded({ failuresPerAccount: 2 });
  guard.begin('ann', '10.0.0.1').succeeded();
  fail('ann', '10.6.6.6');
  fail('ann', '10.6.6.7');
  t.ok(isRefused('ann', '10.6.6.8'), 'strangers are locked out');
  t.notOk(isRefused('ann', '10.0.0.1'), 'the owner is not');
  fail('ann', '10.0.0.1');
  fail('ann', '10.0.0.1');
  t.ok(isRefused('ann', '10.0.0.1'), 'but has no more failures than others');
});

test('of 10,000 pairs of account and address, the one not used for longest is forgotten', async (t) => {
  const { guard, fail, isRefused } = guarded({ failuresPerAccount: 1 });
  const succeed = (email: string) => guard.begin(email, '10.0.0.1').succeeded();
  for (let i = 0; i < 10_000; i++) succeed(`user ${i}`);
  succeed('user 0');
  succeed('one more');
  for (const email of ['user 0', 'user 1', 'user 2']) fail(email, '10.6.6.6');
  t.notOk(isRefused('user 0', '10.0.0.1'));
  t.ok(isRefused('user 1', '10.0.0.1'));
  t.notOk(isRefused('user 2', '10.0.0.1'));
});

test('refused logins prolong no lock, and do not count for their address', async (t) => {
  const { clock, fail, isRefused } = guarded({
    failuresPerAccount: 1,
    failuresPerAddress: 2,
    failureSeconds: 60,
  });
  fail('ann', '10.0.0.1');
  for (clock.now = 0; clock.now < 60_000; clock.now += 1_000) isRefused('ann', '10.0.0.2');
  t.notOk(isRefused('ann', '10.0.0.2'));
  t.notOk(isRefused('bob', '10.0.0.2'));
});

test('logins under way count, so that of many at once none slips through', async (t) => {
  const { guard, isRefused } = guarded({ failuresPerAccount: 2 });
  const attempts = [guard.begin('ann', '10.0.0.1'), guard.begin('ann', '10.0.0.1')];
  t.ok(isRefused('ann', '10.0.0.1'));
  for (const attempt of attempts) attempt.withdrawn();
  t.notOk(isRefused('ann', '10.0.0.1'), 'what was not looked at does not count');
});

test('the log tells of a lock once, and never for which account', async (t) => {
  const { fail, isRefused, logged } = guarded({ failuresPerAccount: 1 });
  fail('my password in the wrong field', '10.0.0.1');
  for (let i = 0; i < 5; i++) isRefused('my password in the wrong field', '10.0.0.2');
  t.match(logged, [
    { address: '10.0.0.2', msg: 'too many failed logins of an account: more are refused for a while' },
  ]);
  t.equal(logged.length, 1);
  t.notMatch(JSON.stringify(logged), /password/);
});

test('an address of IPv6 stands for its first 64 bits', async (t) => {
  for (const [address, expected] of [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['2001:db8:1::2:3:4:5', '2001:db8:1:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::10.1.2.3', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:10.1.2.3', '1:2:3:4::/64'],
    ['', ''],
    ['x'.repeat(100), 'x'.repeat(64)],
  ] as const) {
    t.equal(network(address), expected, address);
  }
});
