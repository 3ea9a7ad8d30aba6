/**
 * Notifications to self, users, channels and clients. A message is encoded once; local members get it through uWS' publish,
 * other hubs through the broker.
 */
import type { Broker, FrameReceiver } from './broker/port.ts';
import { type ChannelRegistry, channelTopic, userTopic } from './channels.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Endpoint } from './endpoint.ts';
import type { LiveConnection } from './live-connection.ts';
import { Message } from './messages.ts';
import type { FanOut } from './transport/fanout.ts';

export interface NotifyOptions {
  /** A connection that does not get it, such as the one that caused it. */
  readonly except?: Connection<unknown>;
  /** Called for each local recipient; false leaves it out. Other hubs do not see it: they deliver to all members. */
  readonly filter?: (connection: Connection<unknown>) => boolean;
  /** Only to connections of this hub process: the others learn of it another way, such as a line of the plugin. Default false. */
  readonly local?: boolean;
}

/** Sends messages to the connections of their endpoint, and to no others. Every recipient gets a message once. */
export interface Notify {
  self(connection: Connection<unknown>, message: Message): void;
  users(users: readonly string[], message: Message, options?: NotifyOptions): void;
  channels(channels: readonly string[], message: Message, options?: NotifyOptions): void;
  clients(clients: readonly string[], message: Message): void;
}

/** A notification on its way between hubs: this line, then the text of the message. */
interface FrameHead {
  readonly endpoint: string;
  readonly type: string;
  readonly key: string;
  /** Topics the notification went to before this one: their members have it already. */
  readonly before?: readonly string[];
  readonly clients?: readonly string[];
}

const NONE: readonly string[] = [];

export class Notifier implements Notify, FrameReceiver {
  readonly #channels: ChannelRegistry;
  readonly #connections: Connections;
  readonly #fanOut: FanOut;
  readonly #broker: Broker;
  readonly #endpoint: (name: string) => Endpoint<unknown> | undefined;

  constructor(
    channels: ChannelRegistry,
    connections: Connections,
    fanOut: FanOut,
    broker: Broker,
    endpoint: (name: string) => Endpoint<unknown> | undefined,
  ) {
    this.#channels = channels;
    this.#connections = connections;
    this.#fanOut = fanOut;
    this.#broker = broker;
    this.#endpoint = endpoint;
  }

  self(connection: Connection<unknown>, message: Message): void {
    connection.send(message);
  }

  users(users: readonly string[], message: Message, options: NotifyOptions = {}): void {
    this.#topics(
      unique(users).map((user) => userTopic(message.type.endpoint, user)),
      message,
      options,
    );
  }

  channels(channels: readonly string[], message: Message, options: NotifyOptions = {}): void {
    const { endpoint } = message.type;
    const known = this.#channels.topicsOf(endpoint);
    const isShared = this.#mayBeElsewhere(options);
    if (known === undefined && !isShared) return;
    const topics: string[] = [];
    for (const channel of unique(channels)) {
      const topic = known?.get(channel);
      if (topic !== undefined) topics.push(topic);
      else if (isShared) topics.push(channelTopic(endpoint, channel));
    }
    if (topics.length > 0) this.#topics(topics, message, options);
  }

  clients(clients: readonly string[], message: Message): void {
    const elsewhere = new Map<string, string[]>();
    for (const client of unique(clients)) {
      const connection = this.#connections.get(client);
      if (connection !== undefined) {
        if (connection.endpoint === message.type.endpoint) connection.send(message);
      } else if (this.#broker.isDistributed && !client.startsWith(this.#connections.node)) {
        const node = client.slice(0, 8);
        elsewhere.set(node, [...(elsewhere.get(node) ?? []), client]);
      }
    }
    for (const [node, ids] of elsewhere) this.#broker.send(node, frame(message, { clients: ids }));
  }

  topic(topic: string, received: string): void {
    const { message, head } = this.#read(received);
    if (message !== undefined) this.#deliver(topic, message, {}, head.before ?? []);
  }

  inbox(received: string): void {
    const { message, head } = this.#read(received);
    if (message === undefined) return;
    for (const client of head.clients ?? []) {
      const connection = this.#connections.get(client);
      if (connection?.endpoint === message.type.endpoint) connection.send(message);
    }
  }

  #topics(topics: readonly string[], message: Message, options: NotifyOptions): void {
    const isShared = this.#mayBeElsewhere(options);
    topics.forEach((topic, index) => {
      const before = index === 0 ? NONE : topics.slice(0, index);
      this.#deliver(topic, message, options, before);
      if (isShared) this.#broker.publish(topic, frame(message, { before }));
    });
  }

  /** Whether members of a topic on other hubs are meant. */
  #mayBeElsewhere({ local }: NotifyOptions): boolean {
    return this.#broker.isDistributed && !local;
  }

  #deliver(
    topic: string,
    message: Message,
    { except, filter }: NotifyOptions,
    before: readonly string[],
  ): void {
    const members = this.#channels.membersOf(topic);
    if (members.size === 0) return;
    if (filter === undefined && before.length === 0) {
      this.#fanOut.publish(topic, members, message, except as LiveConnection | undefined);
      return;
    }
    message.text;
    for (const member of members) {
      if (member === except || before.some((other) => member.topics?.has(other))) continue;
      if (filter === undefined || filter(member)) member.socket.send(message);
    }
  }

  #read(received: string): { message?: Message; head: FrameHead } {
    const end = received.indexOf('\n');
    const head: FrameHead = JSON.parse(received.slice(0, end));
    const type = this.#endpoint(head.endpoint)?.messages.outgoing.get(head.type);
    // A hub of another configuration in the cluster: it has nobody to give the message to.
    if (type === undefined) return { head };
    return { head, message: new Message(type, undefined, head.key, received.slice(end + 1)) };
  }
}

function frame(message: Message, more: Pick<FrameHead, 'before' | 'clients'>): string {
  const { type, key } = message;
  const head: FrameHead = { endpoint: type.endpoint.name, type: type.name, key, ...more };
  return `${JSON.stringify(head)}\n${message.text}`;
}

function unique(names: readonly string[]): readonly string[] {
  return names.length < 2 ? names : [...new Set(names)];
}
