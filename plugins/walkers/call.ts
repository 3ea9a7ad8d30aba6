/** A call of a walker, and what comes of it. */
import type { JsonText } from '../../core/index.ts';
import type { Caller } from './callers.ts';
import type { ReplacedFunctions } from './grants/calls.ts';
import type { Graph } from './graph/graph.ts';
import type { Tick } from './graph/ticks.ts';
import type { Turn } from './order.ts';
import type { LoadedWalker } from './runtime/library.ts';
import type { Cost } from './runtime/protocol.ts';
import type { FieldError, LogLevel, NotifyTarget, RunDone } from './runtime/run.ts';

export interface Call {
  readonly walker: LoadedWalker;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** Where it starts. undefined: on the caller's root. */
  readonly node?: string | undefined;
  /** In a WebSocket event: what the walker sees as `client`. */
  readonly client?: { readonly client_id: string; readonly channel_id: string };
  /** What the walker sees as `event`. */
  readonly event?: unknown;
  /** In whose turn it leaves the queue. Default: in that of the caller's root. */
  readonly line?: string;
  /** Unix ms: the time that the walker's clock shows. Default: the time it is. */
  readonly now?: number;
  /** It is run for this tick, unless that was done before. */
  readonly tick?: Tick;
  /** Before it nothing of the run takes effect. Only of one on the caller's root. Default: it has come. */
  readonly turn?: Turn;
}

/** What a run has in place of the real things: a rehearsal. */
export interface Props {
  readonly graph: Graph;
  readonly replaced: ReplacedFunctions;
}

/** Where what a walker says while it runs goes, and how it failed. */
export interface Voice {
  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void;
  emit(topic: string, data: JsonText): void;
  log(level: LogLevel, text: string): void;
  /** Last of all, when it did. */
  failed(result: CallFailed): void;
}

/** How a call fails, and the HTTP status for it. */
export const CALL_FAILURES = {
  error: 500,
  invalid: 422,
  timeout: 504,
  memory: 500,
  limit: 400,
  crash: 500,
  host: 500,
  busy: 503,
  stopped: 503,
  /** The caller lacks the access level, on the node to start on or on one that the walker did something with. */
  forbidden: 403,
} as const;

/** Failures that the walker has no part in: the same call may do well later. */
export const NOT_RUN: readonly CallFailed['code'][] = ['host', 'busy', 'stopped'];

export interface CallFailed {
  readonly ok: false;
  readonly code: keyof typeof CALL_FAILURES;
  /** For the caller. */
  readonly message: string;
  /** `walkers/greet.ts:12:5`: for whoever wrote it. */
  readonly at?: string;
  /** Of `invalid`. */
  readonly errors?: readonly FieldError[];
  readonly cost: Cost;
}
export type CallResult = RunDone | CallFailed;
