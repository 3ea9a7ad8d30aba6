/** What the operating system knows of a sample: who used the two cores, and what the hypervisor took away. */
import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc: fixed to 100 towards user space on every Linux. */
const TICKS = 100;

/** Shares of one core during a sample; 1 is a core fully used. Undefined where there is no /proc. */
export interface Shares {
  readonly server: number | undefined;
  readonly generator: number;
  /** What the hypervisor gave to others while cores 0 and 1 wanted to run. */
  readonly stolen: number | undefined;
  /** What processes that have nothing to do with it used of cores 0 and 1. */
  readonly foreign: number | undefined;
}

interface Reading {
  /** Milliseconds. */
  readonly at: number;
  /** The others: CPU seconds so far. */
  readonly server: number | undefined;
  /** Of processes that the server has started. */
  readonly started: number;
  readonly generator: number;
  readonly stolen: number | undefined;
  readonly busy: number | undefined;
}

/** Starts to watch; the function it returns ends that. The calling process counts as the generator. */
export function watch(serverPid: number): () => Shares {
  const before = read(serverPid);
  return () => {
    const after = read(serverPid);
    const seconds = (after.at - before.at) / 1000;
    const share = (from: number | undefined, to: number | undefined) =>
      from === undefined || to === undefined ? undefined : (to - from) / seconds;
    const generator = (after.generator - before.generator) / seconds;
    const server = share(before.server, after.server);
    const busy = share(before.busy, after.busy);
    const started = share(before.started, after.started) ?? 0;
    return {
      server,
      generator,
      stolen: share(before.stolen, after.stolen),
      foreign:
        busy === undefined || server === undefined
          ? undefined
          : Math.max(0, busy - server - Math.max(0, started) - generator),
    };
  };
}

function read(serverPid: number): Reading {
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    server: processSeconds(serverPid),
    started: startedSeconds(serverPid),
    generator: (user + system) / 1e6,
    ...coreSeconds(),
  };
}

/** User and system time of a process with all its threads: fields 14 and 15 of proc(5)'s /proc/PID/stat. */
function processSeconds(pid: number): number | undefined {
  const fields = readProc(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The processes that a process has started and that have not ended. */
export function startedBy(pid: number): readonly number[] {
  return readProc(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g)?.map(Number) ?? [];
}

/** Of the children of a process, theirs included. */
function startedSeconds(pid: number): number {
  return startedBy(pid).reduce((sum, child) => sum + (processSeconds(child) ?? 0) + startedSeconds(child), 0);
}

/** Sums over cores 0 and 1. Columns of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
function coreSeconds(): { stolen: number | undefined; busy: number | undefined } {
  const lines = readProc('/proc/stat')?.match(/^cpu[01] .*/gm);
  if (!lines) return { stolen: undefined, busy: undefined };
  const sum = (columns: readonly number[]) =>
    lines.reduce((total, line) => {
      const values = line.split(' ').slice(1).map(Number);
      return total + columns.reduce((ticks, column) => ticks + (values[column] ?? 0), 0);
    }, 0) / TICKS;
  // The interrupts' columns are left out: they hold the loopback's share of the very load.
  return { stolen: sum([7]), busy: sum([0, 1, 2]) };
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined; // not Linux, or the process has ended
  }
}
