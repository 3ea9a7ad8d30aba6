/** Who is in the rooms, and who has been silent for too long. */
import type { Clock } from './clock.ts';
import type { Member, Presence, Room } from './room.ts';

/** ms between two looks for silent users. */
const LOOK_EVERY = 1_000;

export class Presences {
  readonly #clock: Clock;
  readonly #silence: number;
  /** From the one heard of longest ago. */
  readonly #heard = new Set<Presence>();
  readonly #tell: (presence: Presence) => void;

  /**
   * @param silence ms.
   * @param silent told of each user from whom nothing came for that long.
   * @param tell tells the other hubs that something came from a user who is in the room there, too.
   */
  constructor(
    clock: Clock,
    silence: number,
    silent: (presence: Presence) => void,
    tell: (presence: Presence) => void,
  ) {
    this.#clock = clock;
    this.#silence = silence;
    this.#tell = tell;
    clock.every(LOOK_EVERY, () => {
      for (const presence of this.#heard) {
        if (clock.now() - presence.seenAt < this.#silence) break;
        silent(presence);
      }
    });
  }

  /** Adds a connection of a user to a room. */
  enter({ since, ...entering }: Omit<Member, 'presence'> & Pick<Presence, 'since'>): Member {
    const { room, session } = entering;
    const { login } = session;
    const toldAt = Number.NEGATIVE_INFINITY;
    const presence = room.users.get(login) ?? { room, login, since, members: new Set(), seenAt: 0, toldAt };
    const member: Member = { ...entering, presence };
    presence.members.add(member);
    room.users.set(login, presence);
    this.heard(presence);
    return member;
  }

  /** @returns whether the user is gone from the room with this connection. */
  leave(member: Member): boolean {
    const { presence, room } = member;
    presence.members.delete(member);
    if (presence.members.size > 0) return false;
    this.#heard.delete(presence);
    room.users.delete(presence.login);
    return true;
  }

  /** Something came from the user. */
  heard(presence: Presence): void {
    this.#seen(presence);
    const { room, login, seenAt, toldAt } = presence;
    if (!room.elsewhere.users.has(login) || seenAt - toldAt < LOOK_EVERY) return;
    presence.toldAt = seenAt;
    this.#tell(presence);
  }

  /** Something came from the user to another hub. */
  heardElsewhere(room: Room, login: string): void {
    const presence = room.users.get(login);
    if (presence !== undefined) this.#seen(presence);
  }

  #seen(presence: Presence): void {
    presence.seenAt = this.#clock.now();
    this.#heard.delete(presence);
    this.#heard.add(presence);
  }
}
