/** Nodes and edges as walkers see them, and the definitions of their types. */
import { completeFields } from './check.ts';
import type { Access, EdgeRecord, NodeRecord } from './run.ts';
import { currentRun } from './run.ts';
import { type Fields, hasNames, objectSchema, type Schema, withNames } from './schema.ts';

/** What is known about a node or edge besides its fields, which are properties of the object itself. */
interface ThingState {
  readonly id: string;
  /** Undefined for what has a name that no loaded file defines. */
  readonly type: ThingType | undefined;
  readonly typeName: string;
  /** The fields as JSON when they were read; undefined for what this run made. */
  readonly stored: string | undefined;
  deleted: boolean;
}

export interface NodeState extends ThingState {
  readonly kind: 'node';
  /** Root id of the owner. */
  readonly owner: string;
  /** Undefined until it is needed: of the user's root where the run started. */
  access: Access | undefined;
  accessChanged: boolean;
}

export interface EdgeState extends ThingState {
  readonly kind: 'edge';
  /** Ids of its ends; undefined until it connects something. */
  ends: { readonly from: string; readonly to: string } | undefined;
}

/** What `node()` and `edge()` know of a type. */
export interface ThingType {
  readonly kind: 'node' | 'edge';
  readonly name: string;
  readonly fields: Fields;
  readonly schema: Schema;
  /** Whether reports have to put names of enums for their values. */
  readonly named: boolean;
}

/** Names that a field may not have, because every object or its owner has a member of that name. */
const RESERVED_EVERYWHERE = ['constructor', 'toJSON', 'toString', 'valueOf', '__proto__', 'hasOwnProperty'];
const RESERVED = {
  node: ['id', 'out', 'in', 'both', 'edges', 'connect', 'disconnect', 'grant', 'revoke'],
  edge: ['id', 'from', 'to'],
  walker: ['report', 'visit', 'disengage', 'root', 'user', 'client', 'event', 'status', 'respond'],
};
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

let readState: (thing: object) => NodeState | EdgeState | undefined = () => undefined;

