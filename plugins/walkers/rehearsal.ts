/** Runs of walkers that nothing comes of: nothing is stored, nobody is notified, functions of plugins are replaced. */
import { HubError } from '../../core/index.ts';
import type { CallFailed } from './call.ts';
import { callerOfRoot } from './callers.ts';
import type { Engine } from './engine.ts';
import type { ReplacedFunctions } from './grants/calls.ts';
import type { Replacements } from './grants/offers.ts';
import type { Graph } from './graph/graph.ts';
import { isRootId, PUBLIC_ROOT } from './graph/records.ts';
import type { Cost } from './runtime/protocol.ts';
import type { LogLevel, NotifyTarget } from './runtime/run.ts';

/** A graph that carries over from one rehearsal to the next: what walkers changed on it lies in memory over what is stored. */
export class Stage {
  readonly graph: Graph;

  constructor(graph: Graph) {
    this.graph = graph;
  }
}

export interface Rehearsal {
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Id of the root that it runs for. Default: the public one. */
  readonly root?: string;
  /** Where it starts. Default: on the root. */
  readonly node?: string;
  /** What the walker sees as `event`. */
  readonly event?: unknown;
  /** Unix ms: the time that its clock shows, standing still. Default: the time it is. */
  readonly now?: number;
  /**
   * What is called in place of the functions of plugins. They get checked arguments, and their results are checked. One that is called and
   * not replaced is an error of the walker: in a rehearsal nothing is really done.
   */
  readonly grants?: Replacements;
  /** Default: changes of this run are gone with it. */
  readonly stage?: Stage;
}

/** What the walker said, in order. */
interface Said {
  readonly notifications: readonly {
    readonly to: NotifyTarget;
    readonly targets: readonly string[];
    readonly data: unknown;
  }[];
  readonly topics: readonly { readonly topic: string; readonly data: unknown }[];
  readonly log: readonly { readonly level: LogLevel; readonly text: string }[];
}

interface Played {
  readonly ok: true;
  readonly reports: readonly unknown[];
  /** What `status()` and `respond()` said. */
  readonly reply?: { readonly status?: number; readonly body?: unknown };
  readonly cost: Cost;
}
/** How a rehearsal went. A walker that fails is no rejection. */
export type Rehearsed = Said & (Played | CallFailed);

/** @throws HubError `not_found` when there is no such walker, `invalid_request` when `root` is none. */
export async function rehearse(
  engine: Engine,
  name: string,
  { fields = {}, root = PUBLIC_ROOT, node, event, now, grants = {}, stage = engine.stage(false) }: Rehearsal,
): Promise<Rehearsed> {
  if (!isRootId(root))
    throw new HubError('invalid_request', `root: expected the id of a root, found ${JSON.stringify(root)}`);
  const walker = await engine.find(name);
  const caller = await callerOfRoot(root, engine.users);
  const notifications: Said['notifications'][number][] = [];
  const topics: Said['topics'][number][] = [];
  const log: Said['log'][number][] = [];
  const result = await engine.runAside(
    { walker, fields, caller, node, event, line: 'rehearsals', ...(now !== undefined && { now }) },
    {
      notify: (to, targets, data) => notifications.push({ to, targets, data: data.toJSON() }),
      emit: (topic, data) => topics.push({ topic, data: data.toJSON() }),
      log: (level, text) => log.push({ level, text }),
      failed: () => {},
    },
    // Each is given only what the schema of its function has let through.
    { graph: stage.graph, replaced: grants as ReplacedFunctions },
  );
  const said = { notifications, topics, log };
  if (!result.ok) return { ...said, ...result };
  const { reports, reply, cost } = result;
  return { ...said, ok: true, reports: JSON.parse(reports.text), ...(reply && { reply }), cost };
}
