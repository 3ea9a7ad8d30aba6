/** The broker on sharded pub/sub: a channel for each topic with local members, and one for each hub. */
import {
  type AppendOptions,
  type Broker,
  type BrokerReceiver,
  type Log,
  type Past,
  type Position,
  StartError,
} from '../../core/index.ts';
import type { Keys } from './keys.ts';
import type { Link } from './link.ts';
import type { Options } from './options.ts';
import { Outbox } from './outbox.ts';
import { RedisStreams, readEntry } from './streams.ts';
import { Subscriptions } from './subscriptions.ts';

/** Every frame is preceded by the name of its hub: Redis gives a hub its own frames too, and they are left out by that. */
const NODE_BYTES = 8;

export class RedisBroker implements Broker {
  readonly isDistributed = true;
  readonly waitMs: number;
  readonly #keys: Keys;
  readonly #log: Log;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #streams: RedisStreams;
  readonly #subscriptions: Subscriptions;
  readonly #listener = (message: Buffer, channel: Buffer) => this.#receive(message, channel);
  /** Before the start: a command of the command line, which hears nothing but is heard. */
  #node = '0'.repeat(NODE_BYTES);
  #nodeBytes = Buffer.alloc(0);
  #inbox = '';
  #isRestoring = false;
  #receiver: BrokerReceiver | undefined;

  constructor(link: Link, keys: Keys, options: Pick<Options, 'queueBytes' | 'waitMs'>, log: Log) {
    this.waitMs = options.waitMs;
    this.#keys = keys;
    this.#log = log;
    this.#link = link;
    this.#outbox = new Outbox(link, options.queueBytes, log, () => void this.#restored());
    this.#streams = new RedisStreams(link, keys);
    this.#subscriptions = new Subscriptions(link, log, this.#listener);
    link.onReady(() => void this.#restored());
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

  subscribe(topic: string): Promise<void> {
    return this.#subscriptions.add(this.#keys.topic(topic));
  }

  unsubscribe(topic: string): void {
    this.#subscriptions.delete(this.#keys.topic(topic));
  }

  append(topic: string, frame: string, options: AppendOptions): Promise<boolean> {
    return this.#streams.append(topic, frame, options);
  }

  history(topic: string, since: Position): Promise<Past> {
    return this.#streams.history(topic, since);
  }

  async close(): Promise<void> {
    this.#receiver = undefined;
    this.#subscriptions.stop();
    await this.#link.close();
  }

  async #restored(): Promise<void> {
    if (this.#isRestoring) return;
    this.#isRestoring = true;
    await this.#subscriptions.settled();
    this.#isRestoring = false;
    this.#receiver?.restored();
  }

  #receive(message: Buffer, channel: Buffer): void {
    const name = channel.toString();
    try {
      // Somebody else may publish there, too: anything, of any length.
      if (message.compare(this.#nodeBytes, 0, NODE_BYTES, 0, NODE_BYTES) === 0) return;
      const entry = readEntry(message);
      const frame = message.toString('utf8', NODE_BYTES);
      if (entry !== undefined) this.#receiver?.entry(this.#keys.topicOf(name), entry.position, entry.frame);
      else if (name === this.#inbox) this.#receiver?.inbox(frame);
      else this.#receiver?.topic(this.#keys.topicOf(name), frame);
    } catch (error) {
      // It must not reach the client, which would lose its place in what Redis sends.
      this.#log.error({ err: error, channel: name }, 'a notification from another hub cannot be read');
    }
  }
}
