/** The messages of one room: stored in the log, then sent, in one order that everybody sees. */
import { JsonText, type LogEntry, type Message, type StoreLog } from '../../core/index.ts';
import { lowestSequence } from './message-ids.ts';
import type { ChatMessage } from './messages.ts';
import { Watch } from './watch.ts';

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
  /** Makes the word that a message was deleted. */
  readonly deleted: (message: ChatMessage) => Message;
  /** Sends a message to all who are in the room on this hub. */
  readonly send: (room: string, message: Message) => void;
  /** Told of a message that somebody posted on this hub, when it is sent. */
  readonly published: (message: ChatMessage) => void;
  /** Told what could not be done behind a message that was dealt with. */
  readonly failed: (what: string, error: unknown) => void;
}

/** A message that is ready to be sent. */
export interface Ready {
  readonly content: ChatMessage;
  readonly message: Message;
  /** Whether it was posted on this hub. */
  readonly isOwn: boolean;
}

interface Pending {
  readonly ready: Ready;
  /** Undefined while it is being stored; 0: it could not be. */
  sequence: number | undefined;
}

/** The feed of a room that no other hub serves. */
export class Feed {
  protected readonly room: string;
  protected readonly parts: FeedParts;
  /** In the order of their calls, which is that of their sequence numbers. */
  readonly #pending: Pending[] = [];
  readonly #watches = new Set<Watch>();
  #published = 0;
  #lastUpdated: number;

  /** @param madeAt Unix seconds. */
  constructor(room: string, madeAt: number, parts: FeedParts) {
    this.room = room;
    this.#lastUpdated = madeAt;
    this.parts = parts;
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
    const [newest] = await this.parts.log.read(this.room, { backwards: true, limit: 1 });
    if (newest !== undefined) this.goOnAfter(newest);
  }

  /** @returns when it is durable. Everybody gets it then, after all that were posted before it. */
  async post(content: ChatMessage): Promise<void> {
    const text = new JsonText(JSON.stringify(content));
    const ready = { content, message: this.parts.posted(text), isOwn: true };
    const pending: Pending = { ready, sequence: undefined };
    this.#pending.push(pending);
    try {
      pending.sequence = await this.parts.log.append(this.room, text);
    } catch (error) {
      pending.sequence = 0;
      throw error;
    } finally {
      this.#publish();
    }
  }

  /** @returns undefined when the room has no such message. */
  async find(id: string): Promise<LogEntry<ChatMessage> | undefined> {
    const lowest = lowestSequence(id);
    if (lowest === undefined) return undefined;
    let from = lowest;
    for (let looked = 0; looked < SEARCHED && from <= this.newest; looked += SEARCH_STEP) {
      const entries = await this.parts.log.read(this.room, { from, to: this.newest, limit: SEARCH_STEP });
      const found = entries.find(({ value }) => value.Uuid === id);
      if (found !== undefined || entries.length < SEARCH_STEP) return found;
      from = (entries.at(-1)?.sequence ?? 0) + 1;
    }
    return undefined;
  }

  /** The room is told of it, when it is durable. @returns whether it was there. */
  async delete({ sequence, value }: LogEntry<ChatMessage>): Promise<boolean> {
    const existed = await this.parts.log.delete(this.room, sequence);
    if (existed) this.send(this.parts.deleted(value));
    return existed;
  }

  /** Removes all messages; posts under way are not sent any more. */
  async clear(): Promise<void> {
    this.#pending.length = 0;
    await this.parts.log.trim(this.room, Number.POSITIVE_INFINITY);
  }

  /** Keeps what is sent to the room from now on. */
  watch(): Watch {
    return new Watch(this.#watches);
  }

  /** The highest sequence number of a message that may be deleted. */
  protected get newest(): number {
    return this.#published;
  }

  protected goOnAfter({ sequence, value }: LogEntry<ChatMessage>): void {
    this.#published = sequence;
    this.#lastUpdated = value.Timestamp;
  }

  /** What came after this number is gone. */
  protected rewind(sequence: number): void {
    this.#published = sequence;
  }

  /** Everybody on this hub gets the message of this number now. Undefined: it was deleted before anybody saw it. */
  protected publish(sequence: number, ready: Ready | undefined): void {
    this.#published = sequence;
    if (ready === undefined) return;
    const { content, message, isOwn } = ready;
    this.#lastUpdated = content.Timestamp;
    this.send(message);
    if (!isOwn) return;
    this.parts.published(content);
    if (sequence % TRIM_STEP === 0) this.#trim(sequence);
  }

  protected send(message: Message): void {
    this.parts.send(this.room, message);
    for (const watch of this.#watches) watch.add(message);
  }

  #publish(): void {
    for (let head = this.#pending[0]; head?.sequence !== undefined; head = this.#pending[0]) {
      this.#pending.shift();
      if (head.sequence > 0) this.publish(head.sequence, head.ready);
    }
  }

  #trim(newest: number): void {
    const { log, most, failed } = this.parts;
    if (newest <= most) return;
    log
      .trim(this.room, newest - most + 1)
      .catch((error) => failed('old messages could not be removed', error));
  }
}
