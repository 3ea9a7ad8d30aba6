/** One thing a child has to do, from the queue to its end. */
import { JsonText } from '../../../core/index.ts';
import type { LinksQuery } from '../graph/transaction.ts';
import type { RunText } from './input.ts';
import type { RunLimits } from './limits.ts';
import { type Cost, NO_COST } from './protocol.ts';
import type {
  FailureCode,
  FunctionCall,
  LogLevel,
  NotifyTarget,
  RunFailed,
  RunHost,
  RunResult,
} from './run.ts';
import { CallRefused, FAILURES } from './run.ts';
import type { Version } from './version.ts';

/** Of which a question has some, by its operation. It comes from a child: whoever is asked checks it. */
type Question = { readonly ids: readonly string[] } & LinksQuery & FunctionCall;

/** A run that something else than the walker ended is begun again this often. */
const MOST_ATTEMPTS = 3;
/** Runs that may take less CPU time than this, in milliseconds, share it with no others. Quick ones take 200 µs at most. */
const SHARED_CPU_MS = 20;

export class Job {
  readonly id: number;
  readonly version: Version;
  /** Undefined: lists the walkers of the bundle. */
  readonly walker: string | undefined;
  readonly limits: RunLimits;
  /** In whose turn it is begun. */
  readonly user: string;
  /** `performance.now()` when it was queued last; 0: it was not. */
  waitsSince = 0;
  readonly #text: RunText | undefined;
  readonly #host: RunHost | undefined;
  readonly #settle: (result: RunResult) => void;
  /**
   * Whether it was among several of which one may have ended a process, or a call. It runs alone then: a second time there is
   * no doubt which one it was.
   */
  suspect = false;
  /** What `expectedUs` was when a child got it. */
  givenUs: number | undefined;
  /** How it failed. Undefined: it has not. */
  failure: FailureCode | undefined;
  #attempts = 0;
  /** Notifications that have left, in all attempts together. */
  #sent = 0;
  /** Notifications of the present attempt. */
  #told = 0;
  /** What the host threw. */
  #cause: unknown;

  constructor(
    id: number,
    version: Version,
    limits: RunLimits,
    user: string,
    settle: (result: RunResult) => void,
    run?: { readonly walker: string; readonly text: RunText; readonly host: RunHost },
  ) {
    this.id = id;
    this.version = version;
    this.limits = limits;
    this.user = user;
    this.walker = run?.walker;
    this.#text = run?.text;
    this.#host = run?.host;
    this.#settle = settle;
  }

  /** The line that makes a child begin. @param limits empty: those of the job before. */
  begin(limits: string): string {
    this.#attempts++;
    this.#told = 0;
    this.givenUs = this.expectedUs;
    this.#host?.begun();
    if (this.#text === undefined) return `list\t${this.id}\t${this.version.key}\t${limits}`;
    const { input, who } = this.#text;
    return `${this.#mayShareCall ? 'quick' : 'run'}\t${this.id}\t${this.version.key}\t${limits}\t${input}\t${who}`;
  }

  get #mayShareCall(): boolean {
    if (this.suspect || this.walker === undefined || this.limits.cpuMs < SHARED_CPU_MS) return false;
    return this.version.isSelfReliant(this.walker);
  }

  /** The call it shared came to nothing, because of it or of another one: it is begun again, alone. */
  again(): void {
    this.suspect = true;
    this.#attempts--;
  }

  /** Microseconds that it is expected to take; undefined: no others may be given to a child together with it. */
  get expectedUs(): number | undefined {
    return this.suspect ? undefined : this.version.expectedUs(this.walker);
  }

  /** Whether it may be begun again, after its end was not its own doing. */
  get mayRepeat(): boolean {
    return this.#attempts < MOST_ATTEMPTS;
  }

  /** A timeout is no proof of guilt: once more, when the machine took the time and nothing has left yet. */
  mayRepeatTimeout(stalled: boolean): boolean {
    return stalled && this.#sent === 0 && this.#attempts === 1;
  }

  /** The answer to a question, as the child reads it. */
  async answer(operation: string, question: string): Promise<string> {
    this.version.asked(this.walker);
    try {
      return `=${JSON.stringify((await this.#ask(operation, JSON.parse(question))) ?? null)}`;
    } catch (error) {
      if (error instanceof CallRefused) return `!${error.code}:${oneLine(error.message)}`;
      this.#cause = error;
      const isLimit = error instanceof Error && 'code' in error && error.code === 'limit_exceeded';
      return isLimit ? `!limit:${oneLine(error.message)}` : `!host:${FAILURES.host}`;
    }
  }

  #ask(operation: string, question: Question): unknown {
    if (operation === 'nodes') return this.#host?.nodes(question.ids);
    return operation === 'links' ? this.#host?.links(question) : this.#host?.call(question);
  }

  /** Passes on what the run says; in a repetition, not again what has left already. */
  tell(kind: string, parts: readonly string[]): void {
    if (kind === 'log') {
      this.#host?.log(levelOf(parts[2]), String(JSON.parse(parts[3] ?? '""')));
      return;
    }
    if (++this.#told <= this.#sent) return;
    this.#sent++;
    if (kind === 'emit') this.#host?.emit(JSON.parse(parts[2] ?? '""'), new JsonText(parts[3] ?? 'null'));
    else
      this.#host?.notify(targetOf(parts[2]), JSON.parse(parts[3] ?? '[]'), new JsonText(parts[4] ?? 'null'));
  }

  done(cost: Cost, reports = '[]', reply = '', journal = ''): void {
    this.#settle({
      ok: true,
      reports: new JsonText(reports),
      ...(reply !== '' && { reply: JSON.parse(reply) }),
      ...(journal !== '' && { journal: JSON.parse(journal) }),
      cost,
    });
  }

  /** @param failure from the child, with a code and a message. */
  failed(failure: Omit<RunFailed, 'ok' | 'cost' | 'cause'>, cost: Cost = NO_COST): void {
    const { message, at, errors } = failure;
    const code = failure.code in FAILURES ? failure.code : 'error';
    this.failure = code;
    this.#settle({
      ok: false,
      code,
      message,
      ...(at !== undefined && { at }),
      ...(errors !== undefined && { errors }),
      ...(code === 'host' && { cause: this.#cause }),
      cost,
    });
  }

  end(code: FailureCode, message: string): void {
    this.failed({ code, message });
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function levelOf(text = ''): LogLevel {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info';
}

function targetOf(text = ''): NotifyTarget {
  if (text === 'self' || text === 'users' || text === 'channels' || text === 'clients') return text;
  throw new Error(`a child notified ${text.slice(0, 20)}`);
}
