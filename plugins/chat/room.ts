/** A room, and who is in it. */
import type { Connection, Message } from '../../core/index.ts';
import { Again } from './again.ts';
import { Elsewhere, type Session as SessionElsewhere } from './elsewhere.ts';
import { Feed, type FeedParts } from './feed.ts';
import type { ChatRoom, RoomType } from './messages.ts';
import type { Session } from './sessions.ts';
import { SharedFeed, type SharedParts } from './shared-feed.ts';
import type { Watch } from './watch.ts';

/** What a room is found by. */
export interface RoomName {
  readonly type: RoomType;
  readonly object: string;
}

/** A room as it is stored. */
export interface StoredRoom extends RoomName {
  /** Absent: the document has it as its own id. */
  readonly id?: string;
  readonly label: string;
  /** Id of the user who made it. */
  readonly by: string;
  /** Unix seconds. */
  readonly at: number;
}

/** State of a connection. */
export interface ChatState {
  /** The rooms it is in, by their ids. */
  readonly rooms: Map<string, Member>;
  /** What it is about to join. */
  joining: Joining | undefined;
}
export type ChatConnection = Connection<ChatState>;

export interface Joining {
  readonly room: Room;
  readonly session: Session;
  readonly access: Access;
  /** See `Presence`. */
  readonly since: number;
  /** What it gets first. */
  messages: readonly Message[];
  /** What is said until it is in the room. */
  readonly watch: Watch;
  /** Why it was not let in at the last moment. */
  refused: unknown;
}

export type Access = 'read-write' | 'read-only';

/** A connection in a room. */
export interface Member {
  readonly connection: ChatConnection;
  readonly room: Room;
  /** Replaced when the token was refreshed. */
  session: Session;
  access: Access;
  readonly presence: Presence;
}

/** A user in a room, with one or more connections to this hub. */
export interface Presence {
  readonly room: Room;
  readonly login: string;
  /** When the user came: Unix ms, later than those who were there already. */
  readonly since: number;
  readonly members: Set<Member>;
  /** When something last came from the user, in ms of the clock. */
  seenAt: number;
  /** When the other hubs were last told so. */
  toldAt: number;
}

/** What a room needs of the other hubs that serve it. */
export interface OtherHubsOfRoom extends SharedParts {
  /** Their word of the room is heard when it resolves. */
  follow(room: string): Promise<void>;
  unfollow(room: string): void;
  /** Looks up who is in the room there. */
  present(room: string): Promise<readonly SessionElsewhere[]>;
  /** Other users are in the room than was known. */
  usersChanged(room: Room): void;
}

export interface RoomParts extends FeedParts {
  /** Undefined: there are none. */
  readonly others: OtherHubsOfRoom | undefined;
}

export class Room {
  readonly id: string;
  readonly stored: StoredRoom;
  /** Sessions of this hub, by login. */
  readonly users = new Map<string, Presence>();
  readonly #parts: RoomParts;
  #feed: Feed;
  #elsewhere = new Elsewhere();
  readonly #looks = new Again(() => this.#look());
  #opened: Promise<void> | undefined;
  /** Members, and requests under way. */
  #uses = 0;

  constructor(id: string, stored: StoredRoom, parts: RoomParts) {
    this.id = id;
    this.stored = stored;
    this.#parts = parts;
    this.#feed = new Feed(id, stored.at, parts);
  }

  get feed(): Feed {
    return this.#feed;
  }

  /** Undefined: there are no other hubs, or nobody here is in the room. */
  get sharedFeed(): SharedFeed | undefined {
    return this.#feed instanceof SharedFeed ? this.#feed : undefined;
  }

  get elsewhere(): Elsewhere {
    return this.#elsewhere;
  }

  /** The room was made just now: where no other hub can post in it, there is nothing to load. */
  begin(): void {
    if (this.#parts.others === undefined) this.#opened = Promise.resolve();
  }

  /** Does what needs the room. */
  async use<R>(work: () => R | Promise<R>): Promise<R> {
    this.retain();
    try {
      await this.#open();
      return await work();
    } finally {
      this.release();
    }
  }

  /** What is in use stays up to date. */
  retain(): void {
    this.#uses++;
  }

  release(): void {
    this.#uses--;
    const { others } = this.#parts;
    if (this.#uses > 0 || others === undefined) return;
    this.#opened = undefined;
    this.sharedFeed?.close();
    others.unfollow(this.id);
  }

  /** Word of other hubs may be missing: brings the room up to date. */
  async repair(): Promise<void> {
    const feed = this.sharedFeed;
    if (feed !== undefined) await Promise.all([feed.catchUp(), this.#looks.ask()]);
  }

  /** Whether the user is in the room, on whichever hub. */
  has(login: string): boolean {
    return this.users.has(login) || this.#elsewhere.users.has(login);
  }

  /** Users, on whichever hub. */
  get size(): number {
    return this.#elsewhere.users.size === 0 ? this.users.size : this.#since().size;
  }

  /** When the user came, or comes now. 0: without other hubs, the order of coming is known anyway. */
  since(login: string): number {
    if (this.#parts.others === undefined) return 0;
    const all = this.#since();
    return all.get(login) ?? Math.max(Date.now(), ...[...all.values()].map((since) => since + 1));
  }

  view(): ChatRoom {
    const { type, object, label } = this.stored;
    return {
      Uuid: this.id,
      Type: type,
      RoomTypeObject: object,
      RoomLabel: label,
      Users: this.#logins(),
      LastUpdated: this.feed.lastUpdated,
    };
  }

  /** In the order in which they came, which is the same on all hubs. */
  #logins(): string[] {
    if (this.#parts.others === undefined) return [...this.users.keys()];
    const all = [...this.#since()].sort(([a, one], [b, other]) => one - other || (a < b ? -1 : 1));
    return all.map(([login]) => login);
  }

  #since(): Map<string, number> {
    const all = new Map(this.#elsewhere.users);
    for (const { login, since } of this.users.values())
      all.set(login, Math.min(since, all.get(login) ?? since));
    return all;
  }

  #open(): Promise<void> {
    this.#opened ??= this.#load().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #load(): Promise<void> {
    const { others } = this.#parts;
    if (others === undefined) return this.feed.load();
    const feed = new SharedFeed(this.id, this.stored.at, this.#parts, others);
    this.#feed = feed;
    this.#elsewhere = new Elsewhere();
    await others.follow(this.id);
    await Promise.all([feed.load(), this.#looks.ask()]);
  }

  async #look(): Promise<void> {
    const { others } = this.#parts;
    const changed = await this.#elsewhere.look(async () => (await others?.present(this.id)) ?? []);
    if (changed) others?.usersChanged(this);
  }
}