class Thing {
  readonly #state: NodeState | EdgeState;
  constructor(state: NodeState | EdgeState, fields: Readonly<Record<string, unknown>>) {
    this.#state = state;
    setFields(this, fields);
    if (state.type === undefined && state.typeName !== '') return;
    // So that a mistyped name is an error where it is written.
    for (const name of Object.keys(state.type?.fields ?? {}))
      if (!Object.hasOwn(this, name)) setFields(this, { [name]: undefined });
    Object.preventExtensions(this);
  }
  static {
    readState = (thing) => (#state in thing ? thing.#state : undefined);
  }
  get id(): string {
    return this.#state.id;
  }
  toJSON(): unknown {
    return { id: this.#state.id, context: shownFields(this) };
  }
}

/** Makes values the object's own properties, whatever their names. */
export function setFields(target: object, values: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(values);
  if (!names.some((name) => name in target)) {
    Object.assign(target, values);
    return;
  }
  for (const name of names) {
    const value = values[name];
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

export class GraphNode extends Thing {}
export class GraphEdge extends Thing {}
// Or user code would reach a class that takes any state for true.
for (const made of [Thing, GraphNode, GraphEdge]) Reflect.deleteProperty(made.prototype, 'constructor');

function stateOf(value: unknown): NodeState | EdgeState | undefined {
  return typeof value === 'object' && value !== null ? readState(value) : undefined;
}

/** The state of a node; undefined for anything else, proxies of nodes included. */
export function nodeState(value: unknown): NodeState | undefined {
  const state = stateOf(value);
  return state?.kind === 'node' ? state : undefined;
}

export function edgeState(value: unknown): EdgeState | undefined {
  const state = stateOf(value);
  return state?.kind === 'edge' ? state : undefined;
}

/** @throws TypeError that says what was expected. */
export function needNode(value: unknown, where: string): NodeState {
  const state = nodeState(value);
  if (state === undefined) throw new TypeError(`${where} takes a node`);
  if (state.deleted) throw new Error(`${where}: node ${state.id} was destroyed`);
  return state;
}

/** The fields as they are stored: those of the type, and what an older version of it left. */
export function storedFields(thing: GraphNode | GraphEdge): Record<string, unknown> {
  return { ...thing };
}

function shownFields(thing: Thing): unknown {
  const type = readState(thing)?.type;
  const fields = { ...thing };
  return type?.named === true ? withNames(type.schema, fields) : fields;
}

export type Types = ReadonlyMap<string, ThingType>;

/** The types that the files of this run define, by kind and name. */
let types = new Map<string, ThingType>();

export function definedTypes(): Types {
  return new Map(types);
}

/** What a run defined besides is forgotten. */
export function setTypes(defined: Types): void {
  // A run can only add to them.
  if (types.size !== defined.size || types.size === 0) types = new Map(defined);
}

/** @throws TypeError for a name or field that cannot be, Error for a second type of that name. */
export function defineType(kind: 'node' | 'edge', name: string, fields: Fields): ThingType {
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(`${kind}(): a name has letters, digits and _, at most 64, found ${String(name)}`);
  if (kind === 'edge' && name === GENERIC_EDGE)
    throw new TypeError(`edge(): ${name} is what edges without a type are called`);
  checkFieldNames(kind, name, fields);
  const key = `${kind} ${name}`;
  if (types.has(key)) throw new Error(`${key} is defined twice; export it from one file and import it`);
  const schema = objectSchema(fields);
  const type: ThingType = { kind, name, fields, schema, named: hasNames(schema) };
  types.set(key, type);
  return type;
}

/** @throws TypeError that names the field. */
export function checkFieldNames(kind: keyof typeof RESERVED, owner: string, fields: Fields): void {
  for (const name of Object.keys(fields)) {
    if (RESERVED[kind].includes(name) || RESERVED_EVERYWHERE.includes(name))
      throw new TypeError(`${kind} ${owner}: a field cannot be called ${name}`);
  }
}

const GENERIC_EDGE = 'Edge';
/** The level nobody else is given when a node is made. */
const CLOSED = 'NO_ACCESS';

/** A new node of the run's user. */
export function createNode(type: ThingType, given: unknown): GraphNode {
  const run = currentRun();
  const fields = newFields(type, given);
  run.countWrite();
  const state: NodeState = {
    ...newState(type, type.name, `n:${type.name}:${run.newId()}`),
    kind: 'node',
    owner: run.input.root,
    access: { all: CLOSED, roots: {} },
    accessChanged: false,
  };
  return new GraphNode(state, fields);
}

/** A new edge that connects nothing yet. @param type undefined: a generic one. */
export function createEdge(type: ThingType | undefined, given: unknown): GraphEdge {
  const fields = type === undefined ? {} : newFields(type, given);
  const typeName = type?.name ?? GENERIC_EDGE;
  const id = `e:${typeName}:${currentRun().newId()}`;
  return new GraphEdge({ ...newState(type, typeName, id), kind: 'edge', ends: undefined }, fields);
}

function newState(type: ThingType | undefined, typeName: string, id: string) {
  return { id, type, typeName, stored: undefined, deleted: false };
}

function newFields(type: ThingType, given: unknown): Record<string, unknown> {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`${type.name}() takes an object of fields`);
  const { values, errors } = completeFields(type.fields, { ...given });
  const first = errors[0];
  if (first !== undefined) throw new TypeError(`${type.name}.${first.loc.join('.')}: ${first.msg}`);
  return values;
}

export function loadNode(record: NodeRecord): GraphNode {
  const { root: owner, access } = record;
  const read = readThing('node', record);
  return new GraphNode({ ...read, kind: 'node', owner, access, accessChanged: false }, record.fields);
}

/** A root that was not read: it has no fields, and whom it is granted to matters only to who changes that. */
export function ownRoot(id: string): GraphNode {
  const state: NodeState = {
    id,
    type: undefined,
    typeName: '',
    stored: '{}',
    deleted: false,
    kind: 'node',
    owner: id,
    access: undefined,
    accessChanged: false,
  };
  return new GraphNode(state, {});
}

export function loadEdge(record: EdgeRecord): GraphEdge {
  const ends = { from: record.from, to: record.to };
  return new GraphEdge({ ...readThing('edge', record), kind: 'edge', ends }, record.fields);
}

function readThing(kind: 'node' | 'edge', { id, type: typeName, fields }: NodeRecord | EdgeRecord) {
  const type = types.get(`${kind} ${typeName}`);
  addDefaults(type, fields);
  return { id, type, typeName, stored: JSON.stringify(fields), deleted: false };
}

/** A field that was added to a type after the thing was stored gets its default. */
function addDefaults(type: ThingType | undefined, fields: Record<string, unknown>): void {
  for (const name of Object.keys(type?.fields ?? {})) {
    const schema = type?.fields[name];
    if (schema === undefined || Object.hasOwn(fields, name)) continue;
    Object.assign(fields, completeFields({ [name]: schema }, {}).values);
  }
}
