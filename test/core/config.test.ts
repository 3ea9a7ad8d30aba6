import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'tap';
import { completeConfig, loadConfig } from '../../config/load.ts';
import { StartError } from '../../core/errors.ts';

const FILE = join(import.meta.dirname, 'hub.config.ts');
const complete = (given: Record<string, unknown>, env = {}) => completeConfig(given, FILE, env);

test('everything has a default', async (t) => {
  t.match(complete({}), {
    host: 'localhost',
    ports: [8080],
    data: join(import.meta.dirname, 'data'),
    store: 'sqlite',
    durability: 'process',
    logLevel: 'info',
    origins: [],
    trustedProxies: 0,
    identity: {},
    limits: { messageBytes: 65_536, connectionsPerAddress: 1_000, stopMs: 10_000 },
    plugins: [],
    file: FILE,
  });
});

test('what is given stays, the rest is filled in, and the given object is not changed', async (t) => {
  const given = { ports: [1, 2], limits: { burst: 5 } };
  t.match(complete(given), { ports: [1, 2], limits: { burst: 5, mailbox: 256 } });
  t.strictSame(given, { ports: [1, 2], limits: { burst: 5 } });
});

test('a data folder is meant relative to the configuration', async (t) => {
  t.equal(complete({ data: '../x' }).data, join(import.meta.dirname, '..', 'x'));
  t.equal(complete({ data: '/var/lib/hub' }).data, '/var/lib/hub');
});

test('wrong settings are refused with file, path, what was found and what is allowed', async (t) => {
  const refused = (given: Record<string, unknown>, message: string) =>
    t.throws(() => complete(given), { name: 'StartError', message: `${FILE}: ${message}` });
  refused({ ports: 8080 }, '/ports must be array, found 8080');
  refused({ ports: [] }, '/ports must NOT have fewer than 1 items, found an array of 0');
  refused({ ports: ['8080'] }, '/ports/0 must be integer, found "8080"');
  refused({ ports: [8080, 70_000] }, '/ports/1 must be <= 65535, found 70000');
  refused({ host: '' }, '/host must NOT have fewer than 1 characters, found ""');
  refused({ host: null }, '/host must be string, found null');
  refused({ host: () => 'x' }, '/host must be string, found a function');
  refused({ store: 'mysql' }, '/store must be one of "sqlite", "lowdb", "memory", found "mysql"');
  refused(
    { logLevel: 'loud' },
    '/logLevel must be one of "trace", "debug", "info", "warn", "error", "fatal", "silent", found "loud"',
  );
  refused({ limits: { mailbox: 0 } }, '/limits/mailbox must be >= 1, found 0');
  refused({ limits: 5 }, '/limits must be object, found 5');
  refused({ plugins: 'chat' }, '/plugins must be array, found "chat"');
  refused(
    { port: 8080 },
    'it has an unknown property "port", allowed are plugins, host, ports, data, store, durability, logLevel, origins, trustedProxies, identity, limits',
  );
  refused(
    { identity: { key: 'x' } },
    '/identity has an unknown property "key", allowed are secret, jwks, issuer, audience',
  );
  refused({ identity: { secret: 'hunter2' } }, '/identity/secret must NOT have fewer than 32 characters');
  refused(
    { identity: { jwks: 'ftp://x' } },
    '/identity/jwks must match pattern "^https?://", found "ftp://x"',
  );
  refused(
    { origins: ['maps.test'] },
    '/origins/0 must match pattern "^(\\*|https?://[^/]+)$", found "maps.test"',
  );
});

test('the environment overrides the file', async (t) => {
  const given = { host: 'x', ports: [1], data: 'x', logLevel: 'info', identity: { issuer: 'me' } };
  const secret = 'a secret of at least 32 characters';
  const env = {
    HUB_HOST: '0.0.0.0',
    HUB_PORT: '8080, 0,5050',
    HUB_DATA: 'elsewhere',
    HUB_LOG_LEVEL: 'warn',
    HUB_SECRET: secret,
  };
  t.match(complete(given, env), {
    host: '0.0.0.0',
    ports: [8080, 0, 5050],
    data: join(process.cwd(), 'elsewhere'),
    logLevel: 'warn',
    identity: { issuer: 'me', secret },
  });
  const empty = { HUB_HOST: '', HUB_PORT: '', HUB_DATA: '', HUB_LOG_LEVEL: '', HUB_SECRET: '' };
  t.match(complete(given, empty), { host: 'x', ports: [1], logLevel: 'info' }, 'an empty variable is none');
});

