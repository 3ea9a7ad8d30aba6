/** The messages of one room: stored in the log, then sent, in one order that everybody sees. */
import { JsonText, type LogEntry, type Message, type StoreLog } from '../../core/index.ts';
import { lowestSequence } from './message-ids.ts';
import type { ChatMessage } from './messages.ts';

/** Messages of a room that are kept for somebody who is about to join. */
const MOST_WATCHED = 1_000;
/** Entries looked through for a message: as many as posts can have been under way together, and a few at a time. */
const SEARCHED = 1_024;
const SEARCH_STEP = 32;
/** The log is cut every so many messages. */
const TRIM_STEP = 256;

/** What a feed needs of the plugin, the same for all rooms. */
export interface FeedParts {
  readonly log: StoreLog<ChatMessage>;
  /** Messages kept. */
  readonly most: number;
  /** Makes the message that is sent. */
  readonly posted: (message: ChatMessage | JsonText) => Message;
  /** Sends a message to all who are in the room. */
  readonly send: (room: string, message: Message) => void;
  /** Told of a message that everybody got. */
  readonly published: (message: ChatMessage) => void;
  /** Told when the log could not be cut. */
  readonly failed: (error: unknown) => void;
}

interface Pending {
  readonly content: ChatMessage;
  readonly message: Message;
  /** Undefined while it is being stored; 0: it could not be. */
  sequence: number | undefined;
}

/** What is sent to the room while somebody is about to join. */
export class Watch {
  readonly #watches: Set<Watch>;
  #messages: Message[] | undefined = [];

  constructor(watches: Set<Watch>) {
    this.#watches = watches;
    watches.add(this);
  }

  add(message: Message): void {
    if (this.#messages === undefined) return;
    if (this.#messages.length < MOST_WATCHED) this.#messages.push(message);
    else this.#messages = undefined;
  }

  /** @returns undefined when it was too much. */
  end(): readonly Message[] | undefined {
    this.#watches.delete(this);
    return this.#messages;
  }
}

export class Feed {
  readonly #room: string;
  readonly #parts: FeedParts;
  /** In the order of their calls, which is that of their sequence numbers. */
  readonly #pending: Pending[] = [];
  readonly #watches = new Set<Watch>();
  #published = 0;
  #lastUpdated: number;

  /** @param madeAt Unix seconds. */
  constructor(room: string, madeAt: number, parts: FeedParts) {
    this.#room = room;
    this.#lastUpdated = madeAt;
    this.#parts = parts;
  }

  /** Sequence number of the newest message that was sent to the room. What is above is not yet for anybody to see. */
  get published(): number {
    return this.#published;
  }

  /** When the newest message came, in Unix seconds. */
  get lastUpdated(): number {
    return this.#lastUpdated;
  }

  /** Goes on where the log ends. */
  async load(): Promise<void> {
    const [newest] = await this.#parts.log.read(this.#room, { backwards: true, limit: 1 });
    if (newest === undefined) return;
    this.#published = newest.sequence;
    this.#lastUpdated = newest.value.Timestamp;
  }

  /** @returns when it is durable. Everybody gets it then, after all that were posted before it. */
  async post(content: ChatMessage): Promise<void> {
    const text = new JsonText(JSON.stringify(content));
    const pending: Pending = { content, message: this.#parts.posted(text), sequence: undefined };
    this.#pending.push(pending);
    try {
      pending.sequence = await this.#parts.log.append(this.#room, text);
    } catch (error) {
      pending.sequence = 0;
      throw error;
    } finally {
      this.#publish();
    }
  }

  /** @returns undefined when the room has no such message. */
  async find(id: string): Promise<LogEntry<ChatMessage> | undefined> {
    let from = lowestSequence(id) ?? Number.POSITIVE_INFINITY;
    for (let looked = 0; looked < SEARCHED && from <= this.#published; looked += SEARCH_STEP) {
      const entries = await this.#parts.log.read(this.#room, {
        from,
        to: this.#published,
        limit: SEARCH_STEP,
      });
      const found = entries.find(({ value }) => value.Uuid === id);
      if (found !== undefined || entries.length < SEARCH_STEP) return found;
      from = (entries.at(-1)?.sequence ?? 0) + 1;
    }
    return undefined;
  }

  /** @param notice tells the room of it, when it is durable. @returns whether it was there. */
  async delete({ sequence }: LogEntry<ChatMessage>, notice: Message): Promise<boolean> {
    const existed = await this.#parts.log.delete(this.#room, sequence);
    if (existed) this.#send(notice);
    return existed;
  }

  /** Removes all messages; posts under way are not sent any more. */
  async clear(): Promise<void> {
    this.#pending.length = 0;
    await this.#parts.log.trim(this.#room, Number.POSITIVE_INFINITY);
  }

  /** Keeps what is sent to the room from now on. */
  watch(): Watch {
    return new Watch(this.#watches);
  }

  #publish(): void {
    for (let head = this.#pending[0]; head?.sequence !== undefined; head = this.#pending[0]) {
      this.#pending.shift();
      if (head.sequence === 0) continue;
      this.#published = head.sequence;
      this.#lastUpdated = head.content.Timestamp;
      this.#send(head.message);
      this.#parts.published(head.content);
      if (head.sequence % TRIM_STEP === 0) this.#trim(head.sequence);
    }
  }

  #send(message: Message): void {
    this.#parts.send(this.#room, message);
    for (const watch of this.#watches) watch.add(message);
  }

  #trim(newest: number): void {
    const { log, most, failed } = this.#parts;
    if (newest > most) log.trim(this.#room, newest - most + 1).catch(failed);
  }
}
