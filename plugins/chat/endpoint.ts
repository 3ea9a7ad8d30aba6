/** The endpoint, and what the hub sends on it. */
import type { Hub } from '../../core/index.ts';
import { ChatMessage, envelope, MayHaveMore, OneMessage, OneRoom } from './messages.ts';
import type { Options } from './options.ts';
import { writeInfo } from './other-hubs.ts';
import type { ChatConnection, ChatState } from './room.ts';

export type ChatEndpoint = ReturnType<typeof openEndpoint>;

export function openEndpoint(hub: Hub, { messageBytes, roomsPerSession }: Options) {
  const endpoint = hub.endpoint<ChatState>(['/chat', '/ws/chat'], {
    envelope,
    data: () => ({ rooms: new Map(), joining: undefined }),
    limits: { messageBytes, channels: roomsPerSession },
    ...(hub.store.isShared && { presence: tellOf }),
    summary: 'Chat rooms, as clients of Pydio Cells know them',
  });
  return {
    endpoint,
    posted: endpoint.emits('ChatMessage', ChatMessage, {
      overflow: 'close',
      bare: true,
      summary: 'A message of a room',
    }),
    roomUpdate: endpoint.emits('ROOM_UPDATE', OneRoom, { overflow: 'latest', summary: 'Who is in a room' }),
    mayHaveMore: endpoint.emits('MAY_HAVE_MORE', MayHaveMore, { overflow: 'close' }),
    messageDeleted: endpoint.emits('DELETE_MSG', OneMessage, { overflow: 'close' }),
    roomDeleted: endpoint.emits('DELETE_ROOM', OneRoom, { overflow: 'close' }),
  };
}

/** What other hubs see of a session in a room. */
function tellOf({ data: { rooms, joining } }: Pick<ChatConnection, 'data'>, channel: string | undefined) {
  const member = rooms.get(channel ?? '');
  if (member !== undefined) return writeInfo(member.presence);
  if (joining === undefined || joining.room.id !== channel) return undefined;
  return writeInfo({ login: joining.session.login, since: joining.since });
}
