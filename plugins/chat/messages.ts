/** What goes over the wire: the messages of clients, and what the hub sends. */
import { type Envelope, type Static, Type } from '../../core/index.ts';
import { sessionEnvelope } from './sessions.ts';

/** In the order of their numbers. */
const MESSAGE_TYPES = ['JOIN', 'LEAVE', 'POST', 'HISTORY', 'DELETE_MSG', 'DELETE_ROOM'] as const;
const ROOM_TYPES = ['GLOBAL', 'WORKSPACE', 'USER', 'NODE', 'OBJECT'] as const;
export type RoomType = (typeof ROOM_TYPES)[number];

/** Types may be numbers, and the first one is left out where the fields say that it is a message of chat. */
export const envelope: Envelope = {
  ...sessionEnvelope,
  typeOf: ({ '@type': type, Room }) => {
    if (type === undefined) return Room === undefined ? undefined : MESSAGE_TYPES[0];
    return typeof type === 'number' ? (MESSAGE_TYPES[type] ?? String(type)) : undefined;
  },
};

const NameOrNumber = Type.Unsafe<RoomType | number>({
  enum: [...ROOM_TYPES, ...ROOM_TYPES.keys()],
  default: ROOM_TYPES[0],
});

/** The name of a room type that may have come as its number. */
export function roomTypeOf(given: RoomType | number): RoomType {
  return typeof given === 'number' ? (ROOM_TYPES[given] ?? ROOM_TYPES[0]) : given;
}

const MAX_NAME = 256;

/** A room as clients name it. */
const RoomGiven = Type.Object({
  Uuid: Type.String({ default: '', maxLength: 64 }),
  Type: NameOrNumber,
  // It is shown and sent back as it is, so nothing of HTML may be in it.
  RoomTypeObject: Type.String({
    default: '',
    maxLength: MAX_NAME,
    pattern: '^[^<>"\\u0000-\\u001f\\u007f]*$',
  }),
  RoomLabel: Type.String({ default: '', maxLength: MAX_NAME }),
});
export type RoomGiven = Static<typeof RoomGiven>;

const MessageGiven = Type.Object({
  Uuid: Type.String({ default: '', maxLength: 64 }),
  RoomUuid: Type.String({ default: '', maxLength: 64 }),
  Message: Type.String({ default: '' }),
  Activity: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

export const AboutRoom = Type.Object({ Room: RoomGiven, Message: Type.Optional(MessageGiven) });
export type AboutRoom = Static<typeof AboutRoom>;
export const AboutMessage = Type.Object({ Message: MessageGiven });
export type AboutMessage = Static<typeof AboutMessage>;

/** What `Message.Message` of a HISTORY holds as JSON. */
export const Page = Type.Object({
  Offset: Type.Integer({ default: 0, minimum: 0, description: 'Messages to pass over, from the newest on.' }),
  Limit: Type.Integer({ default: 0, minimum: 0, description: '0: as many as the option `history` allows.' }),
});

const Seconds = Type.Integer({ description: 'Unix time in seconds.' });

export const ChatRoom = Type.Object({
  Uuid: Type.String(),
  Type: Type.Unsafe<RoomType>({ enum: [...ROOM_TYPES] }),
  RoomTypeObject: Type.String(),
  RoomLabel: Type.String(),
  Users: Type.Array(Type.String(), { description: 'Logins of those who are in the room.' }),
  LastUpdated: Seconds,
});
export type ChatRoom = Static<typeof ChatRoom>;

export const ChatMessage = Type.Object({
  Uuid: Type.String(),
  RoomUuid: Type.String(),
  Message: Type.String({ description: 'Clean HTML.' }),
  Author: Type.String(),
  Timestamp: Seconds,
  Activity: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type ChatMessage = Static<typeof ChatMessage>;

export const MayHaveMore = Type.Object({
  RoomUuid: Type.String(),
  Timestamp: Seconds,
  Offset: Type.Integer(),
  Limit: Type.Integer({ description: 'How many were sent: the next page begins at Offset + Limit.' }),
});

export const OneRoom = Type.Object({ Room: ChatRoom });
export const OneMessage = Type.Object({ Message: ChatMessage });
