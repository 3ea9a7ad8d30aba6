/** The service `chat`: how other plugins take part. */
import type { RoomType } from './messages.ts';
import type { Access } from './room.ts';

/** Who wants to be in which room. */
interface RoomQuestion {
  readonly user: string;
  readonly login: string;
  /** `admin`, `standard`, `shared` or `anon`. */
  readonly profile: string;
  readonly roles: readonly string[];
  readonly workspaces: readonly string[];
  readonly type: RoomType;
  /** RoomTypeObject: what the room is about. For USER, both logins with a comma between them. */
  readonly object: string;
}

/** Undefined leaves it to the next plugin, and at last to the rules of the room's type. */
export type RoomVerdict = Access | { readonly deny: string } | undefined;
export type RoomDecider = (question: RoomQuestion) => RoomVerdict | Promise<RoomVerdict>;

interface Chat {
  /**
   * Takes part in the decisions about rooms: at each JOIN, at a HISTORY from outside of the room, and again when the token of
   * somebody in it is replaced. Deciders are asked in the order of their registration; the first verdict wins, also over
   * the rules of the room's type. One that throws, or takes more than 10 s, denies.
   * @throws StartError after set-up.
   */
  decide(decider: RoomDecider): void;
}

declare module '../../core/index.ts' {
  interface Services {
    chat: Chat;
  }
}
