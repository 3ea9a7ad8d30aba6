/** The parts of the plugin, put together. */
import type { Hub, StoreLog } from '../../core/index.ts';
import { RoomAccess } from './access.ts';
import { Cleaner } from './cleaner.ts';
import type { Clock } from './clock.ts';
import { type ChatEndpoint, openEndpoint } from './endpoint.ts';
import { Members } from './members.ts';
import type { ChatMessage } from './messages.ts';
import type { Options } from './options.ts';
import { OtherHubs } from './other-hubs.ts';
import { servePosts } from './posts.ts';
import { serveRest } from './rest.ts';
import { serveRooms } from './room-messages.ts';
import { RoomTable } from './room-table.ts';
import { Rooms } from './rooms.ts';
import { SessionReader, serveSessions } from './sessions.ts';
import { defineTopics, type Teller } from './topics.ts';

/** What the parts share. */
export interface ChatParts {
  readonly hub: Hub;
  readonly options: Options;
  readonly wire: ChatEndpoint;
  readonly log: StoreLog<ChatMessage>;
  readonly rooms: Rooms;
  /** Undefined: no other hub serves these rooms. */
  readonly others: OtherHubs | undefined;
  readonly tell: Teller;
  readonly sessions: SessionReader;
  readonly access: RoomAccess;
  readonly cleaner: Cleaner;
}

export async function setUpChat(hub: Hub, options: Options, clock: Clock): Promise<void> {
  const wire = openEndpoint(hub, options);
  const tell = defineTopics(hub);
  const log = hub.store.log<ChatMessage>('messages');
  const others = hub.store.isShared ? new OtherHubs(hub, wire, () => rooms) : undefined;
  const rooms = new Rooms(new RoomTable(hub.store), options, {
    log,
    most: options.messagesPerRoom,
    posted: wire.posted,
    deleted: (message) => wire.messageDeleted({ Message: message }),
    // Other hubs tell their members themselves: in the order of the log.
    send: (room, message) => hub.notify.channels([room], message, { local: true }),
    published: (message) => {
      const room = rooms.get(message.RoomUuid);
      if (room !== undefined) tell.message(room, message);
    },
    failed: (what, error) => hub.log.error({ err: error }, what),
    others,
  });
  await rooms.load();
  const access = new RoomAccess(options.undecided, hub.log);
  hub.provideEach('chat', (plugin) => ({ decide: (decider) => access.add(plugin, decider) }));
  hub.onReady(() => access.close());

  const sessions = new SessionReader(options.claims);
  const cleaner = new Cleaner();
  const chat: ChatParts = { hub, options, wire, log, rooms, others, tell, sessions, access, cleaner };
  const members = new Members(chat, clock);
  serveSessions(wire.endpoint);
  serveRooms(chat, members);
  servePosts(chat, members);
  await serveRest(chat, members);
}
