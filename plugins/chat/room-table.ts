/** The rooms in the store. Where hubs share it, a room's document is named by what the room is found by: two of one name cannot be made. */
import { type Collection, hashOf, type PluginStore } from '../../core/index.ts';
import type { RoomName, StoredRoom } from './room.ts';

/** A room in the store. */
export interface KeptRoom {
  /** Of its document. */
  readonly key: string;
  readonly id: string;
  readonly stored: StoredRoom;
}

export class RoomTable {
  readonly #isShared: boolean;
  readonly #rooms: Collection<StoredRoom>;

  constructor(store: PluginStore) {
    this.#isShared = store.isShared;
    this.#rooms = store.collection('rooms');
  }

  /** Of all documents. */
  keys(): Promise<string[]> {
    return this.#rooms.ids();
  }

  async get(key: string): Promise<KeptRoom | undefined> {
    const stored = await this.#rooms.get(key);
    return stored && { key, id: stored.id ?? key, stored };
  }

  /** @returns the room when it is durable; or the one that another hub made of this name. */
  async make(id: string, stored: StoredRoom): Promise<KeptRoom> {
    if (!this.#isShared) {
      await this.#rooms.put(id, stored);
      return { key: id, id, stored };
    }
    const key = hashOf(keyOf(stored));
    const made = { key, id, stored: { ...stored, id } };
    for (;;) {
      const isMade = await this.#rooms.batch([{ put: key, value: made.stored }], {
        id: key,
        value: undefined,
      });
      const present = isMade ? made : await this.get(key);
      // Deleted again in between: then there is place for this one.
      if (present !== undefined) return present;
    }
  }

  /** @returns false: another hub did. */
  async delete({ key, stored }: KeptRoom): Promise<boolean> {
    if (this.#isShared) return this.#rooms.batch([{ delete: key }], { id: key, value: stored });
    return this.#rooms.delete(key);
  }
}

/** What a room is found by, as text. Types have no spaces; as JSON, text of any kind is well-formed. */
export function keyOf({ type, object }: RoomName): string {
  return `${type} ${JSON.stringify(object)}`;
}
