/** Runs a walker on the graph: an attempt in a child process, its changes committed, again on a conflict. */
import { randomUUID } from 'node:crypto';
import { HubError, JsonText, type Log } from '../../core/index.ts';
import { Ahead } from './ahead.ts';
import type { Caller } from './callers.ts';
import { Calls, type ReplacedFunctions } from './grants/calls.ts';
import type { Offers } from './grants/offers.ts';
import type { Graph, Attempt as GraphAttempt } from './graph/graph.ts';
import { type Tick, tickDone } from './graph/ticks.ts';
import type { LinksQuery, Transaction } from './graph/transaction.ts';
import type { Turn } from './order.ts';
import type { LoadedWalker } from './runtime/library.ts';
import type { WalkerPool } from './runtime/pool.ts';
import { type Cost, NO_COST } from './runtime/protocol.ts';
import type {
  FieldError,
  FunctionCall,
  LogLevel,
  NotifyTarget,
  RunDone,
  RunHost,
  RunRequest,
  RunResult,
} from './runtime/run.ts';

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
    const { walker, fields, caller, client = null, event = null, line, now, tick, turn } = call;
    const { bundle, limits } = walker;
    const { root, user } = caller;
    const bounds = { reads: limits.reads, writes: limits.writes, ...this.#bounds };
    const { pool } = this.#parts;
    const graph = props?.graph ?? this.#parts.graph;
    const shared: Shared = { notified: 0, logged: 0, calls: undefined };
    const makeCalls = () => this.#callsOf(call, props);
    const attempt = async (transaction: Transaction): Promise<GraphAttempt<CallResult>> => {
      const onRoot = call.node === undefined || call.node === root;
      const node = onRoot ? null : (await transaction.nodes([call.node]))[0];
      if (!onRoot && !node) return { journal: undefined, result: noAccess(call.node) };
      const request = {
        bundle,
        walker: walker.name,
        fields,
        node,
        root,
        user,
        client,
        event,
        now,
        limits,
        line,
      };
      const host = new Attempt({ transaction, voice, shared, makeCalls });
      const early = turn?.hasCome === false ? await this.#runAhead(turn, request, host) : undefined;
      const result = early ?? (await pool.run(request, host));
      if (result.ok) return { journal: result.journal, result };
      // What the graph threw: a conflict, which is repeated, or a failure of the store.
      if (result.code === 'host') throw result.cause;
      return { journal: undefined, result };
    };
    try {
      return await graph.run(root, bounds, tick === undefined ? attempt : once(tick, attempt));
    } catch (error) {
      const failed = this.#failed(walker.name, error);
      return tick === undefined ? failed : this.#storeAlone(tick, call, failed);
    }
  }

  /** @returns once its turn has come; undefined when it has to be run then, nothing having come of it. */
  async #runAhead(turn: Turn, request: RunRequest, host: RunHost): Promise<RunResult | undefined> {
    const ahead = new Ahead(host, turn);
    const result = await this.#parts.pool.run(request, ahead);
    if (!turn.hasCome) await turn.come;
    return ahead.settle() ? result : undefined;
  }

  /** The tick of a run whose changes are refused: they would be refused again. */
  async #storeAlone(tick: Tick, { walker, caller }: Call, failed: CallFailed): Promise<CallResult> {
    const bounds = { ...walker.limits, ...this.#bounds };
    const attempt = once(tick, async () => ({ journal: undefined, result: failed }));
    try {
      return await this.#parts.graph.run(caller.root, bounds, attempt);
    } catch (error) {
      return this.#failed(walker.name, error);
    }
  }

  #callsOf({ walker, caller: { root, user } }: Call, props: Props | undefined): Calls {
    const { name, specs, limits } = walker;
    const { offers, log } = this.#parts;
    const facts = { root, user, walker: name };
    return new Calls({ offers, allowed: specs.grants, facts, limits, log, replaced: props?.replaced });
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

/** What the attempts of a run share: a repeated one says and calls again what the one before did. */
interface Shared {
  /** How much of what it says has left. */
  notified: number;
  logged: number;
  /** Undefined until the walker calls a function, which few do. */
  calls: Calls | undefined;
}

interface AttemptParts {
  readonly transaction: Transaction;
  readonly voice: Voice;
  readonly shared: Shared;
  readonly makeCalls: () => Calls;
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
    this.#parts.shared.calls?.restart();
  }

  call(call: FunctionCall) {
    const { shared, makeCalls } = this.#parts;
    shared.calls ??= makeCalls();
    return shared.calls.call(call);
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
    const { shared, voice } = this.#parts;
    if (++this.#logged <= shared.logged) return;
    shared.logged = this.#logged;
    voice.log(level, text);
  }

  #isNews(): boolean {
    const { shared } = this.#parts;
    if (++this.#notified <= shared.notified) return false;
    shared.notified = this.#notified;
    return true;
  }
}

const DONE_BEFORE: CallResult = { ok: true, reports: new JsonText('[]'), cost: NO_COST };

/** An attempt that is made unless the tick is past, and stores the tick with what comes of it. */
function once(
  tick: Tick,
  attempt: (transaction: Transaction) => Promise<GraphAttempt<CallResult>>,
): (transaction: Transaction) => Promise<GraphAttempt<CallResult>> {
  return async (transaction) => {
    if (await transaction.isPast(tick)) return { journal: undefined, result: DONE_BEFORE };
    const { journal, result } = await attempt(transaction);
    if (!result.ok && NOT_RUN.includes(result.code)) return { journal, result };
    return { journal, beside: tickDone(tick), result };
  };
}

function failure(code: CallFailed['code'], message: string): CallFailed {
  return { ok: false, code, message, cost: NO_COST };
}

function noAccess(node: string): CallFailed {
  return failure('forbidden', `you have no access to ${node.slice(0, 120)}, or there is no such node`);
}
