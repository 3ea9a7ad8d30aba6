/** What every contender is asked to do: the messages and documents, their schemas and their texts. */
import { createHmac, randomUUID } from 'node:crypto';
import Type, { type Static } from 'typebox';

/** `ECHO` is answered by `ECHOED` with the same content. */
export const Echo = Type.Object(
  { id: Type.Integer(), text: Type.String({ maxLength: 1000 }) },
  { additionalProperties: false },
);
/** `SUBSCRIBE` makes the connection one of those that get `NEWS`; answered by an empty `SUBSCRIBED`. */
export const Subscribe = Type.Object({}, { additionalProperties: false });
/** `PUBLISH` is not answered: each subscriber gets `NEWS` with the same content. */
export const Publish = Type.Object(
  { text: Type.String({ maxLength: 1000 }) },
  { additionalProperties: false },
);

/** The body of `GET /document` and `POST /document`. */
export const Document = Type.Object({
  name: Type.String(),
  revision: Type.Integer({ minimum: 0 }),
  items: Type.Array(
    Type.Object({
      id: Type.Integer(),
      label: Type.String(),
      description: Type.String({ maxLength: 1000 }),
      color: Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), { minItems: 3, maxItems: 3 }),
      active: Type.Boolean(),
    }),
  ),
});

/** About 2 KB as JSON. */
export const sampleDocument: Static<typeof Document> = {
  name: 'benchmark',
  revision: 7,
  items: Array.from({ length: 12 }, (_, id) => ({
    id,
    label: `item number ${id}`,
    description: 'lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor',
    color: [210, 170, id],
    active: id % 2 === 0,
  })),
};

/** A JOIN makes the connection one of those that get each POST, as it is with the fields that the server adds. */
export const ChatJoin = Type.Object({
  Room: Type.Object({ Type: Type.String(), RoomTypeObject: Type.String({ maxLength: 256 }) }),
});
export const ChatPost = Type.Object({
  Message: Type.Object({ RoomUuid: Type.String({ maxLength: 64 }), Message: Type.String() }),
});
export const CHAT_SECRET = 'the benchmark needs no secrets, only tokens';

/** How a message looks in the text of a WebSocket frame. */
export interface Wire {
  /** Path of the upgrade request. */
  readonly path: string;
  /** Whether the server sends a message as soon as the connection is open. */
  readonly greets?: boolean;
  /** Path for the connection of this number, where each has its own. */
  readonly pathOf?: (index: number) => string;
  encode(type: string, content: unknown): string;
  /** @throws SyntaxError when the text is not of this wire. */
  decode(text: string): { readonly type: string; readonly content: unknown };
}

/** The envelope `{"type": …, "content": …}` on the given path. */
export function jsonWire(path: string): Wire {
  return {
    path,
    encode: (type, content) => JSON.stringify({ type, content }),
    decode: (text) => JSON.parse(text),
  };
}

/** The fields beside `@type`, which messages of people do not have; chat's. */
export function chatWire(path: string): Wire {
  return {
    path,
    encode: (type, content) =>
      JSON.stringify({ ...(type !== '' && { '@type': type }), ...(content as object) }),
    decode: (text) => {
      const { '@type': type = '', ...content } = JSON.parse(text);
      return { type, content };
    },
  };
}

/** The hub's topics: subscribers are users of their own, news are events; publishers use the given path. */
export function topicsWire(path: string): Wire {
  return {
    path,
    pathOf: (index) => `/topics?token=u${index}`,
    encode: (type, content) =>
      JSON.stringify(type === 'SUBSCRIBE' ? { type: 'subscribe', topics: ['bench.*'] } : { type, content }),
    decode: (text) => {
      const { type, event } = JSON.parse(text);
      return type === 'event' ? { type: 'NEWS', content: event } : { type: type.toUpperCase(), content: {} };
    },
  };
}

/** Socket.IO 4 over engine.io 4, without polling: `42["TYPE",content]`. */
export const socketIoWire: Wire = {
  path: '/socket.io/?EIO=4&transport=websocket',
  encode: (type, content) => `42${JSON.stringify([type, content])}`,
  decode: (text) => {
    const [type, content] = JSON.parse(text.replace(/^42/, ''));
    return { type, content };
  },
};

/** A walker event of Jac-cloud, and its answer: `ECHO` runs the walker `echo`. */
export function walkerWire(path: string): Wire {
  return {
    path,
    greets: true,
    encode: (type, context) =>
      JSON.stringify({ type: 'walker', walker: type.toLowerCase(), response: true, context }),
    decode: (text) => ({ type: 'ECHOED', content: JSON.parse(text).reports?.[0] }),
  };
}

/** A message of the given size in the JSON envelope, in bytes; Socket.IO writes the same content shorter. */
export function echoContent(id: number, size: number): Static<typeof Echo> {
  return { id, text: filler(size, (text) => jsonWire('').encode('ECHO', { id, text })) };
}

export function newsContent(size: number): Static<typeof Publish> {
  return { text: filler(size, (text) => jsonWire('').encode('PUBLISH', { text })) };
}

export function chatText(size: number): string {
  return filler(size, (Message) =>
    chatWire('').encode('POST', { Message: { RoomUuid: randomUUID(), Message } }),
  );
}

/** Of the user `ann`; without an end. */
export const chatToken = (() => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256' })}.${part({ sub: 'ann' })}`;
  return `${signed}.${createHmac('sha256', CHAT_SECRET).update(signed).digest('base64url')}`;
})();

function filler(size: number, encode: (text: string) => string): string {
  return 'lorem ipsum dolor sit amet '.repeat(size).slice(0, size - encode('').length);
}
