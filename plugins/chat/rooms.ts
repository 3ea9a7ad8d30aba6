/** All rooms, by id and by what they are found by. They are kept in memory; their messages are not. */
import { randomUUID } from 'node:crypto';
import { HubError } from '../../core/index.ts';
import { Room, type RoomName, type RoomParts } from './room.ts';
import { type KeptRoom, keyOf, type RoomTable } from './room-table.ts';

export interface RoomLimits {
  readonly rooms: number;
  readonly roomsPerUser: number;
}

interface Known {
  readonly kept: KeptRoom;
  readonly room: Room;
}

export class Rooms {
  readonly #table: RoomTable;
  readonly #limits: RoomLimits;
  readonly #parts: RoomParts;
  readonly #byId = new Map<string, Known>();
  readonly #byName = new Map<string, Room>();
  /** Being made, by name. */
  readonly #making = new Map<string, Promise<Room>>();
  /** How many rooms a user made, with those being made. */
  readonly #made = new Map<string, number>();
  /** Those that went while the store was read. */
  #gone: Set<string> | undefined;

  constructor(table: RoomTable, limits: RoomLimits, parts: RoomParts) {
    this.#table = table;
    this.#limits = limits;
    this.#parts = parts;
  }

  /** Reads which rooms there are; one reading at a time. @returns those that another hub deleted. */
  async load(): Promise<readonly Room[]> {
    const gone = new Set<string>();
    this.#gone = gone;
    const before = [...this.#byId.values()];
    const known = new Set(before.map(({ kept }) => kept.key));
    const keys = new Set(await this.#table.keys());
    const found = await Promise.all(
      [...keys].filter((key) => !known.has(key)).map((key) => this.#table.get(key)),
    );
    this.#gone = undefined;
    for (const kept of found) if (kept !== undefined && !gone.has(kept.id)) this.add(kept);
    return before.flatMap(({ kept, room }) =>
      !keys.has(kept.key) && this.#forget(room.id) !== undefined ? room : [],
    );
  }

  /** In the order of their ids. */
  list(): readonly Room[] {
    const rooms = [...this.#byId.values()].map(({ room }) => room);
    return rooms.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: string): Room | undefined {
    return this.#byId.get(id)?.room;
  }

  find(name: RoomName): Room | undefined {
    return this.#byName.get(keyOf(name));
  }

  /**
   * The room of a name, made when there is none.
   * @param made is told of one that this hub made.
   * @returns when it is durable.
   * @throws HubError `too_many_rooms`.
   */
  async make(name: RoomName, label: string, by: string, made: (kept: KeptRoom) => void): Promise<Room> {
    const key = keyOf(name);
    const making = this.#byName.get(key) ?? this.#making.get(key);
    if (making !== undefined) return making;
    this.#assertPlace(by);
    const room = this.#make(name, label, by, made);
    this.#making.set(key, room);
    try {
      return await room;
    } finally {
      this.#making.delete(key);
    }
  }

  /** Another hub made a room, or this one. */
  add(kept: KeptRoom): Room {
    const known = this.get(kept.id);
    if (known !== undefined) return known;
    const room = new Room(kept.id, kept.stored, this.#parts);
    this.#byId.set(kept.id, { kept, room });
    this.#byName.set(keyOf(kept.stored), room);
    this.#count(kept.stored.by, 1);
    return room;
  }

  /** Another hub deleted the room. @returns it, if it was there. */
  remove(id: string): Room | undefined {
    return this.#forget(id)?.room;
  }

  /** @returns when the room and its messages are gone for good: false when another hub did it. Nobody finds it from now on. */
  async delete(room: Room): Promise<boolean> {
    const known = this.#forget(room.id);
    if (known === undefined) return false;
    try {
      const [isDeleted] = await Promise.all([this.#table.delete(known.kept), room.feed.clear()]);
      return isDeleted;
    } catch (error) {
      if (this.find(room.stored) === undefined) this.#restore(known);
      throw error;
    }
  }

  async #make(name: RoomName, label: string, by: string, made: (kept: KeptRoom) => void): Promise<Room> {
    const id = randomUUID();
    this.#count(by, 1);
    try {
      const kept = await this.#table.make(id, { ...name, label, by, at: Math.floor(Date.now() / 1_000) });
      const room = this.add(kept);
      if (kept.id === id) {
        room.begin();
        made(kept);
      }
      return room;
    } finally {
      this.#count(by, -1);
    }
  }

  #assertPlace(by: string): void {
    const { rooms, roomsPerUser } = this.#limits;
    if (this.#byId.size + this.#making.size >= rooms)
      throw new HubError('too_many_rooms', `there are ${rooms} rooms, which is the limit`, 429);
    if ((this.#made.get(by) ?? 0) >= roomsPerUser)
      throw new HubError('too_many_rooms', `you made ${roomsPerUser} rooms, which is the limit`, 429);
  }

  #restore(known: Known): void {
    const { room, kept } = known;
    this.#byId.set(room.id, known);
    this.#byName.set(keyOf(room.stored), room);
    this.#count(kept.stored.by, 1);
  }

  #forget(id: string): Known | undefined {
    const known = this.#byId.get(id);
    this.#gone?.add(id);
    if (known === undefined) return undefined;
    this.#byId.delete(id);
    const name = keyOf(known.kept.stored);
    if (this.#byName.get(name) === known.room) this.#byName.delete(name);
    this.#count(known.kept.stored.by, -1);
    return known;
  }

  #count(by: string, more: number): void {
    const count = (this.#made.get(by) ?? 0) + more;
    if (count > 0) this.#made.set(by, count);
    else this.#made.delete(by);
  }
}
