/** The messages about rooms: JOIN, LEAVE, HISTORY, DELETE_ROOM. */
import { compile, explain, HubError, type Message } from '../../core/index.ts';
import { roomNameOf } from './access.ts';
import type { ChatParts } from './chat.ts';
import { readPage } from './history.ts';
import type { Members } from './members.ts';
import {
  type AboutRoom,
  AboutRoom as AboutRoomSchema,
  Page,
  type RoomGiven,
  roomTypeOf,
} from './messages.ts';
import type { ChatConnection, Room, RoomName } from './room.ts';
import type { Session } from './sessions.ts';

const HEARTBEAT = 'PING';
const isPage = compile(Page);

export function serveRooms(chat: ChatParts, members: Members): void {
  const { endpoint } = chat.wire;
  const handlers = new RoomMessages(chat, members);
  endpoint.on('JOIN', AboutRoomSchema, (content, connection) => handlers.join(content, connection), {
    summary: 'Joins a room, making it if need be; with Message.Message PING, only a sign of life',
  });
  endpoint.on('LEAVE', AboutRoomSchema, (content, connection) => handlers.leave(content, connection));
  endpoint.on('HISTORY', AboutRoomSchema, (content, connection) => handlers.history(content, connection), {
    summary: 'Previous messages; Message.Message may be a page as JSON: {"Offset":0,"Limit":50}',
  });
  endpoint.on(
    'DELETE_ROOM',
    AboutRoomSchema,
    (content, connection) => handlers.deleteRoom(content, connection),
    {
      summary: 'Deletes a room and its messages; for profile admin',
    },
  );
}

class RoomMessages {
  readonly #chat: ChatParts;
  readonly #members: Members;

  constructor(chat: ChatParts, members: Members) {
    this.#chat = chat;
    this.#members = members;
  }

  async join({ Room: given, Message: sent }: AboutRoom, connection: ChatConnection): Promise<void> {
    const { sessions, access, rooms, cleaner, options } = this.#chat;
    const session = sessions.of(connection.identity);
    const name = nameOf(given, session);
    const isHeartbeat = sent?.Message === HEARTBEAT;
    const member = connection.data.rooms.get(rooms.find(name)?.id ?? '');
    if (member !== undefined && isHeartbeat) return this.#members.heard(member);

    const granted = await access.decide(session, name);
    await cleaner.load();
    if (connection.identity !== session.identity)
      throw new HubError('forbidden', 'the session ended while you joined');
    // Looked for only now: others may have made it meanwhile.
    let room = rooms.find(name);
    if (room === undefined) {
      if (isHeartbeat) return;
      const label = cleaner.plain(given.RoomLabel);
      room = await rooms.make(name, label, session.user, (made) => this.#chat.others?.tellMade(made));
    }
    const found = room;
    await room.use(async () => {
      const page = { Offset: 0, Limit: options.history };
      const read = async () => (isHeartbeat ? [] : this.#page(found, page));
      const joined = connection.data.rooms.get(found.id);
      if (joined === undefined) {
        await this.#members.enter(connection, { room: found, session, access: granted }, read);
        return;
      }
      joined.access = granted;
      this.#members.heard(joined);
      connection.send(this.#roomUpdate(found));
      for (const message of await read()) connection.send(message);
    });
  }

  leave({ Room: given }: AboutRoom, connection: ChatConnection): void {
    const room = this.#find(given, this.#chat.sessions.of(connection.identity));
    if (room !== undefined) this.#members.leave(connection, room);
  }

  async history({ Room: given, Message: sent }: AboutRoom, connection: ChatConnection): Promise<void> {
    const { sessions, access } = this.#chat;
    const session = sessions.of(connection.identity);
    const page = pageOf(sent?.Message ?? '');
    const room = this.#find(given, session);
    const member = connection.data.rooms.get(room?.id ?? '');
    if (member !== undefined) this.#members.heard(member);
    // Decided before it is told whether there is such a room.
    else await access.decide(session, room?.stored ?? nameOf(given, session));
    if (room === undefined) throw unknownRoom();
    await room.use(async () => {
      const messages = await this.#page(room, page);
      if (connection.identity !== session.identity)
        throw new HubError('forbidden', 'the session ended meanwhile');
      connection.send(this.#roomUpdate(room));
      for (const message of messages) connection.send(message);
    });
  }

  async deleteRoom({ Room: given }: AboutRoom, connection: ChatConnection): Promise<Message> {
    const session = this.#chat.sessions.of(connection.identity);
    if (session.profile !== 'admin') throw new HubError('forbidden', 'only the profile admin deletes rooms');
    const room = this.#find(given, session);
    if (room === undefined) throw unknownRoom();
    return deleteRoom(this.#chat, this.#members, room, connection);
  }

  /** By its id where the client knows it, else by its name. */
  #find(given: RoomGiven, session: Session): Room | undefined {
    const { rooms } = this.#chat;
    return given.Uuid === '' ? rooms.find(nameOf(given, session)) : rooms.get(given.Uuid);
  }

  #roomUpdate(room: Room): Message {
    return this.#chat.wire.roomUpdate({ Room: room.view() }, room.id);
  }

  /** The messages of a page, and the word that there may be more. */
  async #page(
    room: Room,
    { Offset, Limit }: { readonly Offset: number; readonly Limit: number },
  ): Promise<Message[]> {
    const { log, wire, options } = this.#chat;
    const limit = Math.min(Limit || options.history, options.history);
    // Half of what may wait for a reader, so that none is closed for a page it asked for.
    const characters = wire.endpoint.limits.outboxBytes / 2;
    const { messages, timestamp, hasMore } = await readPage(log, room, { skip: Offset, limit, characters });
    const page = messages.map((message) => wire.posted(message));
    if (!hasMore) return page;
    return [
      ...page,
      wire.mayHaveMore({ RoomUuid: room.id, Timestamp: timestamp, Offset, Limit: messages.length }),
    ];
  }
}

/**
 * Deletes a room for good, and tells those who are in it.
 * @param by is answered, and so not told twice.
 * @returns what was told.
 */
export async function deleteRoom(
  { hub, rooms, others, wire, tell }: ChatParts,
  members: Members,
  room: Room,
  by?: ChatConnection,
): Promise<Message> {
  return room.use(async () => {
    const notice = wire.roomDeleted({ Room: room.view() });
    if (!(await rooms.delete(room))) throw unknownRoom();
    others?.tellGone(room);
    hub.notify.channels([room.id], notice, { local: true, ...(by && { except: by }) });
    members.disband(room);
    tell.roomDeleted(room);
    return notice;
  });
}

function unknownRoom(): HubError {
  return new HubError('unknown_room', 'there is no such room', 404);
}

function nameOf(given: RoomGiven, session: Session): RoomName {
  return roomNameOf({ type: roomTypeOf(given.Type), object: given.RoomTypeObject }, session);
}

/** @throws HubError `invalid_page`. */
function pageOf(text: string): { Offset: number; Limit: number } {
  let page: unknown;
  try {
    page = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new HubError(
      'invalid_page',
      'Message.Message of HISTORY: expected JSON such as {"Offset":0,"Limit":50}',
    );
  }
  if (isPage(page)) return page;
  throw new HubError('invalid_page', `Message.Message of HISTORY: ${explain(isPage.errors)}`);
}
