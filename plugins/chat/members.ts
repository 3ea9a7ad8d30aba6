/**
 * Who is in which room. Being in a room is being in the channel of its id, so that everything that ends a connection or
 * changes its identity in the core ends a membership, or has it decided anew, here.
 */
import { CLOSE_CODES, type Connection, HubError, type Message } from '../../core/index.ts';
import type { ChatParts } from './chat.ts';
import type { Clock } from './clock.ts';
import { Presences } from './presences.ts';
import type { Access, ChatConnection, Joining, Member, Room } from './room.ts';
import { isSameUser, type Session } from './sessions.ts';

/** Before the taps of others: a connection that became another user's must leave before anything waits. */
const FIRST = { stage: -1_000 };
/** Characters of a login that may be in a room: who is there is told to everybody again and again. */
const LONGEST_LOGIN = 500;

export class Members {
  readonly #chat: ChatParts;
  readonly #presences: Presences;

  constructor(chat: ChatParts, clock: Clock) {
    this.#chat = chat;
    const { hub, options, others } = chat;
    this.#presences = new Presences(
      clock,
      options.silenceSeconds * 1_000,
      ({ room, members }) => {
        for (const { connection } of [...members]) hub.channels.leave(connection, room.id);
      },
      ({ room, login }) => others?.tellHeard(room, login),
    );
    others?.attach({
      usersChanged: (room) => this.#tellUsers(room),
      heard: (room, login) => this.#presences.heardElsewhere(room, login),
      gone: (room) => this.#gone(room),
      lost: (room) => this.#lost(room),
    });
    hub.hooks.authorizeSubscribe.tap(({ connection, channel }) => {
      return this.#isChat(connection) ? this.#authorize(connection, channel) : undefined;
    }, FIRST);
    hub.hooks.subscribed.tap(({ connection, channel }) => {
      if (this.#isChat(connection)) this.#joined(connection, channel);
    });
    hub.hooks.unsubscribed.tap(({ connection, channel }) => {
      if (this.#isChat(connection)) this.#left(connection, channel);
    });
  }

  /** @throws HubError `unauthorized`, or `not_joined`, which does not tell whether there is such a room. */
  in(connection: ChatConnection, room: string): Member {
    const { identity } = this.#chat.sessions.of(connection.identity);
    const member = connection.data.rooms.get(room);
    if (member?.session.identity === identity && this.#chat.rooms.get(room) === member.room) return member;
    throw new HubError('not_joined', `you are not in the room ${JSON.stringify(room)}: JOIN it first`, 403);
  }

  /** The user is not silent. */
  heard({ presence }: Member): void {
    this.#presences.heard(presence);
  }

  /**
   * @param read what the new member gets first, oldest first. What is said meanwhile follows it.
   * @throws HubError `room_full`, `too_many_rooms`, `forbidden` or `try_again`.
   */
  async enter(
    connection: ChatConnection,
    into: { readonly room: Room; readonly session: Session; readonly access: Access },
    read: () => Promise<readonly Message[]>,
  ): Promise<void> {
    const { room, session } = into;
    this.#assertPlace(connection, room, session);
    const since = room.since(session.login);
    const joining: Joining = { ...into, since, watch: room.feed.watch(), messages: [], refused: undefined };
    try {
      joining.messages = await read();
      connection.data.joining = joining;
      await this.#chat.hub.channels.join(connection, room.id);
    } finally {
      connection.data.joining = undefined;
      joining.watch.end();
    }
    if (joining.refused !== undefined) throw joining.refused;
  }

  leave(connection: ChatConnection, room: Room): void {
    this.#chat.hub.channels.leave(connection, room.id);
  }

  /** Everybody leaves a room that was deleted. */
  disband(room: Room): void {
    for (const { members } of [...room.users.values()])
      for (const { connection } of [...members]) this.leave(connection, room);
  }

  #assertPlace(connection: ChatConnection, room: Room, session: Session): void {
    const { roomsPerSession, usersPerRoom } = this.#chat.options;
    if (connection.data.rooms.size >= roomsPerSession)
      throw new HubError('too_many_rooms', `a session may be in ${roomsPerSession} rooms at a time`, 429);
    if (session.login.length > LONGEST_LOGIN)
      throw new HubError('forbidden', `a login has at most ${LONGEST_LOGIN} characters`);
    if (!room.has(session.login) && room.size >= usersPerRoom)
      throw new HubError('room_full', `there are ${usersPerRoom} users in the room, which is the limit`, 429);
  }

  #isChat(connection: Connection<unknown>): connection is ChatConnection {
    return connection.endpoint.name === this.#chat.wire.endpoint.name;
  }

