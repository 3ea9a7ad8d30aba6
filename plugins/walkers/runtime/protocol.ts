/**
 * What the hub and a child process say to each other: one message a line, its parts separated by tabs. The parts are
 * plain words and numbers, or JSON text, which holds neither tabs nor line breaks; so neither side parses what it only
 * passes on.
 *
 * Hub to child
 * - `load   key {"modules":[…],"catalogue":{…}}`  the files of a bundle, and the names of functions by grant; `unload key`
 *                                   forgets them
 * - `run    job key limits input who`
 *                                   input: what the walker starts from, who: for whom, as JSON; limits: empty for those of the job before
 * - `quick  job key limits input who`  as `run`, of a walker that is quick and has never asked: may be done in one call with those next to it
 * - `list   job key limits`         which walkers the bundle has
 * - `answer job text`               to the last `ask`: '=' and JSON, or '!', a code, ':' and a message. With the codes `refused`
 *                                   and `forbidden` the walker may go on, all others end the run
 *
 * Child to hub
 * - `ready`                         once, before anything else
 * - `ask    job operation question` operation: `nodes`, `links`, `call`
 * - `notify job to targets data`, `emit job topic data`, `log job level text`
 * - `done   job cost …`             of a run: reports, reply, journal (the last two may be empty); of a list: walkers
 * - `failed job cost failure`       {code, message, at?, errors?, stalled?}
 * - `again  job`                    of a call for several: it was cut short, or this one asked; each is to be run alone
 */
import type { RunLimits } from './limits.ts';

/** Limits of a run that the child keeps itself. */
export interface ChildLimits {
  readonly cpuMs: number;
  readonly heapMb: number;
  readonly notifications: number;
  readonly notificationBytes: number;
  readonly logLines: number;
  /** Those that the isolate's library keeps, as JSON. */
  readonly guest: string;
}

/** Texts by what they were made of: runs of a walker share their limits. */
const formatted = new WeakMap<RunLimits, string>();

export function formatLimits(limits: RunLimits): string {
  let text = formatted.get(limits);
  if (text === undefined) {
    const { cpuMs, heapMb, notifications, notificationBytes, logLines } = limits;
    const { reports, reportBytes, reads, writes, writeBytes } = limits;
    const guest = JSON.stringify({ reports, reportBytes, reads, writes, writeBytes });
    text = `${cpuMs} ${heapMb} ${notifications} ${notificationBytes} ${logLines} ${guest}`;
    formatted.set(limits, text);
  }
  return text;
}

export function parseLimits(text: string): ChildLimits {
  const [cpuMs, heapMb, notifications, notificationBytes, logLines, guest = '{}'] = text.split(' ');
  return {
    cpuMs: Number(cpuMs),
    heapMb: Number(heapMb),
    notifications: Number(notifications),
    notificationBytes: Number(notificationBytes),
    logLines: Number(logLines),
    guest,
  };
}

/** What a run has used up. */
export interface Cost {
  readonly cpuUs: number;
  /** Microseconds from its start in the child to its end, waiting for the hub's answers included. */
  readonly wallUs: number;
  /** Of the isolate, garbage included; a short run may report what was seen after an earlier one. */
  readonly heapBytes: number;
  /** Nodes and edges read. */
  readonly reads: number;
  /** Nodes and edges created, changed and deleted. */
  readonly writes: number;
}

export const NO_COST: Cost = { cpuUs: 0, wallUs: 0, heapBytes: 0, reads: 0, writes: 0 };

const COMMA = 44;
const ZERO = 48;

/** Digit by digit, because every run ends with one. */
export function parseCost(text: string): Cost {
  const numbers = [0, 0, 0, 0, 0];
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COMMA) at++;
    else numbers[at] = (numbers[at] ?? 0) * 10 + code - ZERO;
  }
  const [cpuUs = 0, wallUs = 0, heapBytes = 0, reads = 0, writes = 0] = numbers;
  return { cpuUs, wallUs, heapBytes, reads, writes };
}

/** Bytes of one line. A longer one means that the other side has gone mad. */
export const LINE_BYTES = 64 * 1024 * 1024;

/** File descriptor of the pipe whose end tells a child that its hub is gone. */
export const HUB_FD = 3;
