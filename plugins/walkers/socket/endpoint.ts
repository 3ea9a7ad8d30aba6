/** The WebSocket endpoint: what is sent and accepted on it, as the clients of Jac-cloud know it. */
import {
  type ErrorObject,
  type ErrorReport,
  type Hub,
  type MessageHandler,
  type Static,
  type TSchema,
  Type,
} from '../../../core/index.ts';
import { detailsOf } from '../details.ts';
import type { Options } from '../options.ts';
import { SwitchList } from '../switches/list.ts';
import { Visitor } from './visitor.ts';

const MOST_TARGETS = 1_000;
const Id = Type.String({ maxLength: 256 });
const Targets = Type.Array(Id, { minItems: 1, maxItems: MOST_TARGETS });
const Data = Type.Record(Type.String(), Type.Unknown(), { description: 'Sent on as it is.' });

export const WalkerEvent = Type.Object({
  walker: Type.String({ description: 'Name of the walker.' }),
  node: Type.Optional(
    Type.Union([Id, Type.Null()], { description: 'Id of the node it starts on. Default: the root.' }),
  ),
  response: Type.Boolean({ default: false, description: 'Whether there is an answer.' }),
  context: Type.Record(Type.String(), Type.Unknown(), { default: {}, description: 'Fields of the walker.' }),
});
export type WalkerEvent = Static<typeof WalkerEvent>;
export const ConnectionEvent = Type.Object({});
export const UserEvent = Type.Object({ root_ids: Targets, data: Data });
export const ChannelEvent = Type.Object({ channel_ids: Targets, data: Data });
export const ClientEvent = Type.Object({ client_ids: Targets, data: Data });
export const ChangeUserEvent = Type.Object({
  token: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: '`Bearer …`. Without one: whoever is not logged in.',
    }),
  ),
});

const Connected = Type.Object({
  data: Type.Object({
    client_id: Type.String({ pattern: '^\\d+:[0-9a-f]{32}$' }),
    root_id: Type.String({ pattern: '^n::[0-9a-f]{24}$' }),
    channel_id: Type.String(),
  }),
});

export type Socket = ReturnType<typeof openSocket>;

export function openSocket(hub: Hub, { messageBytes }: Options) {
  const endpoint = hub.endpoint<Visitor>('/websocket', {
    envelope: { type: 'type', error: errorOf },
    limits: { messageBytes, outboxBytes: Math.max(messageBytes, 1_024) },
    data: (connection) => new Visitor(connection),
    summary: 'Walkers: events, and what walkers notify clients of',
  });
  /** As `endpoint.on`: after the events that run walkers and came before. */
  const onInTurn = <S extends TSchema>(
    name: string,
    schema: S,
    handler: MessageHandler<Static<S>, Visitor>,
  ) => {
    endpoint.on(name, schema, (content, connection, type) => {
      const before = connection.data.order.done;
      if (before === undefined) return handler(content, connection, type);
      return before.then(() => (connection.isOpen ? handler(content, connection, type) : undefined));
    });
  };
  // None may be lost: a client that reads too slowly is told so by a close.
  const bare = { overflow: 'close', bare: true } as const;
  return {
    endpoint,
    onInTurn,
    connected: endpoint.emits('connection', Connected, { overflow: 'close' }),
    failed: endpoint.emits('walker', Type.Object({ error: Type.String() }), {
      overflow: 'close',
      summary: 'The walker did not run, or failed.',
    }),
    answer: endpoint.emits('(response)', Type.Unknown(), {
      ...bare,
      summary: 'Of an event with `response`.',
    }),
    refused: endpoint.emits('(refused)', Type.Object({ error: Type.Unknown() }), bare),
    switches: endpoint.emits('switches', Type.Object({ data: SwitchList }), { overflow: 'close' }),
    data: endpoint.emits('(data)', Type.Unknown(), { ...bare, summary: 'A notification.' }),
  };
}

function errorOf({ code, message, traceId }: ErrorReport, invalid: readonly ErrorObject[]): unknown {
  if (code === 'unknown_type') return { error: 'Not a valid event!' };
  if (invalid.length > 0) return { error: detailsOf(invalid, []) };
  return { error: traceId === undefined ? message : `${message}, trace id ${traceId}` };
}
