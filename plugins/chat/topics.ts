/** Topics of this plugin, where topics are enabled: what happens in rooms, for plugins and walkers. */
import { type Hub, Type } from '../../core/index.ts';
import { ChatMessage, ChatRoom } from './messages.ts';
import type { Room } from './room.ts';

const AboutRoom = Type.Object({
  room: Type.Pick(ChatRoom, ['Uuid', 'Type', 'RoomTypeObject', 'RoomLabel']),
});
const AboutMessage = Type.Object({ ...AboutRoom.properties, message: ChatMessage });
const AboutUser = Type.Object({
  ...AboutRoom.properties,
  user: Type.String({ description: 'The login.' }),
});

/** Tells of what happened in a room. */
export interface Teller {
  message(room: Room, message: ChatMessage): void;
  messageDeleted(room: Room, message: ChatMessage): void;
  joined(room: Room, user: string): void;
  left(room: Room, user: string): void;
  roomDeleted(room: Room): void;
}

const nothing = () => {};
const SILENT: Teller = {
  message: nothing,
  messageDeleted: nothing,
  joined: nothing,
  left: nothing,
  roomDeleted: nothing,
};

/** @returns does nothing where topics are not enabled, and never throws: what happened has happened. */
export function defineTopics(hub: Hub): Teller {
  const topics = hub.find('topics');
  if (topics === undefined) return SILENT;
  // Without an audience: clients get what they may see in their rooms, and of no other.
  topics.define('chat.message', { schema: AboutMessage, summary: 'Somebody said something in a room.' });
  topics.define('chat.message_deleted', {
    schema: AboutMessage,
    summary: 'A message was deleted by its author.',
  });
  topics.define('chat.joined', { schema: AboutUser, summary: 'A user is in a room, with a first session.' });
  topics.define('chat.left', { schema: AboutUser, summary: 'A user is no longer in a room.' });
  topics.define('chat.room_deleted', { schema: AboutRoom, summary: 'A room and its messages were deleted.' });
  const tell = (topic: string, { id, stored }: Room, more: object = {}) => {
    const room = { Uuid: id, Type: stored.type, RoomTypeObject: stored.object, RoomLabel: stored.label };
    try {
      topics.publish(`chat.${topic}`, { room, ...more });
    } catch (error) {
      hub.log.error({ err: error, topic }, 'an event of a room could not be published');
    }
  };
  return {
    message: (room, message) => tell('message', room, { message }),
    messageDeleted: (room, message) => tell('message_deleted', room, { message }),
    joined: (room, user) => tell('joined', room, { user }),
    left: (room, user) => tell('left', room, { user }),
    roomDeleted: (room) => tell('room_deleted', room),
  };
}
