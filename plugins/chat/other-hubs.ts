/**
 * The hubs that serve the same rooms: what they tell each other, and what this one makes of it. What may have been missed is read from
 * the store, and who is where is asked of presence.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Hub, HubError, type JsonText, type Line, type StoreLog } from '../../core/index.ts';
import { Again } from './again.ts';
import type { Session } from './elsewhere.ts';
import type { ChatEndpoint } from './endpoint.ts';
import { type RoomNotice, type RoomsNotice, readRoomNotice, writeRoomNotice } from './notices.ts';
import type { OtherHubsOfRoom, Room } from './room.ts';
import type { KeptRoom } from './room-table.ts';
import type { Rooms } from './rooms.ts';
import type { Deletion } from './shared-feed.ts';

/** Rooms that are brought up to date at a time. */
const AT_ONCE = 50;
/** ms that whoever wants to use a room waits for the other hubs to be heard. */
const FOLLOW_MS = 2_000;

/** What the word of other hubs changes here. */
export interface Heard {
  /** Other users are in the room than before. */
  usersChanged(room: Room): void;
  /** A user gave a sign of life elsewhere. */
  heard(room: Room, login: string): void;
  /** The room was deleted. */
  gone(room: Room): void;
  /** Nobody can tell what the members of this hub lack. */
  lost(room: Room): void;
}

export class OtherHubs implements OtherHubsOfRoom {
  readonly deletions: StoreLog<Deletion>;
  readonly #hub: Hub;
  readonly #wire: ChatEndpoint;
  readonly #rooms: () => Rooms;
  readonly #line: Line;
  readonly #followed = new Set<string>();
  readonly #loads = new Again(() => this.#load());
  readonly #repairs = new Again(() => this.#repair());
  #heard: Heard | undefined;

  /** @param rooms is asked when the hub is set up. */
  constructor(hub: Hub, wire: ChatEndpoint, rooms: () => Rooms) {
    this.#hub = hub;
    this.#wire = wire;
    this.#rooms = rooms;
    this.deletions = hub.store.log('deletions');
    this.#line = hub.line('rooms', {
      receive: (text, key) => (key === undefined ? this.#receive(JSON.parse(text)) : this.#hear(key, text)),
      missed: async () => {
        await this.#loads.ask();
        await this.#repairs.ask();
      },
    });
    // A hub that died may have stored what it told nobody any more.
    hub.presence.onGone(() => {
      this.#repairs
        .ask()
        .catch((error) => hub.log.error({ err: error }, 'rooms could not be brought up to date'));
    });
    // What was told while this hub started was not heard.
    hub.onReady(() => this.#loads.ask());
  }

  attach(heard: Heard): void {
    this.#heard = heard;
  }

  async follow(room: string): Promise<void> {
    this.#followed.add(room);
    const late = new AbortController();
    const { signal } = late;
    try {
      const heard = this.#line.follow(room).then(() => true);
      if (await Promise.race([heard, wait(FOLLOW_MS, false, { signal, ref: false })])) return;
    } finally {
      late.abort();
    }
    throw new HubError('try_again', 'the other hubs cannot be reached at the moment: try again', 503);
  }

  unfollow(room: string): void {
    this.#followed.delete(room);
    this.#line.unfollow(room);
  }

  async present(room: string): Promise<Session[]> {
    const { channels, presence } = this.#hub;
    const { endpoint } = this.#wire;
    const all = await presence.inChannel(endpoint, room);
    const own = new Set(channels.members(endpoint, room).map(({ id }) => id));
    return all.filter(({ client }) => !own.has(client)).map(({ client, info }) => readInfo(client, info));
  }

  tellMade(made: KeptRoom): void {
    this.#tellAll({ made });
  }

  tellGone(room: Room): void {
    this.#tellAll({ gone: room.id });
  }

  tellPosted(room: string, posted: number, { text }: JsonText): void {
    this.#tell(room, { posted, text });
  }

  tellDeleted(room: string, number: number, deleted: Deletion): void {
    this.#tell(room, { deleted, number });
  }

  tellJoined(room: Room, joined: Session): void {
    this.#tell(room.id, { joined });
  }

  tellLeft(room: Room, left: string): void {
    this.#tell(room.id, { left });
  }

  tellHeard(room: Room, heard: string): void {
    this.#tell(room.id, { heard });
  }

  usersChanged(room: Room): void {
    this.#heard?.usersChanged(room);
  }

  lost(id: string): void {
    const room = this.#rooms().get(id);
    if (room !== undefined) this.#heard?.lost(room);
  }

  #tellAll(notice: RoomsNotice): void {
    this.#line.send(JSON.stringify(notice));
  }

  #tell(room: string, notice: RoomNotice): void {
    if (!this.#line.isAlone) this.#line.send(writeRoomNotice(notice), room);
  }

  #receive(notice: RoomsNotice): void {
    if ('made' in notice) this.#rooms().add(notice.made);
    else this.#gone(this.#rooms().remove(notice.gone));
  }

  #gone(room: Room | undefined): void {
    if (room === undefined) return;
    // A post of this hub may have been stored after the room was deleted.
    if (room.sharedFeed !== undefined)
      room.feed.clear().catch((error) => this.#hub.log.error({ err: error }, 'a room could not be cleared'));
    this.#heard?.gone(room);
  }

  #hear(id: string, text: string): void {
    const room = this.#rooms().get(id);
    const feed = room?.sharedFeed;
    if (room === undefined || feed === undefined) return;
    const notice = readRoomNotice(text);
    if ('posted' in notice) feed.hear(notice.posted, notice.text);
    else if ('deleted' in notice) feed.hearDeletion(notice.number, notice.deleted);
    else if ('heard' in notice) this.#heard?.heard(room, notice.heard);
    else if ('joined' in notice) {
      room.elsewhere.joined(notice.joined);
      this.#heard?.usersChanged(room);
    } else {
      const session = room.elsewhere.left(notice.left);
      if (session !== undefined && !room.has(session.login)) this.#heard?.usersChanged(room);
    }
  }

  async #load(): Promise<void> {
    for (const room of await this.#rooms().load()) this.#gone(room);
  }

  async #repair(): Promise<void> {
    const rooms = [...this.#followed];
    for (let i = 0; i < rooms.length; i += AT_ONCE)
      await Promise.all(rooms.slice(i, i + AT_ONCE).map((id) => this.#rooms().get(id)?.repair()));
  }
}

/** What presence tells of a session. */
export function writeInfo({ login, since }: Omit<Session, 'client'>): string {
  return `${since} ${login}`;
}

function readInfo(client: string, info: string): Session {
  const end = info.indexOf(' ');
  return { client, login: info.slice(end + 1), since: Number(info.slice(0, end)) };
}
