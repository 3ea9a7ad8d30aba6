/** Hubs with users, and requests to them. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type ConfiguredPlugin, compile, type IdentityChange } from '../../../core/index.ts';
import users from '../../../plugins/users/index.ts';
import { Options } from '../../../plugins/users/options.ts';
import { type Received, startHub, type TestHub, type TestOptions } from '../../helpers/hub.ts';
import { plugin } from '../../helpers/plugin.ts';
import { NODE } from '../../helpers/project.ts';
import { Queue } from '../../helpers/queue.ts';

/** The least the options allow: 5 ms a hash. */
const QUICK = { hashMemory: 7_168, hashPasses: 1 } as const;
export const PASSWORD = 'correct horse battery';

/** Options with the defaults filled in, as a set-up gets them. */
export function complete(given: Partial<Options> = {}): Options {
  const options: unknown = { ...QUICK, ...given };
  const validate = compile(Options);
  if (!validate(options)) throw new Error(JSON.stringify(validate.errors));
  return options;
}

/** A hub with the plugin; `X-Forwarded-For` says where a request comes from. */
export function startUsers(
  t: Test,
  options: Partial<Options> = {},
  { plugins = [], ...more }: TestOptions = {},
): Promise<TestHub> {
  const configured = users({ ...QUICK, ...options });
  return startHub(t, { trustedProxies: 1, ...more, plugins: [configured, ...plugins] });
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Received;
}

/** Posts JSON to a route under `/user`. */
export async function post(
  hub: { readonly origin: string },
  route: 'register' | 'login' | 'logout' | 'change_password',
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${hub.origin}/user/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

export const from = (address: string) => ({ 'x-forwarded-for': address });
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Registers somebody and logs in. */
export async function newUser(
  hub: { readonly origin: string },
  email = `${randomBytes(6).toString('hex')}@example.org`,
): Promise<{ readonly email: string; readonly id: string; readonly token: string }> {
  const registered = await post(hub, 'register', { email, password: PASSWORD });
  const { status, body } = await post(hub, 'login', { email, password: PASSWORD });
  if (registered.status !== 201 || status !== 200) throw new Error(`${registered.status} ${status}`);
  return { email, id: body.user.id, token: body.token };
}

/** Tells who connections become; the plugin goes into the hub's configuration. */
export function identityWatcher(): {
  readonly plugin: ConfiguredPlugin;
  readonly changes: Queue<IdentityChange>;
} {
  const changes = new Queue<IdentityChange>();
  const watching = plugin('identity-watcher', (hub) => {
    hub.hooks.identified.tap((change) => changes.push(change));
  });
  return { plugin: watching, changes };
}

/** A folder with a configuration that enables the plugin. */
export function configured(t: Test): { readonly data: string; readonly env: NodeJS.ProcessEnv } {
  const module = JSON.stringify(new URL('../../../plugins/users/index.ts', import.meta.url).href);
  const config = `import users from ${module};\nexport default { plugins: [users(${JSON.stringify(QUICK)})] };\n`;
  const folder = t.testdir({ 'hub.config.ts': config });
  const data = join(folder, 'data');
  return {
    data,
    env: { ...process.env, HUB_CONFIG: join(folder, 'hub.config.ts'), HUB_DATA: data, HUB_PORT: '0' },
  };
}

const cli = fileURLToPath(new URL('../../../core/cli.ts', import.meta.url));

export interface Ended {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

/** Starts the command line in a process of its own, which ends with the test. */
export function spawnHub(t: Test, env: NodeJS.ProcessEnv, ...args: string[]): ChildProcessWithoutNullStreams {
  const [command, ...before] = NODE;
  const child = spawn(command, [...before, cli, ...args], { env });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

/** Runs a command to its end. @param input what is piped into it. */
export async function runHub(t: Test, env: NodeJS.ProcessEnv, args: string[], input = ''): Promise<Ended> {
  const child = spawnHub(t, env, ...args);
  const [out, err] = [text(child.stdout), text(child.stderr)];
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, out: await out, err: await err };
}
