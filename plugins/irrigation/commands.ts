/** Commands to controllers. */
import { randomUUID } from 'node:crypto';
import { HubError } from '../../core/index.ts';
import type { Boards } from './boards.ts';
import type { Clock } from './clock.ts';
import type { Controller } from './field.ts';
import type { Options } from './options.ts';

/** Who sends the stop of what was open long enough. */
const HUB = 'hub';

type CommandName = 'start_irrigation' | 'stop_irrigation';

export interface Command {
  readonly id: string;
  readonly command: CommandName;
  readonly zones: readonly string[];
  /** Of a start. */
  readonly seconds?: number;
  /** User, `walker` or `hub`. */
  readonly by: string;
  /** Unix ms. */
  readonly expiresAt: number;
  /** The hub's own, of what was open long enough: it holds at any time. */
  readonly isForced?: true;
}

export interface Request {
  readonly zones: readonly string[];
  readonly seconds?: number;
  /** Seconds it may wait. */
  readonly expires?: number | undefined;
  readonly by: string;
}

/** @throws HubError `too_long`. */
export function assertShortEnough({ maximumSeconds }: Options, seconds: number): void {
  if (seconds > 0 && seconds <= maximumSeconds) return;
  const message = `seconds: expected more than 0 and at most ${maximumSeconds}, found ${seconds}`;
  throw new HubError('too_long', message);
}

export function makeCommand(
  command: CommandName,
  { clock, options }: { readonly clock: Clock; readonly options: Options },
  { zones, seconds, expires, by }: Request,
): Command {
  return {
    id: randomUUID(),
    command,
    zones: [...new Set(zones)],
    ...(seconds !== undefined && { seconds }),
    by,
    expiresAt: clock.now() + (expires ?? options.commandSeconds) * 1_000,
  };
}

/** The stop of what was open long enough. */
export function makeForcedStop(parts: Parameters<typeof makeCommand>[1], zones: readonly string[]): Command {
  return { ...makeCommand('stop_irrigation', parts, { zones, by: HUB }), isForced: true };
}

/** The message that tells a controller. */
export function orderOf(
  { id, command, zones, seconds, expiresAt, isForced }: Command,
  { time }: Controller,
  boards: Boards,
) {
  const expires = isForced ? undefined : time.onController(expiresAt);
  const order = {
    id,
    zones: [...zones],
    ...(seconds !== undefined && { seconds }),
    ...(expires !== undefined && { expires }),
  };
  return command === 'start_irrigation' ? boards.start(order) : boards.stop(order);
}
