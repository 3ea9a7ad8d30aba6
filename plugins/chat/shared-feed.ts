/**
 * The feed of a room that several hubs serve. The log of the store gives every message its number, without gaps and the same for all
 * hubs, and each hub sends them to its members in that order. Hubs tell each other what they stored; a number that
 * nobody told is read from the store. So are deletions, which have a log of their own.
 */
import { JsonText, type LogEntry, type StoreLog } from '../../core/index.ts';
import { Again } from './again.ts';
import { Feed, type FeedParts, type Ready } from './feed.ts';
import type { ChatMessage } from './messages.ts';

/** How long the word of another hub is waited for, before what it must have stored is read, in ms. */
const WORD_MS = 50;
/** Until it is tried again to read it, in ms. */
const RETRY_MS = 1_000;
/** Messages that wait for one before them; beyond, they are read, too. */
const MOST_HELD = 1_000;
/** Messages that were published last whose ids are known, to tell when the store has others under their numbers. */
const MOST_IDS = 128;
/** Entries read at a time. */
const PAGE = 1_000;
/** Deletions that are kept for hubs which missed them, and how often the others are removed. */
const KEPT_DELETIONS = 1_000;
const TRIM_STEP = 256;

export interface Deletion {
  /** Of the message in the log of the room. */
  readonly sequence: number;
  readonly message: ChatMessage;
}

export interface SharedParts {
  readonly deletions: StoreLog<Deletion>;
  /** Tells the other hubs of the room. */
  readonly tellPosted: (room: string, sequence: number, message: JsonText) => void;
  /** @param number of the deletion in its log; 0: it is not in it. */
  readonly tellDeleted: (room: string, number: number, deletion: Deletion) => void;
  /** What members of this hub have seen is not what the store has: nobody can tell what they lack. */
  readonly lost: (room: string) => void;
}

