/** Walkers: their definition, and how one walks. */
import type { FieldError } from '../runtime/run.ts';
import { completeFields } from './check.ts';
import { currentGraph } from './graph.ts';
import { definitionOf, stampWalker } from './hidden.ts';
import { nodeTypeName } from './members.ts';
import { currentRun } from './run.ts';
import { type Fields, objectSchema, type Schema } from './schema.ts';
import { checkFieldNames, GraphNode, needNode, nodeState, setFields } from './things.ts';

type Ability = (walker: Walker, here: GraphNode) => unknown;

interface TypedAbility {
  /** Names of node types, '' for roots; undefined: every node. */
  readonly on: readonly string[] | undefined;
  readonly run: Ability;
}

/** What `walker()` and the chain after it have said. */
export interface Definition {
  readonly fields: Fields;
  readonly schema: Schema;
  readonly specs: Readonly<Record<string, unknown>>;
  readonly entry: TypedAbility[];
  readonly exit: TypedAbility[];
}

interface Way {
  readonly definition: Definition;
  queue: GraphNode[];
  walking: boolean;
  disengaged: boolean;
}

let readWay: (walker: object) => Way | undefined = () => undefined;

/** One walker on its way. Its fields are its own properties. */
export class Walker {
  readonly #way: Way;
  constructor(definition: Definition, fields: Readonly<Record<string, unknown>>) {
    this.#way = { definition, queue: [], walking: false, disengaged: false };
    setFields(this, fields);
  }
  static {
    readWay = (walker) => (#way in walker ? walker.#way : undefined);
  }
  /** The value itself is kept: what changes of it afterwards shows in the answer, as it does in Jac. */
  report(value: unknown): void {
    currentRun().report(value === undefined ? null : value);
  }
  /** Queues nodes, to be visited after those that are queued. @returns whether there was one. */
  visit(nodes: unknown): boolean {
    const wanted: readonly unknown[] = Array.isArray(nodes) ? nodes : [nodes];
    for (const next of wanted) {
      needNode(next, 'visit()');
      if (next instanceof GraphNode) this.#way.queue.push(next);
    }
    return wanted.length > 0;
  }
  /** The present ability goes on to its end; nothing is visited after it. */
  disengage(): void {
    this.#way.disengaged = true;
  }
  get root(): unknown {
    return currentGraph().find(currentRun().input.root);
  }
  get user(): unknown {
    return currentRun().who.user;
  }
  get client(): unknown {
    return currentRun().who.client;
  }
  get event(): unknown {
    return currentRun().who.event;
  }
  /** Sets the HTTP status of the answer. */
  status(code: number): void {
    if (!Number.isInteger(code) || code < 100 || code > 599)
      throw new RangeError('status() takes an HTTP status, 100 to 599');
    currentRun().status = code;
  }
  /** Sets the body of the answer in place of the reports. */
  respond(body: unknown): void {
    const run = currentRun();
    run.body = body === undefined ? null : body;
    run.responded = true;
  }
}
Reflect.deleteProperty(Walker.prototype, 'constructor');

interface WalkerOptions {
  readonly specs?: Readonly<Record<string, unknown>>;
  readonly has?: Fields;
}

/** A new kind of walker, without abilities yet. */
export function walker({ specs = {}, has = {} }: WalkerOptions = {}) {
  checkFieldNames('walker', 'has', has);
  const definition: Definition = { fields: has, schema: objectSchema(has), specs, entry: [], exit: [] };
  const make = (given: Record<string, unknown> = {}) => {
    const { values, errors } = completeFields(has, given);
    const first = errors[0];
    if (first !== undefined) throw new TypeError(`walker field ${first.loc.join('.')}: ${first.msg}`);
    return new Walker(definition, values);
  };
  const made = Object.assign(make, {
    entry: (on: unknown, run: Ability) => {
      add(definition.entry, ability('entry()', on, run));
      return made;
    },
    exit: (on: unknown, run: Ability) => {
      add(definition.exit, ability('exit()', on, run));
      return made;
    },
  });
  stampWalker(made, definition);
  return made;
}

function add(abilities: TypedAbility[], one: TypedAbility): void {
  if (Object.isFrozen(abilities)) throw new Error('a walker gets its abilities at the top of its file');
  abilities.push(one);
}

/** Nothing can be added to it any more, if it is a walker. */
export function closeWalker(value: unknown): void {
  const definition = definitionOf(value);
  if (definition === undefined) return;
  Object.freeze(definition.entry);
  Object.freeze(definition.exit);
}

function ability(where: string, on: unknown, run: Ability): TypedAbility {
  if (typeof run !== 'function') throw new TypeError(`${where} takes a node type and a function`);
  const types: readonly unknown[] = Array.isArray(on) ? on : [on];
  if (types.includes(undefined)) throw new TypeError(`${where} takes a node type; AnyNode for all`);
  const names = types.map((type) => nodeTypeName(type, where));
  return { on: names.every((name) => name !== undefined) ? names : undefined, run };
}

/** Starts the walker a run is about. @returns what is wrong with the fields; empty: it has walked. */
export function start(
  definition: Definition,
  given: Record<string, unknown>,
  node: GraphNode,
): readonly FieldError[] {
  const { values, errors } = completeFields(definition.fields, given);
  if (errors.length === 0) walk(new Walker(definition, values), node);
  return errors;
}

/** Runs another walker to its end, within this run: its reports and changes are this run's. @returns the walker. */
export function spawn(walker: Walker, node: GraphNode): Walker {
  needNode(node, 'spawn()');
  walk(walker, node);
  return walker;
}

/**
 * Breadth first, in the order queued. On each node first the entry abilities for its type, then the exit abilities, each
 * in the order declared; then the next node. After `disengage` nothing more is run, as in Jac.
 */
function walk(walker: Walker, from: GraphNode): void {
  const way = typeof walker === 'object' && walker !== null ? readWay(walker) : undefined;
  if (way === undefined) throw new TypeError('spawn() takes a walker');
  if (way.walking) throw new Error('spawn(): this walker is on its way already');
  way.walking = true;
  way.disengaged = false;
  way.queue = [from];
  try {
    const { entry, exit } = way.definition;
    for (let at = 0; at < way.queue.length; at++) {
      const here = way.queue[at];
      const state = nodeState(here);
      if (here === undefined || state === undefined || state.deleted) continue;
      if (!runAbilities(entry, state.typeName, walker, here, way)) return;
      if (!runAbilities(exit, state.typeName, walker, here, way)) return;
    }
  } finally {
    way.walking = false;
  }
}

/** @returns false when the walker disengaged. */
function runAbilities(
  abilities: readonly TypedAbility[],
  typeName: string,
  walker: Walker,
  here: GraphNode,
  way: Way,
): boolean {
  for (const { on, run } of abilities) {
    if (on !== undefined && !on.includes(typeName)) continue;
    run(walker, here);
    if (way.disengaged) return false;
  }
  return true;
}
