/** Runs a walker on the graph: an attempt in a child process, its changes committed, again on a conflict. */
import { randomUUID } from 'node:crypto';
import { HubError, type JsonText, type Log } from '../../core/index.ts';
import type { Caller } from './callers.ts';
import { Calls, type ReplacedFunctions } from './grants/calls.ts';
import type { Offers } from './grants/offers.ts';
import type { Graph } from './graph/graph.ts';
import type { LinksQuery, Transaction } from './graph/transaction.ts';
import type { LoadedWalker } from './runtime/library.ts';
import type { WalkerPool } from './runtime/pool.ts';
import { type Cost, NO_COST } from './runtime/protocol.ts';
import type { FieldError, FunctionCall, LogLevel, NotifyTarget, RunDone, RunHost } from './runtime/run.ts';

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
}

/** What a run has in place of the real things: a rehearsal. */
export interface Props {
  readonly graph: Graph;
  readonly replaced: ReplacedFunctions;
}

/** Where what a walker says while it runs goes. */
export interface Voice {
  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void;
  emit(topic: string, data: JsonText): void;
  log(level: LogLevel, text: string): void;
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

/** Bounds of a run on the graph, beside those every walker may tighten. */
interface GraphBounds {
  readonly readBytes: number;
  readonly recordBytes: number;
}

interface RunnerParts {
  readonly graph: Graph;
  readonly pool: WalkerPool;
  readonly offers: Offers;
  readonly log: Log;
}

export class Runner {
  readonly #parts: RunnerParts;
  readonly #bounds: GraphBounds;

  constructor(parts: RunnerParts, bounds: GraphBounds) {
    this.#parts = parts;
    this.#bounds = bounds;
  }

  /** Never rejects. What it returns is durable, unless `props` has another graph. */
  async run(call: Call, voice: Voice, props?: Props): Promise<CallResult> {
    const { walker, fields, caller, client = null, event = null, line, now } = call;
    const { bundle, limits } = walker;
    const { root, user } = caller;
    const bounds = { reads: limits.reads, writes: limits.writes, ...this.#bounds };
    const { pool, offers, log } = this.#parts;
    const { grants: allowed } = walker.specs;
    const facts = { root, user, walker: walker.name };
    const calls = new Calls({ offers, allowed, facts, limits, log, replaced: props?.replaced });
    const graph = props?.graph ?? this.#parts.graph;
    const said: Said = { notified: 0, logged: 0 };
    try {
      return await graph.run<CallResult>(root, bounds, async (transaction) => {
        const onRoot = call.node === undefined || call.node === root;
        const node = onRoot ? null : (await transaction.nodes([call.node]))[0];
        if (!onRoot && !node) return { journal: undefined, result: noAccess(call.node) };
        const result = await pool.run(
          { bundle, walker: walker.name, fields, node, root, user, client, event, now, limits, line },
          new Attempt({ transaction, voice, calls, said }),
        );
        if (result.ok) return { journal: result.journal, result };
        // What the graph threw: a conflict, which is repeated, or a failure of the store.
        if (result.code === 'host') throw result.cause;
        return { journal: undefined, result };
      });
    } catch (error) {
      return this.#failed(walker.name, error);
    }
  }

  #failed(walker: string, error: unknown): CallFailed {
    const code = error instanceof HubError ? error.code : 'internal';
    if (error instanceof HubError && code === 'forbidden') return failure('forbidden', error.message);
    if (error instanceof HubError && code === 'limit_exceeded') return failure('limit', error.message);
    const traceId = randomUUID();
    this.#parts.log.error({ err: error, walker, traceId }, 'a walker could not be run');
    return failure('host', `the hub failed to run the walker, trace id ${traceId}`);
  }
}

/** How much of what a run says has left: a repeated attempt says it again. */
interface Said {
  notified: number;
  logged: number;
}

interface AttemptParts {
  readonly transaction: Transaction;
  readonly voice: Voice;
  readonly calls: Calls;
  readonly said: Said;
}

/** One attempt, as the pool sees the hub: its questions go to the graph and to plugins, what it says to the voice. */
class Attempt implements RunHost {
  readonly #parts: AttemptParts;
  #notified = 0;
  #logged = 0;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  begun(): void {
    this.#parts.calls.restart();
  }

  call(call: FunctionCall) {
    return this.#parts.calls.call(call);
  }

  nodes(ids: readonly string[]) {
    return this.#parts.transaction.nodes(ids);
  }

  links(question: LinksQuery) {
    return this.#parts.transaction.links(question);
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    if (this.#isNews()) this.#parts.voice.notify(to, targets, data);
  }

  emit(topic: string, data: JsonText): void {
    if (this.#isNews()) this.#parts.voice.emit(topic, data);
  }

  log(level: LogLevel, text: string): void {
    const { said, voice } = this.#parts;
    if (++this.#logged <= said.logged) return;
    said.logged = this.#logged;
    voice.log(level, text);
  }

  #isNews(): boolean {
    const { said } = this.#parts;
    if (++this.#notified <= said.notified) return false;
    said.notified = this.#notified;
    return true;
  }
}

function failure(code: CallFailed['code'], message: string): CallFailed {
  return { ok: false, code, message, cost: NO_COST };
}

function noAccess(node: string): CallFailed {
  return failure('forbidden', `you have no access to ${node.slice(0, 120)}, or there is no such node`);
}
