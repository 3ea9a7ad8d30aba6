/** All rooms, by id and by what they are found by. They are kept in memory; their messages are not. */
import { randomUUID } from 'node:crypto';
import { type Collection, HubError } from '../../core/index.ts';
import type { FeedParts } from './feed.ts';
import { Room, type RoomName, type StoredRoom } from './room.ts';

export interface RoomLimits {
  readonly rooms: number;
  readonly roomsPerUser: number;
}

export class Rooms {
  readonly #collection: Collection<StoredRoom>;
  readonly #limits: RoomLimits;
  readonly #parts: FeedParts;
  readonly #byId = new Map<string, Room>();
  readonly #byName = new Map<string, Room>();
  /** How many rooms a user made. */
  readonly #made = new Map<string, number>();

  constructor(collection: Collection<StoredRoom>, limits: RoomLimits, parts: FeedParts) {
    this.#collection = collection;
    this.#limits = limits;
    this.#parts = parts;
  }

  async load(): Promise<void> {
    for (const id of await this.#collection.ids()) {
      const stored = await this.#collection.get(id);
      if (stored !== undefined) this.#add(new Room(id, stored, this.#parts));
    }
  }

  /** In the order of their ids. */
  list(): readonly Room[] {
    return [...this.#byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: string): Room | undefined {
    return this.#byId.get(id);
  }

  find(name: RoomName): Room | undefined {
    return this.#byName.get(keyOf(name));
  }

  /**
   * Makes a room that is not there yet; `open` of it resolves when it is durable.
   * @throws HubError `too_many_rooms`.
   */
  create(name: RoomName, label: string, by: string): Room {
    const { rooms, roomsPerUser } = this.#limits;
    if (this.#byId.size >= rooms)
      throw new HubError('too_many_rooms', `there are ${rooms} rooms, which is the limit`, 429);
    if ((this.#made.get(by) ?? 0) >= roomsPerUser)
      throw new HubError('too_many_rooms', `you made ${roomsPerUser} rooms, which is the limit`, 429);
    const stored = { ...name, label, by, at: Math.floor(Date.now() / 1_000) };
    const room = new Room(randomUUID(), stored, this.#parts);
    this.#add(room);
    const store = () => this.#collection.put(room.id, stored);
    room.open(store).catch(() => this.#remove(room)); // who waits for it is told
    return room;
  }

  /** @returns when the room and its messages are gone for good; nobody finds it from now on. */
  async delete(room: Room): Promise<void> {
    this.#remove(room);
    try {
      await Promise.all([room.feed.clear(), this.#collection.delete(room.id)]);
    } catch (error) {
      if (this.find(room.stored) === undefined) this.#add(room);
      throw error;
    }
  }

  #add(room: Room): void {
    this.#byId.set(room.id, room);
    this.#byName.set(keyOf(room.stored), room);
    this.#made.set(room.stored.by, (this.#made.get(room.stored.by) ?? 0) + 1);
  }

  #remove(room: Room): void {
    if (!this.#byId.delete(room.id)) return;
    this.#byName.delete(keyOf(room.stored));
    const left = (this.#made.get(room.stored.by) ?? 1) - 1;
    if (left > 0) this.#made.set(room.stored.by, left);
    else this.#made.delete(room.stored.by);
  }
}

/** Types have no spaces. */
function keyOf({ type, object }: RoomName): string {
  return `${type} ${object}`;
}
