/** The connection to Redis, as the rest of the plugin sees it: one server, the one that sentinels name, or a cluster. */
import type { TypeMapping } from '@redis/client';
import { StartError } from '../../core/index.ts';

export type Listener = (message: Buffer, channel: Buffer) => void;

export interface SendOptions {
  /** How answers are given back, where not as text and numbers. */
  readonly typeMapping: TypeMapping;
}

/** It comes back by itself. What is sent while Redis is away fails at once. */
export interface Link {
  /** Whether Redis answered last. */
  readonly isReady: boolean;
  /** In plain words since when it is away; undefined: it is not. */
  readonly obstacle: string | undefined;
  /** Calls back whenever Redis has come back, in the order of registration. */
  onReady(task: () => void): void;
  /** @throws StartError when Redis cannot be reached, or is too old. */
  open(): Promise<void>;
  /** Waits for the answers to what was sent, unless Redis is away. Idempotent. */
  close(): Promise<void>;
  /**
   * Sends one command with all others of this turn of the event loop. Commands about one key are run in their order.
   * @param key one of those the command is about, or its channel: it decides the server.
   */
  send(key: string, args: (string | Buffer)[], options?: SendOptions): Promise<unknown>;
  /**
   * As `send`, for what must not be lost any more once it is answered: as many replicas have it then as are wanted.
   * @throws TooFewReplicas
   */
  write(key: string, args: (string | Buffer)[]): Promise<unknown>;
  /** Resolves when it is in force. Confirmed subscriptions are restored after Redis was away. */
  subscribe(channels: string[], listener: Listener): Promise<void>;
  unsubscribe(channels: string[], listener: Listener): Promise<void>;
  /** Ways to ask each of the servers among which the keys are divided. */
  servers(): Promise<readonly ((args: string[]) => Promise<unknown>)[]>;
  /** The section of the INFO of one server. */
  info(section: string): Promise<string>;
}

export interface LinkOptions {
  readonly url: string;
  readonly silenceMs: number;
  /** Replicas that must have a write before it is answered; default: none. */
  readonly replicas?: number;
}

/** A write was made, but too few replicas had it in time. */
export class TooFewReplicas extends Error {}

/** Between attempts to connect, in ms: doubled from the first to the last, each one shortened at random by up to a half. */
const FIRST_DELAY = 50;
const LAST_DELAY = 2_000;

/** @param retries attempts that failed. @returns ms until the next one. */
export function delay(retries: number): number {
  const longest = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** Math.min(retries, 10));
  return longest * (1 - Math.random() / 2);
}

export function obstacleSince(time: number | undefined): string | undefined {
  return time === undefined ? undefined : `Redis does not answer since ${new Date(time).toISOString()}`;
}

/** @throws StartError when Redis has no sharded pub/sub yet. */
export async function checkVersion(link: Link): Promise<void> {
  const [, version = ''] = /^redis_version:(.*?)\r?$/m.exec(await link.info('server')) ?? [];
  if (Number.parseInt(version, 10) >= 7) return;
  throw new StartError(`Redis must be version 7 or newer, or Valkey, found version ${version}`);
}

/** @returns the error to start with, for what kept the link from opening. */
export function cannotStart(place: string, cause: unknown): StartError {
  if (cause instanceof StartError) return cause;
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new StartError(`Redis at ${place} cannot be used: ${reason}`, { cause });
}
