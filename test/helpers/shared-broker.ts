/** A broker, leases and presence for several hubs of one process: what a test needs to see them as a cluster. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppendOptions, Broker, BrokerReceiver, Past, Position } from '../../core/broker/port.ts';
import type { PresenceTable } from '../../core/index.ts';
import { SharedLeases } from './shared-leases.ts';
import { SharedPresence } from './shared-presence.ts';
import { SharedStreams } from './shared-streams.ts';

/** The broker of one hub, which a test can cut off from the others. */
export class SharedBroker implements Broker {
  readonly isDistributed = true;
  readonly topics = new Set<string>();
  readonly waitMs: number;
  readonly #members: Map<string, SharedBroker>;
  readonly #streams: SharedStreams;
  #node = '';
  #receiver: BrokerReceiver | undefined;
  /** Resolves when the hub is not cut off any more; undefined: it is not. */
  #way: PromiseWithResolvers<void> | undefined;

  constructor(members: Map<string, SharedBroker>, streams: SharedStreams, waitMs: number) {
    this.waitMs = waitMs;
    this.#members = members;
    this.#streams = streams;
  }

  async start(node: string, receiver: BrokerReceiver): Promise<void> {
    this.#node = node;
    this.#receiver = receiver;
    this.#members.set(node, this);
  }

  publish(topic: string, frame: string): void {
    // Whether a hub gets it is decided when it is published.
    for (const other of this.#members.values())
      if (other.topics.has(topic)) this.#carry(other, (receiver) => receiver.topic(topic, frame));
  }

  async subscribe(topic: string): Promise<void> {
    this.topics.add(topic);
    await this.#way?.promise;
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  send(node: string, frame: string): void {
    const other = this.#members.get(node);
    if (other !== undefined) this.#carry(other, (receiver) => receiver.inbox(frame));
  }

  async append(topic: string, frame: string, options: AppendOptions): Promise<boolean> {
    if (this.#way !== undefined) throw new Error('cut off');
    const position = this.#streams.append(topic, frame, options);
    for (const member of this.#members.values()) {
      if (position === undefined || !member.topics.has(topic)) continue;
      setImmediate(() => member.#way === undefined && member.#receiver?.entry(topic, position, frame));
    }
    await nextTurn();
    if (this.#way !== undefined) throw new Error('cut off: whether it was done is not known');
    return position !== undefined;
  }

  async history(topic: string, since: Position): Promise<Past> {
    if (this.#way !== undefined) throw new Error('cut off');
    const past = this.#streams.history(topic, since);
    await nextTurn();
    return past;
  }

  async close(): Promise<void> {
    this.#receiver = undefined;
    this.#members.delete(this.#node);
    this.#way?.resolve();
  }

  /** Until `restore`, what the hub sends and what the others send it is lost. */
  cut(): void {
    this.#way = Promise.withResolvers();
  }

  restore(): void {
    this.#way?.resolve();
    this.#way = undefined;
    this.#receiver?.restored();
  }

  #carry(other: SharedBroker, deliver: (receiver: BrokerReceiver) => void): void {
    if (other === this || this.#way !== undefined || other.#way !== undefined) return;
    setImmediate(() => other.#receiver && deliver(other.#receiver));
  }
}

interface HubParts {
  readonly broker: SharedBroker;
  readonly leases: SharedLeases;
  readonly presence: PresenceTable;
}

/** What the brokers of one cluster share. Frames arrive in a later turn, as from a network. */
export class SharedNetwork {
  readonly leases: SharedLeases;
  readonly #presence = new SharedPresence();
  readonly streams = new SharedStreams();
  readonly #members = new Map<string, SharedBroker>();

  /** @param termMs of leases. */
  constructor(termMs = 60_000) {
    this.leases = new SharedLeases(termMs);
  }

  /** What one more hub is started with. */
  hub(): HubParts {
    return { broker: this.join(), leases: this.leases, presence: this.#presence.join() };
  }

  /**
   * A broker for one more hub.
   * @param waitMs how long a broker that is cut off is waited for.
   */
  join(waitMs = 60_000): SharedBroker {
    return new SharedBroker(this.#members, this.streams, waitMs);
  }

  /** Resolves when what was asked for so far is in force, and what was sent so far has arrived. */
  async settled(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }
}
