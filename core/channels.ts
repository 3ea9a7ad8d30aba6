/**
 * Channels: named groups of connections. A channel belongs to an endpoint, so the same name on two endpoints means two
 * groups, and a name that a client chose can never reach into another endpoint.
 */
import type { Broker } from './broker/port.ts';
import type { Connection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { HubError } from './errors.ts';
import { Hearing } from './hearing.ts';
import { type HookPoints, isTapped, type Verdict } from './hooks.ts';
import type { Identity } from './identity.ts';
import { within } from './lifecycle.ts';
import { type LiveConnection, live } from './live-connection.ts';
import type { PresenceEntries } from './presence.ts';
import type { FanOut } from './transport/fanout.ts';

/** Channels as plugins see them. */
export interface Channels {
  /**
   * Adds the connection to the channel, if no tap of `authorizeSubscribe` objects. Resolves when it also gets what other hubs
   * send, or after a second when the broker is away.
   * @throws HubError `forbidden` or `too_many_channels`.
   */
  join(connection: Connection<unknown>, channel: string): Promise<void>;
  /** Nothing happens when it was not in it. */
  leave(connection: Connection<unknown>, channel: string): void;
  /**
   * Puts the connection at once into exactly these channels, beside those it joined: for what recipients are looked up
   * by, such as user, roles and groups. No tap is asked or told. They stay when the identity changes: the plugin assigns
   * others then (hook `identified`). `limits.channels` does not count them, so the plugin has to bound them; a slow
   * reader in more than that many may be closed for what its message types say may be dropped.
   */
  assign(connection: Connection<unknown>, channels: Iterable<string>): void;
  /** The members on this hub process. */
  members<D>(endpoint: Endpoint<D>, channel: string): readonly Connection<D>[];
}

const NOBODY: ReadonlySet<LiveConnection> = new Set();

export class ChannelRegistry implements Channels {
  readonly #hooks: HookPoints;
  readonly #fanOut: FanOut;
  readonly #hearing: Hearing;
  readonly #presence: PresenceEntries;
  readonly #members = new Map<string, Set<LiveConnection>>();
  /** Topics of the channels that have members, by endpoint and channel. */
  readonly #topics = new Map<Endpoint<unknown>, Map<string, string>>();

  constructor(hooks: HookPoints, fanOut: FanOut, broker: Broker, presence: PresenceEntries) {
    this.#hooks = hooks;
    this.#fanOut = fanOut;
    this.#hearing = new Hearing(broker, (topic) => this.#members.has(topic));
    this.#presence = presence;
  }

  async join(connection: Connection<unknown>, channel: string): Promise<void> {
    const member = live(connection);
    if (member.channelNames?.has(channel)) return;
    await this.#authorize(member, channel);
    const { identity } = member;
    const arrived = await this.#hearing.arrive(channelTopic(member.endpoint, channel));
    try {
      if (member.identity !== identity) await this.#authorize(member, channel);
      this.#join(member, channel);
    } finally {
      arrived();
    }
  }

  #join(member: LiveConnection, channel: string): void {
    // Looked at after the wait: other joins may have ended meanwhile.
    if (!member.isOpen || member.channelNames?.has(channel)) return;
    const { channels: limit } = member.endpoint.limits;
    if ((member.channelNames?.size ?? 0) >= limit) {
      throw new HubError('too_many_channels', `a connection may be in ${limit} channels at a time`);
    }
    member.channelNames ??= new Set();
    member.channelNames.add(channel);
    if (!member.assigned?.has(channel)) this.#enter(member, channel);
    this.#presence.entered(member, channelTopic(member.endpoint, channel), channel);
    this.#hooks.subscribed.call({ connection: member, channel });
  }

  leave(connection: Connection<unknown>, channel: string): void {
    const member = live(connection);
    if (!member.channelNames?.delete(channel)) return;
    if (!member.assigned?.has(channel)) this.#exit(member, channel);
    this.#presence.left(member, channelTopic(member.endpoint, channel));
    this.#hooks.unsubscribed.call({ connection, channel });
  }

  assign(connection: Connection<unknown>, channels: Iterable<string>): void {
    const member = live(connection);
    if (!member.isOpen) return;
    const before = member.assigned;
    const after = new Set(channels);
    member.assigned = after.size === 0 ? undefined : after;
    const joined = (channel: string) => member.channelNames?.has(channel) === true;
    for (const channel of before ?? []) {
      if (!after.has(channel) && !joined(channel)) this.#exit(member, channel);
    }
    for (const channel of after) {
      if (!before?.has(channel) && !joined(channel)) this.#enter(member, channel);
    }
  }

  members<D>(endpoint: Endpoint<D>, channel: string): readonly Connection<D>[] {
    // Connections of an endpoint carry that endpoint's data.
    return [...this.membersOf(channelTopic(endpoint, channel))] as unknown as Connection<D>[];
  }

  /** The topics of the channels that have members, by channel; undefined: none has. */
  topicsOf(endpoint: Endpoint<unknown>): ReadonlyMap<string, string> | undefined {
    return this.#topics.get(endpoint);
  }

  membersOf(topic: string): ReadonlySet<LiveConnection> {
    return this.#members.get(topic) ?? NOBODY;
  }

  /** The identity changed: the connection is found under its new user, and keeps only channels it still may be in. */
  async reauthorize(member: LiveConnection, before: string | undefined): Promise<void> {
    const user = member.identity?.user;
    if (before !== undefined && before !== user) this.#leaveUser(member, before);
    for (const channel of member.channels) {
      try {
        await this.#authorize(member, channel);
        // It may have left while taps decided.
        if (member.channelNames?.has(channel))
          this.#presence.entered(member, channelTopic(member.endpoint, channel), channel);
      } catch {
        this.leave(member, channel);
      }
    }
    if (user !== undefined) await this.#enterUser(member, user);
  }

  opened(member: LiveConnection): void {
    if (member.identity === undefined) return;
    const topic = userTopic(member.endpoint, member.identity.user);
    this.#add(member, topic);
    this.#presence.entered(member, topic);
  }

  /** The connection is gone from everything it was in. */
  closed(member: LiveConnection): void {
    for (const channel of member.channels) this.leave(member, channel);
    for (const channel of member.assigned ?? []) this.#exit(member, channel);
    if (member.identity !== undefined) this.#leaveUser(member, member.identity.user);
  }

  async #authorize(connection: LiveConnection, channel: string): Promise<void> {
    if (!isTapped(this.#hooks.authorizeSubscribe)) return;
    let identity: Identity | undefined;
    let verdict: Verdict;
    do {
      identity = connection.identity;
      const pending = this.#hooks.authorizeSubscribe.promise({ connection, channel });
      if (!(await within(connection.endpoint.limits.handshakeMs, pending))) {
        throw new HubError('forbidden', 'whether the connection may join was not decided in time');
      }
      verdict = await pending;
      // The identity may change while taps decide: the verdict must be about the present one.
    } while (connection.identity !== identity);
    if (typeof verdict === 'object') throw new HubError('forbidden', verdict.deny);
  }

  /** Unless it has become somebody else meanwhile. */
  async #enterUser(member: LiveConnection, user: string): Promise<void> {
    const topic = userTopic(member.endpoint, user);
    const arrived = await this.#hearing.arrive(topic);
    if (member.isOpen && member.identity?.user === user) {
      if (!member.topics?.has(topic)) this.#add(member, topic);
      this.#presence.entered(member, topic);
    }
    arrived();
  }

  #leaveUser(member: LiveConnection, user: string): void {
    const topic = userTopic(member.endpoint, user);
    this.#remove(member, topic);
    this.#presence.left(member, topic);
  }

  #enter(member: LiveConnection, channel: string): void {
    const { endpoint } = member;
    const topic = channelTopic(endpoint, channel);
    let topics = this.#topics.get(endpoint);
    if (topics === undefined) {
      topics = new Map();
      this.#topics.set(endpoint, topics);
    }
    topics.set(channel, topic);
    this.#add(member, topic);
  }

  #exit(member: LiveConnection, channel: string): void {
    const topic = channelTopic(member.endpoint, channel);
    this.#remove(member, topic);
    if (this.membersOf(topic).size === 0) this.#topics.get(member.endpoint)?.delete(channel);
  }

  #add(member: LiveConnection, topic: string): void {
    member.topics ??= new Set();
    member.topics.add(topic);
    const members = this.#members.get(topic);
    if (members === undefined) {
      this.#members.set(topic, new Set([member]));
      this.#hearing.begin(topic);
    } else members.add(member);
    this.#fanOut.joined(member, topic);
  }

  #remove(member: LiveConnection, topic: string): void {
    member.topics?.delete(topic);
    this.#fanOut.left(member, topic);
    const members = this.#members.get(topic);
    if (members === undefined || !members.delete(member) || members.size > 0) return;
    this.#members.delete(topic);
    this.#hearing.end(topic);
  }
}

/** The name of a channel beneath the plugins: for uWS and the broker, the same on every hub of a cluster. */
export function channelTopic(endpoint: { readonly name: string }, channel: string): string {
  return `c ${endpoint.name} ${channel}`;
}

/** All connections of a user on an endpoint. */
export function userTopic(endpoint: { readonly name: string }, user: string): string {
  return `u ${endpoint.name} ${user}`;
}