export class SharedFeed extends Feed {
  readonly #shared: SharedParts;
  /** What is known of messages after those that were published; undefined: deleted. */
  readonly #held = new Map<number, Ready | undefined>();
  readonly #readings = new Again(() => this.#read());
  /** Ids of messages that were published last, by number. */
  readonly #ids = new Map<number, string>();
  /** Number of the last deletion that was told. */
  #deletions = 0;
  #isLoaded = false;
  #isClosed = false;
  /** A deletion before one that was told is not known. */
  #isBehind = false;
  /** What came while it was loaded has to be read. */
  #isLate = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(room: string, madeAt: number, parts: FeedParts, shared: SharedParts) {
    super(room, madeAt, parts);
    this.#shared = shared;
  }

  /** Other hubs must be heard before. */
  override async load(): Promise<void> {
    const newest = { backwards: true, limit: 1 };
    const [[deletion]] = await Promise.all([this.#shared.deletions.read(this.room, newest), super.load()]);
    this.#deletions = deletion?.sequence ?? 0;
    this.#isLoaded = true;
    if (this.#isLate) await this.catchUp();
  }

  override async post(content: ChatMessage): Promise<void> {
    const text = new JsonText(JSON.stringify(content));
    const ready = { content, message: this.parts.posted(text), isOwn: true };
    const sequence = await this.parts.log.append(this.room, text);
    this.#shared.tellPosted(this.room, sequence, text);
    if (this.#isOther(sequence, content)) this.#lose(sequence - 1);
    // Else it was read from the store before this hub learned its number, or everybody here has left meanwhile.
    if (sequence > this.published && !this.#isClosed) this.#hear(sequence, ready);
    else this.parts.published(content);
  }

  /** Another hub stored a message. */
  hear(sequence: number, text: string): void {
    if (this.#held.has(sequence)) return;
    const content: ChatMessage = JSON.parse(text);
    if (this.#isOther(sequence, content)) this.#lose(sequence - 1);
    this.#hear(sequence, { content, message: this.parts.posted(new JsonText(text)), isOwn: false });
  }

  override async delete({ sequence, value }: LogEntry<ChatMessage>): Promise<boolean> {
    const { log, failed } = this.parts;
    if (!(await log.delete(this.room, sequence))) return false;
    const deletion = { sequence, message: value };
    const { deletions } = this.#shared;
    const number = await deletions.append(this.room, deletion).catch((error: unknown) => {
      // Hubs that listen learn of it all the same.
      failed('a deletion could not be kept for hubs that miss it', error);
      return 0;
    });
    this.#shared.tellDeleted(this.room, number, deletion);
    this.hearDeletion(number, deletion);
    if (number % TRIM_STEP === 0 && number > KEPT_DELETIONS)
      deletions
        .trim(this.room, number - KEPT_DELETIONS + 1)
        .catch((error) => failed('old deletions could not be removed', error));
    return true;
  }

  /** A message was deleted. @param number see `tellDeleted`. */
  hearDeletion(number: number, deletion: Deletion): void {
    if (this.#isClosed) return;
    if (!this.#isLoaded) this.#isLate = true;
    else if (number === 0 || number === this.#deletions + 1) this.#tellDeletion(number, deletion);
    else if (number > this.#deletions) {
      this.#isBehind = true;
      this.#readSoon(WORD_MS);
    }
  }

  override async clear(): Promise<void> {
    const { deletions } = this.#shared;
    await Promise.all([super.clear(), deletions.trim(this.room, Number.POSITIVE_INFINITY)]);
  }

  /** @returns when the members have all that was stored before the call. */
  catchUp(): Promise<void> {
    return this.#readings.ask();
  }

  /** Nobody of this hub is in the room any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** What another hub stored may not be published here yet. */
  protected override get newest(): number {
    return Number.POSITIVE_INFINITY;
  }

  protected override goOnAfter(newest: LogEntry<ChatMessage>): void {
    super.goOnAfter(newest);
    this.#ids.set(newest.sequence, newest.value.Uuid);
  }

  protected override publish(sequence: number, ready: Ready | undefined): void {
    this.#held.delete(sequence);
    this.#ids.delete(sequence - MOST_IDS);
    if (ready !== undefined) this.#ids.set(sequence, ready.content.Uuid);
    super.publish(sequence, ready);
  }

  #hear(sequence: number, ready: Ready | undefined): void {
    if (this.#isClosed) return;
    if (!this.#isLoaded) {
      this.#isLate = true;
      return;
    }
    if (sequence > this.published && this.#held.size < MOST_HELD) this.#held.set(sequence, ready);
    this.#publishHeld();
  }

  #publishHeld(): void {
    for (let next = this.published + 1; this.#held.has(next); next = this.published + 1)
      this.publish(next, this.#held.get(next));
    if (this.#held.size > 0) this.#readSoon(WORD_MS);
  }

  #readSoon(ms: number): void {
    this.#timer ??= setTimeout(async () => {
      this.#timer = undefined;
      if (this.#isClosed || !(this.#held.size > 0 || this.#isBehind)) return;
      try {
        await this.catchUp();
      } catch (error) {
        this.parts.failed('what other hubs stored could not be read', error);
        if (!this.#isClosed) this.#readSoon(RETRY_MS);
      }
    }, ms).unref();
  }

  async #read(): Promise<void> {
    await this.#readMessages();
    await this.#readDeletions();
    this.#publishHeld();
  }

  async #readDeletions(): Promise<void> {
    this.#isBehind = false;
    for (;;) {
      const range = { from: this.#deletions + 1, limit: PAGE };
      const entries = await this.#shared.deletions.read(this.room, range);
      if (this.#isClosed) return;
      for (const { sequence, value } of entries)
        if (sequence > this.#deletions) this.#tellDeletion(sequence, value);
      if (entries.length < PAGE) return;
    }
  }

  async #readMessages(): Promise<void> {
    // All up to here have been stored: those that are not found are deleted.
    const known = Math.max(this.published, ...this.#held.keys());
    const last = this.published;
    const [entry] = await this.parts.log.read(this.room, { from: last, to: last });
    if (entry !== undefined && this.#isOther(last, entry.value)) {
      this.#lose(0);
      await super.load();
      return;
    }
    for (;;) {
      const entries = await this.parts.log.read(this.room, { from: this.published + 1, limit: PAGE });
      if (this.#isClosed) return;
      for (const { sequence, value } of entries)
        if (sequence > this.published) this.publish(sequence, this.#heldOr(sequence, value));
      if (entries.length < PAGE) break;
    }
    for (const sequence of [...this.#held.keys()].sort((a, b) => a - b)) {
      if (sequence <= this.published) this.#held.delete(sequence);
      else if (sequence <= known) this.publish(sequence, this.#held.get(sequence));
    }
  }

  #heldOr(sequence: number, content: ChatMessage): Ready | undefined {
    if (this.#held.has(sequence)) return this.#held.get(sequence);
    const message = this.parts.posted(new JsonText(JSON.stringify(content)));
    return { content, message, isOwn: false };
  }

  #tellDeletion(number: number, { sequence, message }: Deletion): void {
    this.#deletions = Math.max(this.#deletions, number);
    if (sequence > this.published) this.#hear(sequence, undefined);
    this.send(this.parts.deleted(message));
  }

  /** Whether another message was published here under this number. */
  #isOther(sequence: number, { Uuid }: ChatMessage): boolean {
    const id = this.#ids.get(sequence);
    return id !== undefined && id !== Uuid;
  }

  /** The store has lost messages that were published here after this number, and gives their numbers out again. */
  #lose(after: number): void {
    this.#shared.lost(this.room);
    this.#held.clear();
    this.#ids.clear();
    this.rewind(after);
  }
}
