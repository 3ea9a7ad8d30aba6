/** Runs a walker on the graph: an attempt in a child process, its changes committed, again on a conflict. */
import { randomUUID } from 'node:crypto';
import { HubError, JsonText, type Log } from '../../core/index.ts';
import { Ahead } from './ahead.ts';
import { Attempt, type Shared } from './attempt.ts';
import { type Call, type CallFailed, type CallResult, NOT_RUN, type Props, type Voice } from './call.ts';
import { Calls } from './grants/calls.ts';
import type { Offers } from './grants/offers.ts';
import type { Graph, Attempt as GraphAttempt } from './graph/graph.ts';
import { type Tick, tickDone } from './graph/ticks.ts';
import type { Transaction } from './graph/transaction.ts';
import type { WalkerPool } from './runtime/pool.ts';
import { NO_COST } from './runtime/protocol.ts';
import type { RunRequest, RunResult } from './runtime/run.ts';

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

/** What was done of a call before it got a transaction. */
interface Begun {
  readonly shared: Shared;
  /** Of a run that asked for nothing, but has changed something. Undefined: it is yet to be run. */
  readonly result: RunResult | undefined;
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
    const { walker, turn } = call;
    let begun: Begun = { shared: { notified: 0, logged: 0, calls: undefined }, result: undefined };
    let result: CallResult | undefined;
    if (isOnRoot(call) && call.tick === undefined && this.#parts.pool.isSelfReliant(walker)) {
      // Most runs of such a walker touch nothing of the graph, and need no transaction.
      const ahead = new Ahead(voice, begun.shared, turn);
      const early = await this.#parts.pool.run(requestOf(call, null), ahead);
      if (turn?.hasCome === false) await turn.come;
      if (ahead.settle()) {
        if (early.ok && early.journal !== undefined) begun = { ...begun, result: early };
        else result = early;
      }
    } else if (turn?.hasCome === false) await turn.come;
    result ??= await this.#runOnGraph(call, voice, begun, props);
    if (!result.ok) voice.failed(result);
    return result;
  }

  async #runOnGraph(call: Call, voice: Voice, begun: Begun, props?: Props): Promise<CallResult> {
    const { walker, caller, tick } = call;
    const { reads, writes } = walker.limits;
    const { shared } = begun;
    const makeCalls = () => this.#callsOf(call, props);
    const attempt = async (transaction: Transaction, before: number): Promise<GraphAttempt<CallResult>> => {
      const node = isOnRoot(call) ? null : (await transaction.nodes([call.node ?? '']))[0];
      if (node === undefined || (node === null && !isOnRoot(call)))
        return { journal: undefined, result: noAccess(call.node ?? '') };
      const early = before === 0 ? begun.result : undefined;
      const host = new Attempt({ transaction, voice, shared, makeCalls });
      const result = early ?? (await this.#parts.pool.run(requestOf(call, node), host));
      if (result.ok) return { journal: result.journal, result };
      // What the graph threw: a conflict, which is repeated, or a failure of the store.
      if (result.code === 'host') throw result.cause;
      return { journal: undefined, result };
    };
    const graph = props?.graph ?? this.#parts.graph;
    const bounds = { reads, writes, ...this.#bounds };
    try {
      return await graph.run(caller.root, bounds, tick === undefined ? attempt : once(tick, attempt));
    } catch (error) {
      const failed = this.#failed(walker.name, error);
      return tick === undefined ? failed : this.#storeAlone(tick, call, failed);
    }
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

function isOnRoot({ node, caller }: Call): boolean {
  return node === undefined || node === caller.root;
}

/** @param node null: the root. */
function requestOf({ walker, fields, caller, client, event, line, now }: Call, node: unknown): RunRequest {
  const { bundle, name, limits } = walker;
  const { root, user } = caller;
  return {
    bundle,
    walker: name,
    fields,
    node,
    root,
    user,
    client: client ?? null,
    event: event ?? null,
    now,
    limits,
    line,
  };
}

const DONE_BEFORE: CallResult = { ok: true, reports: new JsonText('[]'), cost: NO_COST };

/** An attempt that is made unless the tick is past, and stores the tick with what comes of it. */
function once(
  tick: Tick,
  attempt: (transaction: Transaction, before: number) => Promise<GraphAttempt<CallResult>>,
): (transaction: Transaction, before: number) => Promise<GraphAttempt<CallResult>> {
  return async (transaction, before) => {
    if (await transaction.isPast(tick)) return { journal: undefined, result: DONE_BEFORE };
    const { journal, result } = await attempt(transaction, before);
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
