/** What commands and the words of a controller make of its valves: what is stored before, and after. */
import { HubError } from '../../core/index.ts';
import type { Command } from './commands.ts';

/** A valve that is open, as far as the hub knows. */
export interface OpenZone {
  readonly zone: string;
  /** Unix ms. */
  readonly since: number;
  /** Unix ms when the hub closes it. */
  readonly until: number;
  /** Stops that were sent and not confirmed. Absent: 0. */
  readonly tries?: number;
  /** Unix ms when the next one is due. */
  readonly next?: number;
}

export interface Stored {
  /** Where hubs share the store: one more with every change. Absent: 0. */
  readonly version?: number;
  /** In the order they are to be delivered in. */
  readonly waiting: readonly Command[];
  readonly open: readonly OpenZone[];
}

export const NOTHING: Stored = { waiting: [], open: [] };
/** A stop that was not confirmed is sent again after so many ms, then after twice as many, and so on. */
const FIRST_RETRY = 10_000;
const LONGEST_RETRY = 600_000;
/** What a clock may be off by when it says that a valve was closed after it was opened, in ms. */
const TOLERANCE = 2_000;
/** Valves of a controller that the hub looks after. */
export const MAX_OPEN = 256;

export function isExpired({ isForced, expiresAt }: Command, now: number): boolean {
  return isForced !== true && expiresAt <= now;
}

/** Without commands that wait. */
export function without(stored: Stored, commands: readonly Command[]): Stored {
  const ids = new Set(commands.map(({ id }) => id));
  return { ...stored, waiting: stored.waiting.filter(({ id }) => !ids.has(id)) };
}

/** @throws HubError `too_many_commands`. @param most commands that may wait. */
export function waitingFor(stored: Stored, command: Command, most: number): Stored {
  const { waiting } = without(stored, [command]);
  if (!command.isForced && waiting.filter(({ isForced }) => !isForced).length >= most) {
    throw new HubError('too_many_commands', `${most} commands wait for this controller already`);
  }
  return { ...stored, waiting: [...waiting, command] };
}

/** The command is given to the controller. @throws HubError `too_many_commands`. */
export function delivered(stored: Stored, command: Command, now: number): Stored {
  const { waiting } = without(stored, [command]);
  const zones = new Set(command.zones);
  const untouched = stored.open.filter(({ zone }) => !zones.has(zone));
  const touched = stored.open.filter(({ zone }) => zones.has(zone));
  const open =
    command.command === 'start_irrigation'
      ? command.zones.map((zone) => ({ zone, since: now, until: now + (command.seconds ?? 0) * 1_000 }))
      : touched.map((one) => insisted(one, now, command.isForced ? (one.tries ?? 1) : 1));
  if (untouched.length + open.length > MAX_OPEN) {
    throw new HubError('too_many_commands', `${MAX_OPEN} valves of this controller are open already`);
  }
  return { ...stored, waiting, open: [...untouched, ...open] };
}

/** Valves whose time is over and a stop is due for, unless one waits. */
export function due({ open, waiting }: Stored, now: number): OpenZone[] {
  const stopping = new Set(waiting.flatMap(({ isForced, zones }) => (isForced ? zones : [])));
  return open.filter(({ zone, until, next = 0 }) => until <= now && next <= now && !stopping.has(zone));
}

/** A stop of these valves is sent once more. */
export function insistedOn(stored: Stored, zones: readonly OpenZone[], now: number): Stored {
  const open = stored.open.map((one) =>
    zones.includes(one) ? insisted(one, now, (one.tries ?? 0) + 1) : one,
  );
  return { ...stored, open };
}

/** The controller may have missed every stop so far. @returns undefined: none was sent. */
export function begunAnew(stored: Stored): Stored | undefined {
  if (stored.open.every(({ tries }) => tries === undefined)) return undefined;
  return { ...stored, open: stored.open.map(({ zone, since, until }) => ({ zone, since, until })) };
}

/** Of a stop that waited: what is still to be closed. */
export function stillOpen({ open }: Stored, { zones }: Command, now: number): string[] {
  return zones.filter((zone) => open.some((one) => one.zone === zone && one.until <= now));
}

function insisted({ zone, since, until }: OpenZone, now: number, tries: number): OpenZone {
  const wait = Math.min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY);
  return { zone, since, until: Math.min(until, now), tries, next: now + wait };
}

/** A controller says that it opened valves. @returns undefined: nothing new. */
export function foundOpen(
  stored: Stored,
  zones: readonly unknown[],
  at: number,
  until: number,
): Stored | undefined {
  const known = new Set<unknown>(stored.open.map(({ zone }) => zone));
  const more = zones.flatMap((zone) =>
    known.has(zone) || typeof zone !== 'string' ? [] : { zone, since: at, until },
  );
  return more.length === 0 ? undefined : { ...stored, open: [...stored.open, ...more] };
}

/** A controller says that it closed valves. @returns undefined: none that was open. */
export function foundClosed(stored: Stored, zones: readonly unknown[], at: number): Stored | undefined {
  // One of a backlog says nothing about what was opened since.
  const open = stored.open.filter(({ zone, since }) => !zones.includes(zone) || at < since - TOLERANCE);
  return open.length === stored.open.length ? undefined : { ...stored, open };
}