test('wrong variables of the environment are named', async (t) => {
  const refused = (env: Record<string, string>, message: string) =>
    t.throws(() => complete({}, env), { name: 'StartError', message });
  for (const port of ['http', '-1', '65536', '8080;', '80 80', '8080,', '1e3', '0x50']) {
    t.throws(() => complete({}, { HUB_PORT: port }), {
      name: 'StartError',
      message: /^HUB_PORT must be a port from 0 to 65535, or several separated by commas, found "/,
    });
  }
  refused(
    { HUB_LOG_LEVEL: 'loud' },
    `environment over ${FILE}: /logLevel must be one of "trace", "debug", "info", "warn", "error", "fatal", "silent", found "loud"`,
  );
  refused(
    { HUB_SECRET: 'hunter2' },
    `environment over ${FILE}: /identity/secret must NOT have fewer than 32 characters`,
  );
});

test('the file is hub.config.ts of the working folder, or what HUB_CONFIG names', async (t) => {
  const folder = t.testdir({
    'hub.config.ts': 'export default { ports: [1] }',
    'other.ts': 'const ports: number[] = [2]; export default { ports }',
  });
  const before = process.cwd();
  process.chdir(folder);
  t.teardown(() => process.chdir(before));
  t.match(await loadConfig({}), { ports: [1], file: join(process.cwd(), 'hub.config.ts') });
  t.match(await loadConfig({ HUB_CONFIG: 'other.ts' }), { ports: [2] });
  t.match(await loadConfig({ HUB_CONFIG: join(folder, 'other.ts'), HUB_PORT: '3' }), { ports: [3] });
});

test('a file that cannot be used is named with what is wrong', async (t) => {
  const folder = t.testdir({
    'syntax.ts': 'export default { ports: [1, }',
    'throws.ts': 'throw new Error("no power")',
    'import.ts': 'import "./nowhere.ts"',
    'no-default.ts': 'export const config = {}',
    'array.ts': 'export default []',
    'wrong.ts': 'export default { ports: "many" }',
  });
  const refused = (name: string, message: string | RegExp) =>
    t.rejects(loadConfig({ HUB_CONFIG: join(folder, name) }), { name: 'StartError', message });
  const path = (name: string) => join(folder, name);
  await refused(
    'none.ts',
    `there is no configuration ${path('none.ts')}; make one, or name another in HUB_CONFIG`,
  );
  await refused('syntax.ts', /syntax\.ts cannot be loaded: /);
  await refused('throws.ts', `${path('throws.ts')} cannot be loaded: no power`);
  await refused('import.ts', /import\.ts cannot be loaded: .*nowhere\.ts/);
  const noDefault = (name: string) =>
    `${path(name)} must have a default export: export default defineConfig({ … })`;
  await refused('no-default.ts', noDefault('no-default.ts'));
  await refused('array.ts', noDefault('array.ts'));
  await refused('wrong.ts', `${path('wrong.ts')}: /ports must be array, found "many"`);
});

test('whatever JSON a configuration is, it is complete or refused with a message', async (t) => {
  const keys = [
    'host',
    'ports',
    'data',
    'limits',
    'identity',
    'plugins',
    'store',
    'burst',
    'secret',
    '__proto__',
  ];
  const { config } = fc.letrec<{ config: unknown }>((tie) => ({
    config: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>(1, 8080, 'x', 'sqlite', 'a secret of at least 32 characters'),
      fc.jsonValue({ maxDepth: 2 }),
      fc.dictionary(fc.constantFrom(...keys), tie('config'), { maxKeys: 3 }),
      fc.array(tie('config'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), config), (generated) => {
      const given = JSON.parse(JSON.stringify(generated));
      const before = JSON.stringify(given);
      try {
        const { ports, limits, data } = complete(given);
        if (ports.length === 0 || limits.mailbox < 1 || data === '') return false;
      } catch (error) {
        if (!(error instanceof StartError) || !error.message.startsWith(FILE)) throw error;
      }
      return JSON.stringify(given) === before;
    }),
    { numRuns: 500 },
  );
  t.equal(Object.getPrototypeOf({}), Object.prototype);
});
