/**
 * Runs commands of the command line one after the other in this process: to start one for each takes most of the time of what they do.
 * A message says which, with the folder and the environment; the answer is `Finished`.
 */
import type { Finished } from './project.ts';

export interface Asked {
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const CLI = new URL('../../core/cli.ts', import.meta.url).href;
const exit = process.exit.bind(process);
let runs = 0;

process.on('message', async (asked: Asked) => process.send?.(await run(asked)));
process.on('disconnect', () => exit());

async function run({ folder, args, env }: Asked): Promise<Finished> {
  process.chdir(folder);
  process.env = env;
  process.argv = [process.execPath, CLI, ...args];
  const stdout = captured(process.stdout);
  const stderr = captured(process.stderr);
  const code = new Promise<number>((resolve) => Reflect.set(process, 'exit', resolve));
  // The script runs anew; what it loads stays.
  await import(`${CLI}?run=${++runs}`);
  return { code: await code, stdout: stdout(), stderr: stderr() };
}

/** @returns what the stream was given from now on. */
function captured(stream: NodeJS.WriteStream): () => string {
  const written: string[] = [];
  Reflect.set(stream, 'write', (text: string, done?: unknown) => {
    written.push(text);
    if (typeof done === 'function') done();
    return true;
  });
  return () => written.join('');
}
