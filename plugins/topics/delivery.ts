/** From an event to the clients that get it: audience, history, limits, and once encoded for all that get the same bytes. */
import type { Connection, Endpoint, Hub, Message } from '../../core/index.ts';
import type { Place } from './batches.ts';
import type { Audience, Topic } from './definition.ts';
import type { History, Sent } from './history.ts';
import type { Session } from './sessions/sessions.ts';

/** An endpoint through which events reach clients. */
export interface Outlet {
  readonly endpoint: Endpoint<Session>;
  /** The channels of those who may get events of the topic and have one of the keys; none: the outlet does not carry it. */
  channels(topic: string, keys: readonly string[]): readonly string[];
  /** @param text the event as JSON. */
  message(topic: string, text: string, offset: number): Message;
}

export class Delivery {
  readonly #hub: Hub;
  readonly #history: History;
  readonly #reached: () => number;
  readonly #outlets: Outlet[] = [];

  /** @param reached the offset of the last event that has a place. */
  constructor(hub: Hub, history: History, reached: () => number) {
    this.#hub = hub;
    this.#history = history;
    this.#reached = reached;
  }

  add(outlet: Outlet): void {
    this.#outlets.push(outlet);
  }

  /**
   * To all clients of this hub process that may get it.
   * @param text the event as JSON, if it is at hand.
   */
  send(topic: Topic, event: unknown, { position, isFollowed }: Place, text = JSON.stringify(event)): void {
    try {
      const audience = topic.definition.audience?.(event);
      if (audience === undefined || audience.keys.length === 0) return;
      // Who saw only this one comes back for the one that follows, too.
      const offset = position === undefined ? this.#reached() : position.offset - Number(isFollowed);
      const sent = { topic, event, text, offset };
      if (position !== undefined) this.#history.add(position.offset, sent);
      for (const outlet of this.#outlets) this.#through(outlet, sent, audience);
    } catch (error) {
      // Of the definition: whoever published cannot do anything about it.
      this.#hub.log.error({ err: error, topic: topic.name }, 'an event could not be sent to its audience');
    }
  }

  #through(outlet: Outlet, sent: Sent, audience: Audience): void {
    const { topic, event } = sent;
    const channels = outlet.channels(topic.name, audience.keys);
    if (channels.length === 0) return;
    const { limits } = topic.definition;
    if (limits === undefined && audience.filter === undefined && audience.transform === undefined) {
      this.#hub.notify.channels(channels, outlet.message(topic.name, sent.text, sent.offset), {
        local: true,
      });
      return;
    }
    const form = formsOf(outlet, sent, audience);
    for (const connection of this.#members(outlet, channels)) {
      for (const message of form(connection)) {
        if (limits === undefined) connection.send(message);
        else connection.data.limiter.offer(limits, event, message);
      }
    }
  }

  /** Each once. */
  #members({ endpoint }: Outlet, channels: readonly string[]): Iterable<Connection<Session>> {
    const found = channels
      .map((channel) => this.#hub.channels.members(endpoint, channel))
      .filter(({ length }) => length > 0);
    return found.length === 1 ? (found[0] ?? []) : new Set(found.flat());
  }
}

/** Makes of an event what a recipient gets: encoded once for all that get the same. */
export function formsOf(
  outlet: Outlet,
  { topic, event, text, offset }: Sent,
  audience: Audience,
): (connection: Connection<Session>) => Message[] {
  const made = new Map<unknown, Message>();
  return ({ data: { recipient } }) => {
    if (!isAllowed(audience, recipient)) return [];
    return (audience.transform?.(recipient) ?? [event]).map((form) => {
      let message = made.get(form);
      if (message === undefined) {
        message = outlet.message(topic.name, form === event ? text : JSON.stringify(form), offset);
        made.set(form, message);
      }
      return message;
    });
  };
}

function isAllowed({ filter }: Audience, recipient: Session['recipient']): boolean {
  return filter === undefined || filter(recipient);
}
