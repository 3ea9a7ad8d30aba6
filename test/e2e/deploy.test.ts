/** What deploy/ has is what there is: settings, files and times fit the code. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Test, test } from 'tap';
import { parse } from 'yaml';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';
import { project } from '../helpers/project.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('deploy/README.md');
const ENVIRONMENT = { NODE_ENV: 'production', HUB_SECRET: 'x'.repeat(32), REDIS_URL: 'redis://127.0.0.1:1' };

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}
const { services }: { services: Readonly<Record<string, Service>> } = parse(read('deploy/compose.yaml'));
const hubs = Object.entries(services).filter(([name]) => name.startsWith('hub-'));

/** As it is when nothing but what deploy/ says is set. */
async function configuration() {
  process.env.REDIS_URL = ENVIRONMENT.REDIS_URL;
  const { default: config } = await import('../../deploy/hub.config.ts');
  return completeConfig(config, join(root, 'deploy/hub.config.ts'));
}

/** Milliseconds of `45s` or `45`. */
const duration = (text = '') => Number.parseInt(text, 10) * 1_000;

/** The hub, node or the configuration reads it. */
function checkVariables(t: Test, names: readonly string[]): void {
  const known = ['README.md', 'core/README.md', 'deploy/hub.config.ts'].map(read).join('\n');
  for (const name of names) t.match(known, new RegExp(`\\b${name}\\b`), name);
}

test('the configuration is right, and asks for its secrets', async (t) => {
  const { run } = project(t, '');
  const env = { HUB_CONFIG: join(root, 'deploy/hub.config.ts'), ...ENVIRONMENT };
  t.match(await run(['check'], env), { code: 0, stdout: /is fine; plugins: redis, / });
  const noSecret = { ...(await configuration()), store: 'memory' } as const;
  await t.rejects(prepareHub(noSecret, { log: createLog('silent'), production: true, ownPartsOnly: true }), {
    message: /there is no secret: set HUB_SECRET/,
  });
  process.env.REDIS_URL = '';
  await t.rejects(import(`${pathToFileURL(join(root, 'deploy/hub.config.ts')).href}?without`), {
    message: /REDIS_URL must say where Redis is/,
  });
});

test('the compose file names what exists, no registry, and times that fit', async (t) => {
  const { limits, ports } = await configuration();
  const { proxy, redis } = services;
  for (const [name, { image = '' }] of Object.entries(services)) t.match(image, /^[a-z]+(:[\w.]+)?$/, name);
  t.ok(hubs.length > 1);
  for (const [, { environment = {}, build, stop_grace_period }] of hubs) {
    checkVariables(t, Object.keys(environment));
    t.ok(existsSync(join(root, 'deploy', build?.context ?? '', build?.dockerfile ?? '')));
    t.ok(duration(stop_grace_period) > limits.noticeMs + limits.reconnectMs + limits.stopMs);
  }
  t.equal(proxy?.environment?.HUBS, hubs.map(([name]) => `${name}:${ports[0]}`).join(' '));
  for (const volume of proxy?.volumes ?? []) {
    const [from = ''] = volume.split(':');
    if (from.startsWith('.')) t.ok(existsSync(join(root, 'deploy', from)), from);
  }
  t.match(
    redis?.command?.join(' '),
    /--appendonly yes --appendfsync always .*--maxmemory-policy noeviction$/,
  );
  for (const [, name = ''] of read('deploy/compose.yaml').matchAll(/\$\{(\w+)/g)) {
    t.match(readme, `| \`${name}\` |`, 'the page explains it');
  }
});

test('the proxy sees in time that a hub is about to stop', async (t) => {
  const { limits, trustedProxies } = await configuration();
  const caddyfile = read('deploy/Caddyfile');
  const names = [...caddyfile.matchAll(/\{\$(\w+)/g)].map(([, name]) => name);
  t.strictSame(names.sort(), Object.keys(services.proxy?.environment ?? {}).sort());
  const setting = (name: string) => new RegExp(`${name} (\\S+)`).exec(caddyfile)?.[1];
  t.equal(setting('health_uri'), '/health/ready');
  t.ok(limits.noticeMs > duration(setting('health_interval')) + duration(setting('health_timeout')));
  t.equal(trustedProxies, 1);
});

test('the image needs no step but `npm ci --omit=dev`, and copies what is there', async (t) => {
  const dockerfile = read('deploy/Dockerfile');
  const included = read('deploy/Dockerfile.dockerignore');
  for (const [, image] of dockerfile.matchAll(/^FROM (\S+)/gm)) t.match(image, /^debian:\w+-slim$/);
  t.match(dockerfile, /^RUN npx --yes npm@11 ci --omit=dev$/m);
  for (const [, copied = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const file of copied.split(' ')) {
      t.ok(existsSync(join(root, file)), file);
      t.ok(included.split('\n').includes(`!${file}`), `${file} is given to the build`);
    }
  }
  const environment = /^ENV (.+)$/m.exec(dockerfile)?.[1] ?? '';
  checkVariables(
    t,
    [...environment.matchAll(/(\w+)=/g)].map(([, name = '']) => name),
  );
  t.match(environment, 'HUB_CONFIG=deploy/hub.config.ts');
});

test('the unit is one that systemd takes, and its times fit', async (t) => {
  const { limits } = await configuration();
  const unit = read('deploy/wayhub.service');
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  t.ok(duration(setting('TimeoutStopSec')) > limits.noticeMs + limits.reconnectMs + limits.stopMs);
  checkVariables(
    t,
    [...setting('Environment').matchAll(/(\w+)=/g)].map(([, name = '']) => name),
  );
  t.match(setting('ExecStart'), / core\/cli\.ts start --processes \d+$/);
  const file = join(t.testdir({}), 'wayhub.service');
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  if (error === undefined) t.strictSame([status, stderr], [0, '']);
  else t.comment('systemd-analyze is not there to look at it');
});

test('npm scripts run on the Node that came with the packages, also where npm did not link it', (t) => {
  const folder = t.testdir({
    'package.json': JSON.stringify({ optionalDependencies: { 'node-other': '1', 'node-here': '1' } }),
    node_modules: { '.bin': {}, 'node-here': { bin: { node: 'its node' } } },
  });
  const link = () => spawnSync(process.execPath, [join(root, 'core/link-node.js')], { cwd: folder });
  t.equal(link().status, 0);
  t.equal(readFileSync(join(folder, 'node_modules/.bin/node'), 'utf8'), 'its node');
  t.equal(link().status, 0, 'what is linked stays');
  const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(read('package.json'));
  for (const script of Object.values(scripts)) {
    if (/\bnode |\btap /.test(script)) t.match(script, /^node core\/link-node\.js && (env node|tap) /);
  }
  t.end();
});
