/** A broker for several hubs of one process: what a test needs to see them as a cluster. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker, BrokerReceiver } from '../../core/broker/port.ts';

interface Member {
  readonly receiver: BrokerReceiver;
  readonly topics: Set<string>;
}

/** What the brokers of one cluster share. Frames arrive in a later turn, as from a network. */
export class SharedNetwork {
  readonly #members = new Map<string, Member>();

  /** A broker for one more hub. */
  join(): Broker {
    const topics = new Set<string>();
    let own = '';
    return {
      isDistributed: true,
      start: async (node, receiver) => {
        own = node;
        this.#members.set(node, { receiver, topics });
      },
      publish: (topic, frame) => {
        for (const [node, member] of this.#members) {
          // Whether a hub gets it is decided when it is published.
          if (node === own || !member.topics.has(topic)) continue;
          setImmediate(() => this.#members.get(node)?.receiver.topic(topic, frame));
        }
      },
      subscribe: (topic) => void topics.add(topic),
      unsubscribe: (topic) => void topics.delete(topic),
      send: (node, frame) => void setImmediate(() => this.#members.get(node)?.receiver.inbox(frame)),
      close: async () => void this.#members.delete(own),
    };
  }

  /** Resolves when what was asked for so far is in force, and what was sent so far has arrived. */
  async settled(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }
}
