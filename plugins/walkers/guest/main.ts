/** What the child process calls in an isolate: define the files, list their walkers, run one. */
import { setClock } from './clock.ts';
import { AccessError, CallError, ERROR_CLASSES } from './errors.ts';
import { grant, setCatalogue } from './grants.ts';
import { currentGraph, Graph, setGraph } from './graph.ts';
import { definitionOf } from './hidden.ts';
import { AnyNode, destroy, edge, node, Root, ref, THING_PROTOTYPES } from './members.ts';
import { socket, topics, walkerConsole } from './notifying.ts';
import { closeRealm, freezeAll } from './realm.ts';
import { connectHost, type GuestLimits, type HostCall, Run, type RunInput, setRun } from './run.ts';
import { Type } from './schema.ts';
import { definedTypes, setTypes, type Types } from './things.ts';
import { closeWalker, spawn, start, Walker, walker } from './walkers.ts';

/** Exports of a file by name. */
type Exports = Readonly<Record<string, unknown>>;
/** A user's file as a function of what it imports. */
type Factory = (...imports: readonly Exports[]) => readonly [exported: Exports, ...constants: unknown[]];

interface File {
  readonly path: string;
  readonly factory: Factory;
  /** Paths, in the order of the factory's parameters. */
  readonly imports: readonly string[];
  /** Once all that it returns is frozen, nothing of a run can stay in it. */
  readonly isConstant: boolean;
}

const LIBRARY = 'hub:walker';
const library = Object.freeze({
  walker,
  node,
  edge,
  Root,
  AnyNode,
  Type,
  socket,
  topics,
  ref,
  destroy,
  spawn,
  grant,
});

/** In an order in which each comes after what it imports; the last one is the file whose walkers run. */
const files: File[] = [];

/** First of all, once. @param catalogue JSON: names of offered functions, by grant. */
export function open(call: HostCall, catalogue: string): void {
  connectHost(call);
  setCatalogue(JSON.parse(catalogue));
  setClock();
  Object.defineProperty(globalThis, 'console', { value: walkerConsole, enumerable: false });
  closeRealm([library, walkerConsole, Walker.prototype, ...THING_PROTOTYPES, ...ERROR_CLASSES]);
}

/** @param imports JSON of a list of paths. */
export function define(path: string, factory: Factory, imports: string, isConstant: boolean): void {
  files.push({ path, factory, imports: JSON.parse(imports), isConstant });
}

/** What the last file exports, and all types, when the files are the same in every run. */
let constant: { readonly exported: Exports; readonly types: Types } | undefined;

/** The files as they are at the beginning of a run, so that nothing of an earlier one is in them. */
function evaluated(): Exports {
  if (constant !== undefined) {
    setTypes(constant.types);
    return constant.exported;
  }
  setTypes(new Map());
  const done = new Map<string, Exports>([[LIBRARY, library]]);
  const made: unknown[] = [];
  let last: Exports = {};
  for (const { path, factory, imports } of files) {
    const [exported, ...constants] = factory(...imports.map((name) => done.get(name) ?? {}));
    last = exported;
    made.push(exported, ...constants);
    done.set(path, exported);
  }
  if (files.every(({ isConstant }) => isConstant)) {
    for (const value of made) closeWalker(value);
    freezeAll(made);
    constant = { exported: last, types: definedTypes() };
  }
  return last;
}

/** The walkers of the last file. @returns as `run` does; `done` comes with their names, specs and schemas. */
export function list(): string {
  setRun(undefined, 0);
  setGraph(undefined);
  try {
    const exported = Object.entries(evaluated());
    const walkers = exported.flatMap(([name, value]) => {
      const definition = definitionOf(value);
      return definition === undefined ? [] : [{ name, specs: definition.specs, has: definition.schema }];
    });
    return `done\t0,0\t${JSON.stringify(walkers)}`;
  } catch (error) {
    return `failed\t0,0\t${JSON.stringify(explain(error))}`;
  }
}

/** Those of the run before are mostly those of the next. */
let limits: { readonly text: string; readonly values: GuestLimits } | undefined;

/** Hex digits of a seed. */
const SEED = 16;

