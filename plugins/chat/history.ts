/** Pages of a room's history. */
import { JsonText, type StoreLog } from '../../core/index.ts';
import type { ChatMessage } from './messages.ts';
import type { Room } from './room.ts';

export interface HistoryPage {
  /** Oldest first, each as JSON. */
  readonly messages: readonly JsonText[];
  /** Of the oldest message, in Unix seconds. */
  readonly timestamp: number;
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

export interface PageBounds {
  /** Messages to pass over, from the newest on. */
  readonly skip: number;
  readonly limit: number;
  /** The page ends with the first message that has it exceed so many characters, if it has another one. */
  readonly characters: number;
}

/** What is being posted is not in it. */
export async function readPage(
  log: StoreLog<ChatMessage>,
  { id, feed }: Room,
  { skip, limit, characters }: PageBounds,
): Promise<HistoryPage> {
  const entries = await log.read(id, { to: feed.published, skip, limit, backwards: true });
  const messages: JsonText[] = [];
  let length = 0;
  for (const { value } of entries) {
    const text = JSON.stringify(value);
    length += text.length;
    if (length > characters && messages.length > 0) break;
    messages.push(new JsonText(text));
  }
  const oldest = entries[messages.length - 1];
  return {
    messages: messages.reverse(),
    timestamp: oldest?.value.Timestamp ?? 0,
    hasMore:
      messages.length < entries.length || (entries.length === limit && (await isMore(oldest?.sequence))),
  };

  async function isMore(sequence = 0): Promise<boolean> {
    return (await log.read(id, { to: sequence - 1, limit: 1, backwards: true })).length > 0;
  }
}