  /** Undefined: other plugins may still object. */
  #authorize(connection: ChatConnection, channel: string) {
    const { rooms, joining } = connection.data;
    const member = rooms.get(channel);
    if (member !== undefined) return this.#authorizeAgain(connection, member);
    return joining !== undefined && this.#mayJoin(connection, joining, channel)
      ? undefined
      : { deny: ended().message };
  }

  #mayJoin({ identity }: ChatConnection, { room, session }: Joining, channel: string): boolean {
    return room.id === channel && this.#chat.rooms.get(channel) === room && session.identity === identity;
  }

  /** The connection has another token than when it joined. */
  #authorizeAgain(connection: ChatConnection, member: Member) {
    const { identity, data } = connection;
    if (identity === member.session.identity) return undefined;
    const session = identity && this.#chat.sessions.of(identity);
    if (session === undefined || !isSameUser(session, member.session)) {
      // All at once, in the turn in which the identity changed: another user gets nothing more of these rooms.
      for (const { room } of [...data.rooms.values()]) this.leave(connection, room);
      return { deny: 'the session is over' };
    }
    return this.#chat.access.decide(session, member.room.stored).then((access) => {
      member.session = session;
      member.access = access;
      return undefined;
    });
  }

  #joined(connection: ChatConnection, channel: string): void {
    const { joining } = connection.data;
    try {
      if (joining === undefined || !this.#mayJoin(connection, joining, channel)) throw ended();
      this.#welcome(connection, joining);
    } catch (error) {
      if (joining !== undefined) joining.refused = error;
      this.#chat.hub.channels.leave(connection, channel);
      // A hub that looked just now may have seen it there.
      if (joining !== undefined) this.#chat.others?.tellLeft(joining.room, connection.id);
    }
  }

  /** @throws HubError when there is no place any more, or too much was said meanwhile. */
  #welcome(connection: ChatConnection, joining: Joining): void {
    const { room, session, access, since, messages, watch } = joining;
    // Others may have joined since it was looked at first.
    this.#assertPlace(connection, room, session);
    const meanwhile = watch.end();
    if (meanwhile === undefined)
      throw new HubError('try_again', 'too much was said while you joined the room: try again', 503);
    const isNew = !room.has(session.login);
    const member = this.#presences.enter({ connection, room, session, access, since });
    connection.data.rooms.set(room.id, member);
    room.retain();
    this.#chat.others?.tellJoined(room, { client: connection.id, ...member.presence });
    if (isNew) this.#chat.tell.joined(room, session.login);
    this.#tellUsers(room);
    for (const message of [...messages, ...meanwhile]) connection.send(message);
  }

  #left(connection: ChatConnection, channel: string): void {
    const member = connection.data.rooms.get(channel);
    if (member === undefined) return;
    connection.data.rooms.delete(channel);
    const { room, presence } = member;
    const isLast = this.#presences.leave(member);
    if (this.#chat.rooms.get(channel) === room) {
      this.#chat.others?.tellLeft(room, connection.id);
      if (isLast) this.#userLeft(room, presence.login);
    }
    room.release();
  }

  /** The user has no session in the room on this hub any more. */
  #userLeft(room: Room, login: string): void {
    if (room.has(login)) void this.#leftElsewhere(room, login);
    else {
      this.#chat.tell.left(room, login);
      this.#tellUsers(room);
    }
  }

  /** The user may have left another hub in the same moment: then one of them has to tell, and perhaps both do. */
  async #leftElsewhere(room: Room, login: string): Promise<void> {
    const sessions = (await this.#chat.others?.present(room.id)) ?? [];
    if (room.users.has(login) || sessions.some((session) => session.login === login)) return;
    this.#chat.tell.left(room, login);
  }

  /** Another hub deleted the room. */
  #gone(room: Room): void {
    const { hub, wire } = this.#chat;
    hub.notify.channels([room.id], wire.roomDeleted({ Room: room.view() }), { local: true });
    this.disband(room);
  }

  /** Whoever is in the room here has to come anew. */
  #lost(room: Room): void {
    const { code, reason } = CLOSE_CODES.missed;
    for (const { members } of room.users.values())
      for (const { connection } of members) connection.close(code, reason);
  }

  #tellUsers(room: Room): void {
    const { hub, wire } = this.#chat;
    hub.notify.channels([room.id], wire.roomUpdate({ Room: room.view() }, room.id), { local: true });
  }
}

function ended(): HubError {
  return new HubError('forbidden', 'the session or the room ended while you joined');
}
