/** A room, and who is in it. */
import type { Connection, Message } from '../../core/index.ts';
import { Feed, type FeedParts, type Watch } from './feed.ts';
import type { ChatRoom, RoomType } from './messages.ts';
import type { Session } from './sessions.ts';

/** What a room is found by. */
export interface RoomName {
  readonly type: RoomType;
  readonly object: string;
}

/** A room as it is stored. */
export interface StoredRoom extends RoomName {
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

/** A user in a room, with one or more connections. */
export interface Presence {
  readonly room: Room;
  readonly login: string;
  readonly members: Set<Member>;
  /** When something last came from the user, in ms of the clock. */
  seenAt: number;
}

export class Room {
  readonly id: string;
  readonly stored: StoredRoom;
  readonly feed: Feed;
  /** By login. */
  readonly users = new Map<string, Presence>();
  #opened: Promise<void> | undefined;

  constructor(id: string, stored: StoredRoom, parts: FeedParts) {
    this.id = id;
    this.stored = stored;
    this.feed = new Feed(id, stored.at, parts);
  }

  /** Resolves when the room can be used. @param open what has to be done for that, once. */
  open(open: () => Promise<void> = () => this.feed.load()): Promise<void> {
    this.#opened ??= open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  view(): ChatRoom {
    const { type, object, label } = this.stored;
    return {
      Uuid: this.id,
      Type: type,
      RoomTypeObject: object,
      RoomLabel: label,
      Users: [...this.users.keys()],
      LastUpdated: this.feed.lastUpdated,
    };
  }
}
