/** A project in a folder of its own, and the command line run in it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { runQuickly } from './command-runner.ts';
import { Queue } from './queue.ts';

const CLI = join(import.meta.dirname, '../../core/cli.ts');
/** Node, without the hooks tap adds to every process a test starts: loading everything through them takes half as long again. */
export const NODE: readonly [string, ...string[]] =
  process.platform === 'win32' ? [process.execPath] : ['env', '-u', 'NODE_OPTIONS', process.execPath];
/** For the configurations: what they import plugins' API from. */
export const API = JSON.stringify(new URL('../../core/index.ts', import.meta.url).href);

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** The line that says where it listens. */
  readonly line: string;
  readonly ports: readonly number[];
  /** Entries of its log. */
  readonly log: Queue<Record<string, unknown>>;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

type Environment = Readonly<Record<string, string>>;

export interface Project {
  readonly folder: string;
  /** Runs `hub <args>` to its end. */
  run(args: readonly string[], env?: Environment): Promise<Finished>;
  /**
   * As `run`, in one process with all others of the file that are run so: where what a command does is asked, and not its process. A
   * configuration is loaded once, and NODE_ENV says nothing.
   */
  runQuickly(args: readonly string[], env?: Environment): Promise<Finished>;
  /** Runs `hub start <args>`, and waits until it listens. @throws Error with what it said when it does not. */
  start(env?: Environment, args?: readonly string[]): Promise<Running>;
}

/** @param config the text of hub.config.ts. It listens on a free port of 127.0.0.1, unless `env` of a run says otherwise. */
export function project(t: Test, config: string): Project {
  // tap's own testdir is one for each test; some need several.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wayhub-test-')));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'hub.config.ts'), config);
  return {
    folder,
    run: (args, env = {}) =>
      new Promise((resolve) => {
        const options = { cwd: folder, env: environment(env) };
        const [command, ...before] = NODE;
        const child = execFile(command, [...before, CLI, ...args], options, (_error, stdout, stderr) =>
          resolve({ code: child.exitCode, stdout, stderr }),
        );
        t.teardown(() => void child.kill('SIGKILL'));
      }),
    runQuickly: (args, env = {}) => runQuickly({ folder, args, env: environment(env) }),
    start: (env = {}, args = []) => start(t, folder, env, args),
  };
}

async function start(t: Test, folder: string, env: Environment, args: readonly string[]): Promise<Running> {
  const [command, ...before] = NODE;
  const child = spawn(command, [...before, CLI, 'start', ...args], { cwd: folder, env: environment(env) });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const log = new Queue<Record<string, unknown>>();
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    said.push(line);
    if (line.startsWith('{')) log.push(JSON.parse(line));
  });
  const lines = createInterface(child.stdout);
  const first = await Promise.race([once(lines, 'line'), ended.then(() => undefined)]);
  if (first === undefined) throw new Error(`hub start ended: ${said.join('\n')}`);
  const line = String(first[0]);
  const ports = [...line.matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return { child, line, ports, log, ended };
}

/** That of a shell, without what the test runner or a developer has set for the hub or for node, but where code is kept compiled. */
function environment(more: Environment): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HUB_|NODE_|TAP)/.test(name));
  const compiled = getCompileCacheDir();
  return {
    ...Object.fromEntries(kept),
    // What is asked for is the folder above that of the version of Node.
    ...(compiled !== undefined && { NODE_COMPILE_CACHE: dirname(compiled) }),
    ...{ HUB_PORT: '0', HUB_HOST: '127.0.0.1', ...more },
  };
}
