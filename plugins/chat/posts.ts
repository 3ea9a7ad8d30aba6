/** The messages about messages: POST, DELETE_MSG. */
import { HubError } from '../../core/index.ts';
import type { ChatParts } from './chat.ts';
import type { Members } from './members.ts';
import { newMessageId } from './message-ids.ts';
import { AboutMessage } from './messages.ts';

export function servePosts({ wire, cleaner, tell }: ChatParts, members: Members): void {
  const { endpoint } = wire;

  const posting = { concurrent: true, summary: 'Says something in a room one is in' };
  // Concurrent, so that posts of one turn are stored together. They are stored and sent in the order in which they came.
  endpoint.on(
    'POST',
    AboutMessage,
    ({ Message: { RoomUuid, Message: text, Activity } }, connection) => {
      const member = members.in(connection, RoomUuid);
      if (member.access !== 'read-write')
        throw new HubError('read_only', 'you may only read in this room', 403);
      members.heard(member);
      const { feed } = member.room;
      return feed.post({
        Uuid: newMessageId(feed.published + 1),
        RoomUuid,
        Message: cleaner.html(text),
        Author: member.session.login,
        Timestamp: Math.floor(Date.now() / 1_000),
        ...(Activity && { Activity: cleaner.plainAll(Activity) }),
      });
    },
    posting,
  );

  const deleting = { summary: 'Deletes a message of one’s own' };
  endpoint.on(
    'DELETE_MSG',
    AboutMessage,
    async ({ Message: { Uuid, RoomUuid } }, connection) => {
      const { room, session } = members.in(connection, RoomUuid);
      const found = await room.feed.find(Uuid);
      const isOwn = found === undefined || found.value.Author === session.login;
      if (!isOwn) throw new HubError('forbidden', 'only its author deletes a message');
      if (found === undefined || !(await room.feed.delete(found)))
        throw new HubError('unknown_message', 'the room has no such message', 404);
      tell.messageDeleted(room, found.value);
    },
    deleting,
  );
}
