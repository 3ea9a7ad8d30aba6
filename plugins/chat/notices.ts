/** What the hubs of a cluster tell each other of rooms. A message of a room is its number and its text; all else is JSON. */
import type { Session } from './elsewhere.ts';
import type { KeptRoom } from './room-table.ts';
import type { Deletion } from './shared-feed.ts';

/** To all hubs. */
export type RoomsNotice = { readonly made: KeptRoom } | { readonly gone: string };

/** To the hubs that have somebody in the room. */
export type RoomNotice =
  | { readonly posted: number; readonly text: string }
  | { readonly deleted: Deletion; readonly number: number }
  | { readonly joined: Session }
  /** Id of the connection. */
  | { readonly left: string }
  /** Login of a user who gave a sign of life. */
  | { readonly heard: string };

export function writeRoomNotice(notice: RoomNotice): string {
  return 'posted' in notice ? `${notice.posted} ${notice.text}` : JSON.stringify(notice);
}

export function readRoomNotice(text: string): RoomNotice {
  if (text.startsWith('{')) return JSON.parse(text);
  const end = text.indexOf(' ');
  return { posted: Number(text.slice(0, end)), text: text.slice(end + 1) };
}
