/** The processes that a process has started. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Why a test that needs to know them is skipped; false where the system tells. */
export const withoutProc = !existsSync('/proc/self/task') && 'needs /proc';

/** Process ids; Linux tells them by thread. */
export function childrenOf(pid: number): number[] {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).flatMap((thread) =>
    readFileSync(`${threads}/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

/** User time of a process with all its threads, in ticks of 10 ms: field 14 of proc(5)'s /proc/PID/stat. */
export function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ');
  return Number(fields?.[11]);
}

export function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
}
