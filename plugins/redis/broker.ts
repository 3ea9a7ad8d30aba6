/** The broker on sharded pub/sub: a channel for each topic with local members, and one for each hub. */
import { type Broker, type BrokerReceiver, type Log, StartError } from '../../core/index.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import { Outbox } from './outbox.ts';
import { Subscriptions } from './subscriptions.ts';

/** Every frame is preceded by the name of its hub: Redis gives a hub its own frames too, and they are left out by that. */
const NODE_BYTES = 8;

export class RedisBroker implements Broker {
  readonly isDistributed = true;
  readonly #keys: Keys;
  readonly #log: Log;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #listener = (message: Buffer, channel: Buffer) => this.#receive(message, channel);
  /** Before the start: a command of the command line, which hears nothing but is heard. */
  #node = '0'.repeat(NODE_BYTES);
  #nodeBytes = Buffer.alloc(0);
  #inbox = '';
  #receiver: BrokerReceiver | undefined;

  /** @param queueSize bytes of frames that may wait for Redis. */
  constructor(link: Link, keys: Keys, queueSize: number, log: Log) {
    this.#keys = keys;
    this.#log = log;
    this.#link = link;
    this.#outbox = new Outbox(link, queueSize, log);
    this.#subscriptions = new Subscriptions(link, log, this.#listener);
  }

  /** @throws StartError when Redis does not let the hub listen. */
  async start(node: string, receiver: BrokerReceiver): Promise<void> {
    this.#node = node;
    this.#nodeBytes = Buffer.from(node);
    this.#inbox = this.#keys.inbox(node);
    this.#receiver = receiver;
    try {
      await this.#link.subscribe([this.#inbox], this.#listener);
    } catch (cause) {
      throw new StartError('Redis does not let the hub listen to its channel', { cause });
    }
  }

  publish(topic: string, frame: string): void {
    this.#outbox.send(this.#keys.topic(topic), this.#node + frame);
  }

  send(node: string, frame: string): void {
    this.#outbox.send(this.#keys.inbox(node), this.#node + frame);
  }

  subscribe(topic: string): void {
    this.#subscriptions.add(this.#keys.topic(topic));
  }

  unsubscribe(topic: string): void {
    this.#subscriptions.delete(this.#keys.topic(topic));
  }

  async close(): Promise<void> {
    this.#receiver = undefined;
    this.#subscriptions.stop();
    await this.#link.close();
  }

  #receive(message: Buffer, channel: Buffer): void {
    if (message.compare(this.#nodeBytes, 0, NODE_BYTES, 0, NODE_BYTES) === 0) return;
    const frame = message.toString('utf8', NODE_BYTES);
    const name = channel.toString();
    try {
      if (name === this.#inbox) this.#receiver?.inbox(frame);
      else this.#receiver?.topic(this.#keys.topicOf(name), frame);
    } catch (error) {
      // It must not reach the client, which would lose its place in what Redis sends.
      this.#log.error({ err: error, channel: name }, 'a notification from another hub cannot be read');
    }
  }
}
