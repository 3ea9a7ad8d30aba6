/** What is asked of the pool, and what comes of it. */
import type { JsonText } from '../../../core/index.ts';
import type { LinksQuery } from '../graph/transaction.ts';
import type { Bundle } from '../source/bundle.ts';
import type { RunLimits } from './limits.ts';
import type { Cost } from './protocol.ts';

export interface RunRequest {
  readonly bundle: Bundle;
  /** Name of a walker that the bundle exports. */
  readonly walker: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where it starts: a NodeRecord; null: on the root of the user. */
  readonly node: unknown;
  /** Root id of the user it runs for. */
  readonly root: string;
  /** What the walker sees as `user`, `client` and `event`; null: nothing. */
  readonly user: unknown;
  readonly client: unknown;
  readonly event: unknown;
  /** Unix ms: the time that its clock shows, standing still. Default: the time it is. */
  readonly now?: number | undefined;
  readonly limits: RunLimits;
  /** In whose turn it leaves the queue. Default: that of the root. */
  readonly line?: string | undefined;
}

/** A call of a function that a plugin offers. */
export interface FunctionCall {
  readonly grant: string;
  readonly name: string;
  readonly given: unknown;
}

/** A function was not called, or refused: the walker is told so at the line of its call, and may catch it. */
export class CallRefused extends Error {
  /** `forbidden`: the user may not. */
  readonly code: 'refused' | 'forbidden';

  constructor(message: string, code: CallRefused['code'] = 'refused') {
    super(message);
    this.code = code;
  }
}

/** What a run reaches of the hub. An error thrown by a read ends the run; `limit_exceeded` as its code: as a limit. */
export interface RunHost {
  /** The run begins: again, when something else than the walker ended it before. */
  begun(): void;
  nodes(ids: readonly string[]): readonly unknown[] | Promise<readonly unknown[]>;
  links(question: LinksQuery): readonly unknown[] | Promise<readonly unknown[]>;
  /** @throws CallRefused */
  call(call: FunctionCall): Promise<unknown>;
  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void;
  emit(topic: string, data: JsonText): void;
  log(level: LogLevel, text: string): void;
}
export type NotifyTarget = 'self' | 'users' | 'channels' | 'clients';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** How runs fail, and what each way means. */
export const FAILURES = {
  error: 'The walker threw an error.',
  forbidden: 'The user lacks the access level for what the walker did.',
  invalid: 'The fields of the walker do not match their schema.',
  timeout: 'The walker ran for too long.',
  memory: 'The walker used more memory than it may.',
  limit: 'The walker reported, sent, read, changed or logged more than it may.',
  crash: 'The process that ran the walker ended.',
  host: 'The hub could not answer what the walker asked.',
  busy: 'Too many runs are waiting.',
  stopped: 'The hub is stopping.',
} as const;
export type FailureCode = keyof typeof FAILURES;

/** One thing that is wrong with a field, in the form that clients of Jac-cloud know from its Python library. */
export interface FieldError {
  /** The way to the value: where it was, field names, indexes. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

export interface RunDone {
  readonly ok: true;
  /** A JSON array. */
  readonly reports: JsonText;
  /** What `status()` and `respond()` said. */
  readonly reply?: { readonly status?: number; readonly body?: unknown };
  /** What is to be committed. Undefined: the run changed nothing. It comes from the child, and is to be checked. */
  readonly journal?: unknown;
  readonly cost: Cost;
}

export interface RunFailed {
  readonly ok: false;
  readonly code: FailureCode;
  /** For the one who wrote or called the walker; never a stack trace. */
  readonly message: string;
  /** `walkers/greet.ts:12:5` */
  readonly at?: string;
  /** Of `invalid`: what is wrong with which field. */
  readonly errors?: readonly FieldError[];
  /** Of `host`: what the host threw. */
  readonly cause?: unknown;
  readonly cost: Cost;
}

export type RunResult = RunDone | RunFailed;

/** A walker that a bundle exports. */
export interface WalkerFacts {
  readonly name: string;
  /** As written; not checked. */
  readonly specs: Readonly<Record<string, unknown>>;
  /** JSON schema of its fields. */
  readonly has: Readonly<Record<string, unknown>>;
}

export type ListResult = { readonly ok: true; readonly walkers: readonly WalkerFacts[] } | RunFailed;
