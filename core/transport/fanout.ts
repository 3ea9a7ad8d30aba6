/**
 * Publishing through uWS' own topics. A subscriber too slow for a message is taken off its topics until it has caught up,
 * and gets what is published meanwhile through its wait list, where the overflow of each type applies. So a fan-out costs
 * JavaScript nothing per recipient, except for the slow ones.
 *
 * Who is slow is looked up in the members' buffers, once in so many bytes published to a topic. uWS' own limit and its
 * `dropped` callback cannot serve for that: uWS collects the small messages of a turn for each subscriber, and when one of
 * them meets the limit, the rest of that subscriber's is gone without a word.
 */
import type { LiveConnection } from '../live-connection.ts';
import type { Message } from '../messages.ts';
import type { TurnQueue } from './socket.ts';
import type { TemplatedApp } from './uws.ts';

/** uWS collects up to 32 messages of less than 16 KB for a subscriber before they show in its buffer. */
const COLLECTED_BYTES = 32 * 16_384;

/**
 * The most bytes that can be in the transport's buffer of a reader that takes nothing at all, apart from one last message:
 * its outbox, what its topics may add before it is looked at again (an outbox of characters, of up to 3 bytes), and what
 * uWS collects. Only pongs, which a client can ask for without end, get it there.
 */
export function mostBuffered(outboxBytes: number): number {
  return Math.min(4 * outboxBytes + COLLECTED_BYTES, 2 ** 31 - 1);
}

export class FanOut {
  readonly #app: TemplatedApp;
  readonly #turnQueue: TurnQueue;
  /** Members of a topic that are off it because they are slow. */
  readonly #detached = new Map<string, Set<LiveConnection>>();
  /** Characters published to a topic since its members were looked at. Keyed by the set of them, which ends with the topic. */
  readonly #unseen = new WeakMap<ReadonlySet<LiveConnection>, number>();

  constructor(app: TemplatedApp, turnQueue: TurnQueue) {
    this.#app = app;
    this.#turnQueue = turnQueue;
  }

  /** @param members of the topic. */
  publish(
    topic: string,
    members: ReadonlySet<LiveConnection>,
    message: Message,
    except?: LiveConnection,
  ): void {
    this.#turnQueue.flush();
    this.#findSlow(members, message);
    if (except?.topics?.has(topic) && !except.socket.isCongested)
      except.socket.publish(topic, message.payload());
    else this.#app.publish(topic, message.payload());
    const slow = this.#detached.get(topic);
    if (slow === undefined) return;
    for (const connection of slow) if (connection !== except) connection.socket.send(message);
  }

  /** uWS wrote some of this connection's buffer. */
  drained(connection: LiveConnection): void {
    if (!connection.socket.drained()) return;
    for (const topic of connection.topics ?? []) {
      this.#removeDetached(topic, connection);
      connection.socket.subscribe(topic);
    }
  }

  joined(connection: LiveConnection, topic: string): void {
    if (connection.socket.isCongested) this.#addDetached(topic, connection);
    else connection.socket.subscribe(topic);
  }

  left(connection: LiveConnection, topic: string): void {
    this.#removeDetached(topic, connection);
    connection.socket.unsubscribe(topic);
  }

  /**
   * A connection became slow: what is published to its topics goes through its wait list from now on. What uWS has
   * collected for it in this turn still reaches it, and before anything that waits.
   */
  congested(connection: LiveConnection): void {
    for (const topic of connection.topics ?? []) {
      connection.socket.unsubscribe(topic);
      this.#addDetached(topic, connection);
    }
  }

  /**
   * Looks for slow members so often that even one that is in all the channels it may be in cannot collect more than another
   * outbox between two looks.
   */
  #findSlow(members: ReadonlySet<LiveConnection>, message: Message): void {
    const { outboxBytes, channels } = message.type.endpoint.limits;
    const { length } = message.text;
    const unseen = (this.#unseen.get(members) ?? 0) + length;
    if (unseen <= outboxBytes / channels) {
      this.#unseen.set(members, unseen);
      return;
    }
    this.#unseen.set(members, length);
    for (const member of members) member.socket.holdIfFull();
  }

  #addDetached(topic: string, connection: LiveConnection): void {
    const members = this.#detached.get(topic);
    if (members === undefined) this.#detached.set(topic, new Set([connection]));
    else members.add(connection);
  }

  #removeDetached(topic: string, connection: LiveConnection): void {
    const members = this.#detached.get(topic);
    if (members?.delete(connection) && members.size === 0) this.#detached.delete(topic);
  }
}
