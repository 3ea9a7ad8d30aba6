/** The broker port: what carries notifications between the hubs of a cluster. */

/** What a broker hands to the hub: frames that other hubs sent, never the hub's own. */
export interface BrokerReceiver {
  topic(topic: string, frame: string): void;
  inbox(frame: string): void;
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
  /** Called for the first local member of a topic. */
  subscribe(topic: string): void;
  /** Called when the last local member of a topic has left. */
  unsubscribe(topic: string): void;
  /** Sends to one hub, if it runs. */
  send(node: string, frame: string): void;
  close(): Promise<void>;
  /** False when there are no other hubs: frames then need not be made. */
  readonly isDistributed: boolean;
}
