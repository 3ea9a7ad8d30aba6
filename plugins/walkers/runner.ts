/** Runs a walker on the graph: an attempt in a child process, its changes committed, again on a conflict. */
import { randomUUID } from 'node:crypto';
import { HubError, type JsonText, type Log } from '../../core/index.ts';
import type { Caller } from './callers.ts';
import type { Graph } from './graph/graph.ts';
import type { Transaction } from './graph/transaction.ts';
import type { LoadedWalker } from './runtime/library.ts';
import type { WalkerPool } from './runtime/pool.ts';
import { type Cost, NO_COST } from './runtime/protocol.ts';
import type { FieldError, LinksQuestion, LogLevel, NotifyTarget, RunDone, RunHost } from './runtime/run.ts';

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

export class Runner {
  readonly #graph: Graph;
  readonly #pool: WalkerPool;
  readonly #bounds: GraphBounds;
  readonly #log: Log;

  constructor(graph: Graph, pool: WalkerPool, bounds: GraphBounds, log: Log) {
    this.#graph = graph;
    this.#pool = pool;
    this.#bounds = bounds;
    this.#log = log;
  }

  /** Never rejects. What it returns is durable. */
  async run(call: Call, voice: Voice): Promise<CallResult> {
    const { walker, fields, caller, client = null, event = null, line } = call;
    const { bundle, limits } = walker;
    const { root, user } = caller;
    const bounds = { reads: limits.reads, writes: limits.writes, ...this.#bounds };
    const said: Said = { notified: 0, logged: 0 };
    try {
      return await this.#graph.run<CallResult>(root, bounds, async (transaction) => {
        const onRoot = call.node === undefined || call.node === root;
        const node = onRoot ? null : (await transaction.nodes([call.node]))[0];
        if (!onRoot && !node) return { journal: undefined, result: noAccess(call.node) };
        const result = await this.#pool.run(
          { bundle, walker: walker.name, fields, node, root, user, client, event, limits, line },
          new Attempt(transaction, voice, said),
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
    this.#log.error({ err: error, walker, traceId }, 'a walker could not be run');
    return failure('host', `the hub failed to run the walker, trace id ${traceId}`);
  }
}

/** How much of what a run says has left: a repeated attempt says it again. */
interface Said {
  notified: number;
  logged: number;
}

/** One attempt, as the pool sees the hub: its questions go to the graph, what it says to the voice. */
class Attempt implements RunHost {
  readonly #transaction: Transaction;
  readonly #voice: Voice;
  readonly #said: Said;
  #notified = 0;
  #logged = 0;

  constructor(transaction: Transaction, voice: Voice, said: Said) {
    this.#transaction = transaction;
    this.#voice = voice;
    this.#said = said;
  }

  nodes(ids: readonly string[]) {
    return this.#transaction.nodes(ids);
  }

  links(question: LinksQuestion) {
    return this.#transaction.links(question);
  }

  notify(to: NotifyTarget, targets: readonly string[], data: JsonText): void {
    if (this.#isNews()) this.#voice.notify(to, targets, data);
  }

  emit(topic: string, data: JsonText): void {
    if (this.#isNews()) this.#voice.emit(topic, data);
  }

  log(level: LogLevel, text: string): void {
    if (++this.#logged <= this.#said.logged) return;
    this.#said.logged = this.#logged;
    this.#voice.log(level, text);
  }

  #isNews(): boolean {
    if (++this.#notified <= this.#said.notified) return false;
    this.#said.notified = this.#notified;
    return true;
  }
}

function failure(code: CallFailed['code'], message: string): CallFailed {
  return { ok: false, code, message, cost: NO_COST };
}

function noAccess(node: string): CallFailed {
  return failure('forbidden', `you have no access to ${node.slice(0, 120)}, or there is no such node`);
}
