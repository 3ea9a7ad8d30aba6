/** The broker port: what carries notifications between the hubs of a cluster. */

/** A place in a stream. Places of different epochs have nothing to do with each other. */
export interface Position {
  readonly epoch: string;
  /** 1 for the first entry of the epoch, then without gaps. */
  readonly offset: number;
}

/** How much of a stream is kept: the newest entries that keep to all of it. */
export interface Keep {
  readonly entries: number;
  readonly bytes: number;
  /** After the last entry. */
  readonly seconds: number;
}

export interface AppendOptions {
  /** The hub that appends, as in `start`; a hub that was not started may append, too. */
  readonly node: string;
  /** 1 for what that hub appends first, then without gaps: what it repeats is recognised by it. */
  readonly number: number;
  readonly keep: Keep;
  /**
   * The entry of the number before may be on its way, or have failed: this one is refused unless that one is in the stream. False: that
   * one is known to have been in it, or left out for good.
   */
  readonly follows: boolean;
  /** Numbers before this one are left out for good: a new epoch begins, so that all hubs learn of it. */
  readonly isAfterLoss: boolean;
}

/** What is kept of a stream. */
export interface Past {
  /** Of the newest entry, kept or not. */
  readonly position: Position;
  /** The newest entries, without gaps. */
  readonly frames: readonly string[];
}

/** What a broker hands to the hub: frames that other hubs sent, never the hub's own. */
export interface FrameReceiver {
  topic(topic: string, frame: string): void;
  inbox(frame: string): void;
}

export interface BrokerReceiver extends FrameReceiver {
  /** An entry of a stream that the hub subscribed to, whichever hub appended it. Those of a stream come in their order. */
  entry(topic: string, position: Position, frame: string): void;
  /**
   * Frames of this hub or for it may be lost: told after every outage, and after frames were dropped, once frames come
   * and go again and all subscriptions are in force.
   */
  restored(): void;
}

/**
 * Delivers frames between hubs, in the order in which one hub sent them to one topic. It must not throw: what it cannot
 * deliver it reports itself.
 */
export interface Broker {
  /** @param node 8 hex digits that name this hub process. */
  start(node: string, receiver: BrokerReceiver): Promise<void>;
  /** Sends to all other hubs that subscribed to the topic. */
  publish(topic: string, frame: string): void;
  /**
   * Called for the first local member of a topic.
   * @returns when it is in force, or never will be: the broker was closed. It does not reject.
   */
  subscribe(topic: string): Promise<void>;
  /** Called when the last local member of a topic has left. */
  unsubscribe(topic: string): void;
  /** Sends to one hub, if it runs. */
  send(node: string, frame: string): void;
  /**
   * Appends to the stream of a topic and sends to all hubs that subscribed to it, in one step, once for each number.
   * @param topic without braces.
   * @returns whether it was done now; false: it had been before.
   * @throws Error when it could not be done now, or nobody knows, or it must not be before the entry it follows: it may be repeated, after
   *   all others of lower numbers.
   */
  append(topic: string, frame: string, options: AppendOptions): Promise<boolean>;
  /**
   * What came after a place, as far as it is kept. An epoch ends when entries may have been lost after they were appended.
   * @throws Error when it cannot be read now.
   */
  history(topic: string, since: Position): Promise<Past>;
  close(): Promise<void>;
  /** For how long somebody waits for it while it is away, who needs what he sends to be there; in ms. */
  readonly waitMs: number;
  /** False when there are no other hubs: frames then need not be made. */
  readonly isDistributed: boolean;
}
