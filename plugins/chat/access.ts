/** Who may be in which room: what plugins decide, and the rules of each type where none does. */
import { setTimeout as wait } from 'node:timers/promises';
import { HubError, type Log, StartError } from '../../core/index.ts';
import type { Options } from './options.ts';
import type { Access, RoomName } from './room.ts';
import type { RoomDecider, RoomVerdict } from './service.ts';
import type { Session } from './sessions.ts';

/** ms that plugins have to decide, all together. */
const DECISION_MS = 10_000;
const VERDICTS: readonly unknown[] = [undefined, 'read-write', 'read-only'];

export class RoomAccess {
  readonly #undecided: Options['undecided'];
  readonly #log: Log;
  readonly #deciders: { readonly plugin: string; readonly decide: RoomDecider }[] = [];
  #isClosed = false;

  constructor(undecided: Options['undecided'], log: Log) {
    this.#undecided = undecided;
    this.#log = log;
  }

  /** @throws StartError after set-up. */
  add(plugin: string, decide: RoomDecider): void {
    if (this.#isClosed)
      throw new StartError(`plugin "${plugin}" may decide about rooms of chat only during set-up`);
    this.#deciders.push({ plugin, decide });
  }

  /** No decider is taken on any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** @throws HubError `forbidden` with the reason. */
  async decide(session: Session, room: RoomName): Promise<Access> {
    const verdict = (await this.#ask(session, room)) ?? this.#byType(session, room);
    if (typeof verdict === 'object') throw new HubError('forbidden', verdict.deny);
    return verdict;
  }

  /** @returns the first verdict; a failure is a denial. */
  async #ask(session: Session, room: RoomName): Promise<RoomVerdict> {
    if (this.#deciders.length === 0) return undefined;
    const ended = new AbortController();
    const late = wait(
      DECISION_MS,
      { deny: 'whether you may join was not decided in time' },
      { signal: ended.signal },
    );
    late.catch(() => {}); // the abort
    try {
      return await Promise.race([this.#first(session, room), late]);
    } finally {
      ended.abort();
    }
  }

  async #first({ user, login, profile, roles, workspaces }: Session, room: RoomName): Promise<RoomVerdict> {
    const asked = { user, login, profile, roles, workspaces, type: room.type, object: room.object };
    for (const { plugin, decide } of this.#deciders) {
      try {
        const verdict = await decide(asked);
        if (!VERDICTS.includes(verdict) && typeof (verdict as { deny?: unknown }).deny !== 'string')
          throw new TypeError("expected 'read-write', 'read-only', { deny: reason } or undefined");
        if (verdict !== undefined) return verdict;
      } catch (error) {
        if (error instanceof HubError) return { deny: error.message };
        this.#log.error({ err: error, decider: plugin }, `plugin "${plugin}" failed to decide about a room`);
        return { deny: 'the hub failed to decide whether you may join' };
      }
    }
    return undefined;
  }

  #byType({ login, workspaces }: Session, { type, object }: RoomName): Exclude<RoomVerdict, undefined> {
    switch (type) {
      case 'GLOBAL':
        return 'read-write';
      case 'WORKSPACE':
        return workspaces.includes(object) ? 'read-write' : { deny: 'the workspace is not one of yours' };
      case 'USER':
        return object.split(SEPARATOR).includes(login)
          ? 'read-write'
          : { deny: 'the room is of two other users' };
      default:
        return this.#undecided === 'denied'
          ? { deny: `nothing lets you join this ${type} room` }
          : this.#undecided;
    }
  }
}

/** Between the logins in the object of a USER room. */
const SEPARATOR = ',';

/**
 * The one name of a room. A USER room is named by the two logins in any order, or by that of the other one alone.
 * @throws HubError `invalid_room`.
 */
export function roomNameOf({ type, object }: RoomName, { login }: Session): RoomName {
  if (type !== 'USER') return { type, object };
  const given = object.split(SEPARATOR);
  const both = given.length === 1 ? [login, ...given] : given;
  const [one = '', other = ''] = both.sort();
  if (both.length !== 2 || one === '' || one === other || login.includes(SEPARATOR))
    throw new HubError(
      'invalid_room',
      'RoomTypeObject of a USER room: expected the login of another user, or two logins with a comma',
    );
  return { type, object: `${one}${SEPARATOR}${other}` };
}
