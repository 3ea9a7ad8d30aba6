/** Translates files in a process of its own, which is started when there is something that was not translated before. */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { keep, readKept } from '../kept.ts';
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
  #version: string | undefined;

  /** @throws SourceError when the file cannot be used. */
  translate(path: string, source: string): Promise<Rewritten> {
    const result = this.#last.then(() => this.#known(path, source));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends the process. A later call starts another one. */
  stop(): void {
    clearTimeout(this.#idle);
    this.#process?.kill('SIGKILL');
    this.#process = undefined;
  }

  /** A process takes some 200 ms to start, which is most of the time until the walkers of a hub that starts are there. */
  async #known(path: string, source: string): Promise<Rewritten> {
    this.#version ??= versionOfCompiler();
    const from = [this.#version, path, source];
    const known = readKept<Rewritten>(from);
    if (known !== undefined) return known;
    const made = await this.#translate(path, source);
    keep(from, made);
    return made;
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

/** What a translation depends on beside the text and Node: the files beside this one, and the parser. */
function versionOfCompiler(): string {
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const { version } = createRequire(import.meta.url)('acorn/package.json');
  return createHash('sha256')
    .update(JSON.stringify([version, ...files]))
    .digest('hex');
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
