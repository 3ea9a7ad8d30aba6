/** Translates files in a process of its own, which is started when there is something to do. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ownEnvironment } from '../processes.ts';
import type { Rewritten } from './rewrite.ts';
import { SourceError, sourceError } from './source-error.ts';

/** Milliseconds for one file; 250 KB take about 200. */
const DEADLINE = 10_000;
/** Milliseconds without work after which the process ends. */
const IDLE = 5_000;
const COMPILER = fileURLToPath(new URL('./compiler.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=256', '--stack-size=900'];

type Answer = { readonly translated: Rewritten } | { readonly error: string; readonly fatal?: true };

/** One file at a time, in order. */
export class Compiler {
  #process: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  /** @throws SourceError when the file cannot be used. */
  translate(path: string, source: string): Promise<Rewritten> {
    const result = this.#last.then(() => this.#translate(path, source));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends the process. A later call starts another one. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }

  async #translate(path: string, source: string): Promise<Rewritten> {
    clearTimeout(this.#idle);
    this.#process ??= this.#start();
    const answer = await ask(this.#process, path, source).catch((error: unknown) => {
      this.stop();
      throw error;
    });
    if ('error' in answer && answer.fatal) this.stop();
    else this.#idle = setTimeout(() => this.stop(), IDLE).unref();
    if ('error' in answer) throw new SourceError(answer.error);
    return answer.translated;
  }

  #start(): ChildProcess {
    const child = fork(COMPILER, {
      execArgv: FLAGS,
      env: ownEnvironment(),
      serialization: 'json',
      stdio: 'ignore',
    });
    child.unref();
    child.channel?.unref();
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    return child;
  }
}

function ask(child: ChildProcess, path: string, source: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.off('error', onExit);
      act();
    };
    const failed = (reason: string) => settle(() => reject(sourceError(path, reason)));
    const onMessage = (answer: unknown) => settle(() => resolve(answer as Answer));
    const onExit = () => failed('the code cannot be parsed: the compiler ended');
    const timer = setTimeout(() => failed('the code took too long to parse'), DEADLINE);
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.once('error', onExit);
    child.send({ path, source }, (error) => {
      if (error !== null) failed('the compiler does not run');
    });
  });
}
