/** The endpoint `/topics`: clients choose what they follow, and get what they missed when they come back. */
import {
  type Connection,
  type Hub,
  HubError,
  JsonText,
  type Message,
  type Position,
  type Stream,
  Type,
} from '../../core/index.ts';
import type { Clock } from './clock.ts';
import { type Delivery, formsOf, type Outlet } from './delivery.ts';
import type { History } from './history.ts';
import { invalidPattern, isPattern, MAX_PATTERN, patternsOf } from './names.ts';
import type { Options } from './options.ts';
import { newSession, type Session } from './sessions/sessions.ts';

const Patterns = Type.Array(Type.String({ minLength: 1, maxLength: MAX_PATTERN }), {
  minItems: 1,
  maxItems: 100,
  description: 'Topics, families such as `irrigation.*`, or `*`.',
});
const Place = Type.Object({
  epoch: Type.String({
    maxLength: 100,
    description: 'Offsets of another epoch mean nothing in this one.',
  }),
  offset: Type.Integer({ minimum: 0 }),
});
const Subscribe = Type.Object({
  topics: Patterns,
  since: Type.Optional(Type.Object(Place.properties, { description: 'Of the last event that was seen.' })),
});
const Subscribed = Type.Object({
  topics: Patterns,
  ...Place.properties,
  recovered: Type.Optional(
    Type.Boolean({
      description:
        'With `since`: whether all that was missed follows. If not, ask for the present state another way.',
    }),
  ),
});
const Missed = Type.Object(Place.properties, {
  description:
    'Events before this place were lost to the hub. Ask for the present state another way, and go on from here.',
});
const Unsubscribe = Type.Object({ topics: Patterns });
const Identify = Type.Object({ token: Type.String() });
const Identified = Type.Object({ user: Type.String() });
const Event = Type.Object({ topic: Type.String(), offset: Type.Integer(), event: Type.Unknown() });

interface Parts {
  readonly options: Options;
  readonly delivery: Delivery;
  readonly history: History;
  /** Gives the events their places. */
  readonly stream: Pick<Stream<unknown>, 'position' | 'covers' | 'catchUp'>;
  readonly clock: Clock;
}

/** The channel of all that subscribed to something; those of subscriptions have a space in their names. */
const ALL = 'all';

/**
 * Opens the endpoint.
 * @returns `place` puts a connection into the channels of its session, `missed` tells all clients that events were lost.
 */
export function openTopics(hub: Hub, { options, delivery, history, stream, clock }: Parts) {
  const endpoint = hub.endpoint<Session>('/topics', {
    envelope: { type: 'type' },
    tokenInQuery: true,
    data: (connection) => newSession(connection, clock),
    summary: 'Events of topics, those the holder of the token may get.',
  });
  const overflow = 'close';
  const subscribed = endpoint.emits('subscribed', Subscribed, { overflow });
  const unsubscribed = endpoint.emits('unsubscribed', Unsubscribe, { overflow });
  const identified = endpoint.emits('identified', Identified, { overflow });
  const event = endpoint.emits('event', Event, { overflow });
  const missed = endpoint.emits('missed', Missed, { overflow });

  const outlet: Outlet = {
    endpoint,
    channels: (topic, keys) =>
      patternsOf(topic).flatMap((pattern) => keys.map((key) => channelOf(pattern, key))),
    message: (topic, text, offset) =>
      event(new JsonText(`{"topic":${JSON.stringify(topic)},"offset":${offset},"event":${text}}`)),
  };
  delivery.add(outlet);

  endpoint.on('identify', Identify, async ({ token }, connection) => {
    const { user } = await connection.identify(token);
    return identified({ user });
  });
  endpoint.on('subscribe', Subscribe, async ({ topics, since }, connection) => {
    const { patterns, recipient } = connection.data;
    const added = new Set(topics.filter((pattern) => !patterns.has(pattern)));
    const invalid = topics.find((pattern) => !isPattern(pattern));
    if (invalid !== undefined) throw invalidPattern(invalid);
    const size = (patterns.size + added.size) * recipient.keys.size;
    if (size > options.subscriptions) {
      throw new HubError(
        'too_many_subscriptions',
        `${patterns.size + added.size} topics for ${recipient.keys.size} index keys are ${size}, at most ${options.subscriptions} are allowed`,
        429,
      );
    }
    // Another hub may have sent what this one is about to.
    if (since !== undefined && !stream.covers(since)) await stream.catchUp();
    const brought = since && missedBy(connection, added, since);
    for (const pattern of added) patterns.add(pattern);
    place(connection);
    connection.send(
      subscribed({ topics, ...stream.position, ...(since && { recovered: brought !== undefined }) }),
    );
    for (const message of brought ?? []) connection.send(message);
  });
  endpoint.on('unsubscribe', Unsubscribe, ({ topics }, connection) => {
    for (const pattern of topics) connection.data.patterns.delete(pattern);
    place(connection);
    return unsubscribed({ topics });
  });

  /** What the connection may get now and did not; undefined: nobody knows, or it is more than may wait for a reader. */
  function missedBy(
    connection: Connection<Session>,
    added: ReadonlySet<string>,
    since: Position,
  ): readonly Message[] | undefined {
    const { patterns, recipient } = connection.data;
    const isNew = (topic: string) => {
      const matching = patternsOf(topic);
      return matching.some((one) => added.has(one)) && !matching.some((one) => patterns.has(one));
    };
    const sent = stream.covers(since) ? history.since(since.offset) : undefined;
    const messages = sent?.flatMap((one) => {
      const { topic, event } = one;
      if (!isNew(topic.name)) return [];
      // Asked again, for what an audience works out for its recipients is too much to keep.
      const audience = topic.definition.audience?.(event);
      if (audience === undefined || !audience.keys.some((key) => recipient.keys.has(key))) return [];
      return formsOf(outlet, one, audience)(connection);
    });
    const bytes = messages?.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0) ?? 0;
    return bytes > endpoint.limits.outboxBytes ? undefined : messages;
  }

  function place(connection: Connection<Session>): void {
    const { patterns, recipient } = connection.data;
    const channels = patterns.size === 0 ? [] : [ALL];
    for (const pattern of patterns) {
      for (const key of recipient.keys) {
        // A session may have come to more keys since it subscribed.
        if (channels.length <= options.subscriptions) channels.push(channelOf(pattern, key));
      }
    }
    hub.channels.assign(connection, channels);
  }
  return {
    endpoint,
    place,
    missed: () => hub.notify.channels([ALL], missed(stream.position), { local: true }),
  };
}

function channelOf(pattern: string, key: string): string {
  return `${pattern} ${key}`;
}
