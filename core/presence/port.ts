/** The presence port: who is connected to the hubs of a cluster. Connections are entered into groups: see `channelTopic`. */

/** What a hub tells the others of one of its connections. */
export interface PresenceEntry {
  /** Id of the connection. */
  readonly client: string;
  readonly text: string;
}

/** A hub keeps what it entered in memory, and enters it again after whatever made the table lose it. */
export interface PresenceTable {
  /**
   * @param node 8 hex digits that name this hub process and begin the ids of its connections.
   * @param gone called when hubs that lived do not any more, or some may have gone unnoticed.
   * @returns when the others know that this hub lives.
   */
  start(node: string, gone: () => void): Promise<void>;
  /** Enters a connection of this hub, or replaces what was told of it there. It must not throw. */
  enter(group: string, entry: PresenceEntry): void;
  /** Nothing happens when it was not entered. It must not throw. */
  leave(group: string, client: string): void;
  /** What the other hubs that live entered, in one look-up. Rejects when the table cannot be asked, which it reports itself. */
  others(group: string): Promise<readonly PresenceEntry[]>;
  /** Removes what hubs that are gone left behind. One hub at a time is asked to. Rejects as `others` does. */
  sweep(): Promise<void>;
  /** The hub is gone for the others, with all it entered. */
  close(): Promise<void>;
}
