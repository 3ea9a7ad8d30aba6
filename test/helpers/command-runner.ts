/** The process that runs commands of a test file one after the other: see command-process.ts. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import tap from 'tap';
import type { Asked } from './command-process.ts';
import type { Finished } from './project.ts';

interface Commands {
  readonly child: ChildProcess;
  /** Rejects. */
  readonly ended: Promise<never>;
}

let commands: Commands | undefined;
let last: Promise<unknown> = Promise.resolve();

/** @returns when those before it are over and it is, too. */
export function runQuickly(asked: Asked): Promise<Finished> {
  const run = last.then(async () => {
    commands ??= start();
    const { child, ended } = commands;
    child.send(asked);
    const [finished] = await Promise.race([once(child, 'message'), ended]);
    return finished;
  });
  last = run.catch(() => {});
  return run;
}

function start(): Commands {
  const child = fork(join(import.meta.dirname, 'command-process.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  tap.teardown(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the process of the commands ended: ${code}`);
  });
  ended.catch(() => {});
  return { child, ended };
}
