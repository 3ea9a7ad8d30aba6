/** The servers' and the generator's processes: servers on core 0, everything else on core 1. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Job, Outcome, Sample } from './load/job.ts';

/** Milliseconds a server may take to say where it listens, and a job to be done. */
const START_DEADLINE = 20_000;
const JOB_DEADLINE = 90_000;

const PIN = 'taskset';

/** Whether this process, with all it starts from now on, could be moved to core 1. Linux with two cores only. */
export const pinned =
  spawnSync(PIN, ['-c', '0', 'true']).status === 0 &&
  spawnSync(PIN, ['-acp', '1', String(process.pid)]).status === 0;

/** Moves a process with all its threads to a core. Does nothing where that cannot be done. */
function move(pid: number, core: number): void {
  if (pinned) spawnSync(PIN, ['-acp', String(core), String(pid)]);
}

/**
 * While it lasts, processes that a server has started have a core of their own: the third one; where there are only two the
 * generator's, which joins the server on its core.
 */
export function giveCore(pids: readonly number[], generator: Generator): Disposable {
  const third = cpus().length > 2;
  for (const pid of pids) move(pid, third ? 2 : 1);
  if (third) return { [Symbol.dispose]: () => {} };
  move(generator.pid, 0);
  return { [Symbol.dispose]: () => move(generator.pid, 1) };
}

/** A process that serves; `stdio` of the options decides whether it can be talked to. */
export function startOnServerCore(nodeArguments: readonly string[], options: SpawnOptions): ChildProcess {
  const command = [...(pinned ? [PIN, '-c', '0'] : []), process.execPath, ...nodeArguments];
  return spawn(command[0] ?? '', command.slice(1), options);
}

export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Collects garbage first. */
  memory(): Promise<NodeJS.MemoryUsage>;
}

/** @param dataFolder where the server may store things. @throws Error when it exits or says nothing before the deadline. */
export async function startServer(file: URL, dataFolder: string): Promise<Server> {
  const child = startOnServerCore(['--expose-gc', fileURLToPath(file)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, HUB_DATA: dataFolder },
  });
  try {
    const port = await portOf(child);
    return {
      port,
      pid: child.pid ?? 0,
      memory: () => ask<NodeJS.MemoryUsage>(child, 'memory'),
      [Symbol.asyncDispose]: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw new Error(`${file.pathname} did not start`, { cause: error });
  }
}

/** From the line `{"port":…}` among whatever else it says; reading on keeps the pipe from filling up. */
async function portOf(child: ChildProcess): Promise<number> {
  const announced = new EventEmitter();
  createInterface({ input: child.stdout ?? Readable.from([]) }).on('line', (line) => {
    if (line.startsWith('{"port":')) announced.emit('port', JSON.parse(line).port);
  });
  return nextOf<number>(child, announced, 'port', START_DEADLINE);
}

export interface Generator extends AsyncDisposable {
  readonly pid: number;
  /** One at a time. @throws Error when the load failed; the generator must not be used again then. */
  run(job: Job): Promise<Sample>;
}

export function startGenerator(): Generator {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./load/generator.ts', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    pid: child.pid ?? 0,
    run: async (job) => {
      const outcome = await ask<Outcome>(child, job);
      if ('error' in outcome) throw new Error(outcome.error);
      return outcome.sample;
    },
    [Symbol.asyncDispose]: () => end(child),
  };
}

async function ask<T>(child: ChildProcess, request: Job | 'memory'): Promise<T> {
  if (!child.connected) throw new Error('the process has ended');
  child.send(request);
  return nextOf<T>(child, child, 'message', JOB_DEADLINE);
}

/** The next event. @throws Error when the process ends first, or the deadline (milliseconds) passes. */
async function nextOf<T>(
  child: ChildProcess,
  from: EventEmitter,
  event: string,
  deadline: number,
): Promise<T> {
  const settled = new AbortController();
  const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(deadline)]);
  const exited = once(child, 'exit', { signal }).then(([code, name]) => {
    throw new Error(`the process ended: ${code ?? name}`);
  });
  try {
    const [value] = await Promise.race([once(from, event, { signal }), exited]);
    return value;
  } finally {
    exited.catch(() => {}); // the abort
    settled.abort();
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
