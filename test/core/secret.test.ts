import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';
import { startHub } from '../helpers/hub.ts';

const fileIn = (data: string) => join(data, 'state', 'development-secret.json');

test('a development secret is made once, kept, and readable by its owner alone', async (t) => {
  const data = t.testdir({});
  const first = await startHub(t, { data });
  const token = await first.identity.sign('ann');
  await first.stop();
  const { secret } = JSON.parse(readFileSync(fileIn(data), 'utf8'));
  t.match(secret, /^[\w-]{43}$/, '32 random bytes');
  if (process.platform !== 'win32') t.equal(statSync(fileIn(data)).mode & 0o777, 0o600);
  const second = await startHub(t, { data });
  t.match(await second.identity.verify(token), { user: 'ann' }, 'tokens outlive the process');
  t.equal(JSON.parse(readFileSync(fileIn(data), 'utf8')).secret, secret);
});

test('a hub that keeps nothing makes a secret for itself', async (t) => {
  const [one, two] = [await startHub(t), await startHub(t)];
  await t.rejects(two.identity.verify(await one.identity.sign('ann')), { code: 'unauthorized' });
});

test('a configured secret is used, and none is made', async (t) => {
  const data = t.testdir({});
  const secret = 'a secret of at least 32 characters';
  const one = await startHub(t, { data, identity: { secret } });
  const two = await startHub(t, { identity: { secret } });
  t.match(await two.identity.verify(await one.identity.sign('ann')), { user: 'ann' });
  t.throws(() => readFileSync(fileIn(data)), { code: 'ENOENT' });
});

test('in production the start refuses without a secret that somebody chose', async (t) => {
  const data = t.testdir({});
  await (await startHub(t, { data })).stop();
  const environment = { log: createLog('silent'), production: true };
  const given = { data, store: 'memory', ports: [0] };
  await t.rejects(prepareHub(completeConfig(given, 'hub.config.ts'), environment), {
    name: 'StartError',
    message: /NODE_ENV is production and there is no secret: set HUB_SECRET or identity\.secret/,
  });
  const identity = { secret: 'a secret of at least 32 characters' };
  const hub = await prepareHub(completeConfig({ ...given, identity }, 'hub.config.ts'), environment);
  await hub.stop();
});

test('a secret that cannot be used is refused before anything is opened, and is not told', async (t) => {
  const refused = async (secret: string, message: RegExp) => {
    const error = await startHub(t, { identity: { secret } }).catch((error: unknown) => error);
    t.match(error, { name: 'StartError', message });
    t.notMatch(String(error), 'hunter2');
  };
  await refused('hunter2', /\/identity\/secret must NOT have fewer than 32 characters$/);
  await refused(
    '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----',
    /identity\.secret \(or HUB_SECRET\) is no private key as PEM/,
  );
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  await refused(
    String(rsa.export({ type: 'pkcs8', format: 'pem' })),
    /identity\.secret \(or HUB_SECRET\) must be an Ed25519 private key, found rsa/,
  );
});

test('a development secret that somebody broke is named', async (t) => {
  const data = t.testdir({ state: { 'development-secret.json': '{"secret":5}' } });
  await t.rejects(startHub(t, { data }), {
    name: 'StartError',
    message: /the secret in state\/development-secret\.json of the data folder must be a text of at least 32/,
  });
  writeFileSync(fileIn(data), '{"secret":');
  await t.rejects(startHub(t, { data }), { name: 'StartError', message: /development-secret\.json/ });
  t.equal(readFileSync(fileIn(data), 'utf8'), '{"secret":', 'it is left as it is');
});