/**
 * Runs walkers, one after the other, each to its end.
 * @param texts a line for each: the run's input as JSON, a tab, and what it sees as `user`, `client` and `event`, as JSON.
 * @param limitsText JSON; for each run.
 * @param seeds for each run 16 hex digits that no other run has.
 * @returns a line for each, in parts separated by tabs, which JSON text never holds: `done`, the counts, the reports, what
 *   `status` and `respond` said, the journal ('' for none of it); or `failed`, the counts, the failure as JSON.
 */
export function run(texts: string, limitsText: string, seeds: string): string {
  if (limits?.text !== limitsText) limits = { text: limitsText, values: JSON.parse(limitsText) };
  const { values } = limits;
  const outcomes = texts.split('\n').map((line, at) => {
    const tab = line.indexOf('\t');
    const input: RunInput = JSON.parse(line.slice(0, tab));
    const seed = seeds.slice(at * SEED, (at + 1) * SEED);
    return outcomeOf(new Run(input, line.slice(tab + 1), values, seed), at);
  });
  return outcomes.join('\n');
}

/** @param at which of the runs of the call it is. */
function outcomeOf(run: Run, at: number): string {
  const { input } = run;
  setRun(undefined, at);
  try {
    const definition = definitionOf(evaluated()[input.walker]);
    if (definition === undefined) throw new Error(`there is no walker ${input.walker}`);
    const graph = new Graph();
    setRun(run, at);
    setGraph(graph);
    const errors = start(definition, input.fields, graph.start(input));
    if (errors.length > 0)
      return failed(run, { code: 'invalid', message: 'the fields of the walker are not valid', errors });
    const reports = reportsText(run);
    const reply = run.responded || run.status !== undefined ? replyText(run) : '';
    const journal = currentGraph().journal();
    return run.failure === undefined
      ? `done\t${counts(run)}\t${reports}\t${reply}\t${journal}`
      : failed(run, run.failure);
  } catch (error) {
    return failed(run, { ...explain(error), ...run.failure });
  } finally {
    setRun(undefined, at);
    setGraph(undefined);
  }
}

function counts(run: Run): string {
  return `${run.reads},${run.writes}`;
}

function failed(run: Run, failure: object): string {
  return `failed\t${counts(run)}\t${JSON.stringify(failure)}`;
}

function reportsText(run: Run): string {
  const text = JSON.stringify(run.reports);
  const most = run.limits.reportBytes;
  if (text.length > most) throw run.exceeded(`reports of more than ${most} characters`);
  return text;
}

function replyText(run: Run): string {
  const { status, responded, body } = run;
  const text = JSON.stringify(responded ? { status, body } : { status });
  const most = run.limits.reportBytes;
  if (text.length > most) throw run.exceeded(`a response of more than ${most} characters`);
  return text;
}

/** Characters of an error's message that are passed on. */
const MESSAGE_LENGTH = 1_000;
/** Where a frame of the stack is in a user's file. */
const POSITION = /file:\/\/\/walkers\/([^\s()]{1,300}:\d{1,9}:\d{1,9})/;

/** Anything that was thrown, as text. Its getters are user code, and may do anything that user code may. */
function explain(thrown: unknown): { code: string; message: string; at?: string } {
  let code = 'error';
  try {
    if (!(thrown instanceof Error)) return { code, message: `thrown: ${cut(shownValue(thrown))}` };
    // What V8 throws when the isolate's memory has no room for a buffer.
    if (thrown.message === 'Array buffer allocation failed') code = 'memory';
    const at = POSITION.exec(cut(String(thrown.stack), 20 * MESSAGE_LENGTH))?.[1];
    if (thrown instanceof AccessError) code = 'forbidden';
    const isPlain = thrown.name === 'Error' || code === 'forbidden' || thrown instanceof CallError;
    const message = cut(isPlain ? String(thrown.message) : `${thrown.name}: ${thrown.message}`);
    return { code, message, ...(at !== undefined && { at: `walkers/${at}` }) };
  } catch {
    return { code, message: 'an error that cannot be shown' };
  }
}

function shownValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? (JSON.stringify(value) ?? 'nothing') : String(value);
}

function cut(text: string, length = MESSAGE_LENGTH): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
