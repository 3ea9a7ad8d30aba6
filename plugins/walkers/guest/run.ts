/** The one run that is going on: what it was given, what it may use up, how it reaches the hub. */
import type { Level } from '../graph/access.ts';
import type { EdgeRecord as StoredEdge, NodeRecord as StoredNode } from '../graph/records.ts';
import { AccessError, CallError, LimitError } from './errors.ts';

/** Counts and sizes a run may use. 0 allows none. */
export interface GuestLimits {
  readonly reports: number;
  /** Bytes of all reports as JSON, about (characters). */
  readonly reportBytes: number;
  /** Nodes and edges read from the graph. */
  readonly reads: number;
  /** Nodes and edges created, changed or deleted. */
  readonly writes: number;
  /** Characters of everything that is stored, as JSON. */
  readonly writeBytes: number;
}

/** As the hub has it, but this copy may be changed: it becomes the journal. */
export interface Access {
  all: Level;
  roots: Record<string, Level>;
}

/** A run's own copy. */
export interface NodeRecord extends StoredNode {
  readonly fields: Record<string, unknown>;
  readonly access: Access;
}

export interface EdgeRecord extends StoredEdge {
  readonly fields: Record<string, unknown>;
}

/** What a run starts from. */
export interface RunInput {
  readonly walker: string;
  readonly fields: Record<string, unknown>;
  /** null: the user's root, which is there without being read. */
  readonly node: NodeRecord | null;
  /** Root id of the user it runs for. */
  readonly root: string;
  /** Unix ms: what the clock shows. Undefined: the time it is. */
  readonly now?: number;
}

/** For whom and why it runs. */
interface Who {
  readonly user: Record<string, unknown> | null;
  readonly client: Record<string, unknown> | null;
  readonly event: unknown;
}

/**
 * Asks or tells the hub something, on behalf of the run that comes `at` this place in the call. Returns '=' and the answer as
 * JSON, or '!', a code, ':' and what went wrong.
 */
export type HostCall = (operation: string, text: string, at: number) => string;

export class Run {
  readonly input: RunInput;
  readonly limits: GuestLimits;
  /** What makes the ids of this run's things its own: 16 hex digits. */
  readonly #seed: string;
  readonly #whoText: string;
  #who: Who | undefined;
  readonly reports: unknown[] = [];
  status: number | undefined;
  body: unknown;
  responded = false;
  reads = 0;
  writes = 0;
  /** The first limit that was exceeded, or what failed at the hub: decides how the run ends. */
  failure: { readonly code: string; readonly message: string } | undefined;
  #made = 0;

  constructor(input: RunInput, who: string, limits: GuestLimits, seed: string) {
    this.input = input;
    this.#whoText = who;
    this.limits = limits;
    this.#seed = seed;
  }

  /** Read when the walker looks at it first, which few do. */
  get who(): Who {
    const who: Who = this.#who ?? JSON.parse(this.#whoText);
    this.#who = who;
    return who;
  }

  /** 24 hex digits that no other thing has. */
  newId(): string {
    return this.#seed + (this.#made++).toString(16).padStart(8, '0');
  }

  report(value: unknown): void {
    if (this.reports.length >= this.limits.reports)
      throw this.exceeded(`more than ${this.limits.reports} reports`);
    this.reports.push(value);
  }

  /** Counts things read; call with what an answer held. */
  countReads(count: number): void {
    this.reads += count;
    if (this.reads > this.limits.reads) throw this.exceeded(this.#tooManyReads());
  }

  countWrite(): void {
    if (++this.writes > this.limits.writes)
      throw this.exceeded(`more than ${this.limits.writes} changes of the graph`);
  }

  /** Before a question is asked. @throws LimitError when no reads are left. */
  assertReadsLeft(): void {
    if (this.reads >= this.limits.reads) throw this.exceeded(this.#tooManyReads());
  }

  exceeded(what: string): LimitError {
    return this.fail('limit', what);
  }

  fail(code: string, message: string): LimitError {
    this.failure ??= { code, message };
    return new LimitError(message);
  }

  #tooManyReads(): string {
    return `more than ${this.limits.reads} nodes and edges read`;
  }
}

let current: Run | undefined;
let place = 0;
let hostCall: HostCall | undefined;

/** Once per isolate, before any user code. */
export function connectHost(call: HostCall): void {
  hostCall = call;
}

/** @param run undefined: none, or its files are just evaluated. @param at its place in the call. */
export function setRun(run: Run | undefined, at: number): void {
  current = run;
  place = at;
}

/** @throws Error when no walker runs: at the top level of a file. */
export function currentRun(): Run {
  if (current === undefined) throw new Error('this works only while a walker runs, not at the top of a file');
  if (current.failure !== undefined) throw new LimitError(current.failure.message);
  return current;
}

/** The time that the present run's clock shows; undefined: the time it is. */
export function fixedTime(): number | undefined {
  return current?.input.now;
}

/** Asks the hub and waits. @throws LimitError; CallError and AccessError, which leave the run going on. */
export function ask<T>(operation: 'nodes' | 'links' | 'call', question: unknown): T {
  return JSON.parse(callHost(currentRun(), operation, JSON.stringify(question)));
}

/** Tells the hub something that leaves at once. @param parts JSON texts, separated by tabs. @throws LimitError */
export function tell(operation: 'notify' | 'emit', parts: string): void {
  callHost(currentRun(), operation, parts);
}

/** Writes to the walker's log, at the top of a file too. */
export function tellLog(level: string, text: string): void {
  const answer = hostCall?.('log', `${level}\t${JSON.stringify(text)}`, place) ?? '=';
  if (answer[0] !== '=' && current !== undefined) throw current.fail(...failureOf(answer));
}

function callHost(run: Run, operation: string, text: string): string {
  const answer = hostCall?.(operation, text, place) ?? '!error:the hub cannot be reached';
  if (answer[0] === '=') return answer.slice(1);
  const [code, message] = failureOf(answer);
  if (code === 'refused') throw new CallError(message);
  if (code === 'forbidden') throw new AccessError(message);
  throw run.fail(code, message);
}

function failureOf(answer: string): [code: string, message: string] {
  const colon = answer.indexOf(':');
  return [answer.slice(1, colon), answer.slice(colon + 1)];
}
