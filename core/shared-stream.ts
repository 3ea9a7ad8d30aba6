/** A stream that hubs share: follows the order of the broker, fills gaps from what that keeps, and goes on without it. */
import type { Broker, Past, Position } from './broker/port.ts';
import { Commits } from './commits.ts';
import type { Stream, StreamHears } from './stream.ts';
import { type OwnEntry, Unplaced } from './unplaced.ts';

/** Entries that arrive while the history is read, and do not follow, at most: reading it again finds the others. */
const MOST_HELD = 1_000;
/** Hex digits in front of an entry that name its hub; then comes its number in base 36, a space, and its text. */
const NODE_LENGTH = 8;

export interface SharedStreamParts<O> {
  readonly broker: Broker;
  /** Of the stream, at the broker. */
  readonly topic: string;
  /** Names this hub. */
  readonly node: string;
  /** Until the broker tells one. */
  readonly epoch: string;
  /** Its functions must not throw. */
  readonly hears: StreamHears<O>;
  /** Hears why entries wait for the broker, once, and then that they do not any more. */
  readonly say: (reason: { readonly error: unknown } | 'well again') => void;
}

export class SharedStream<O> implements Stream<O> {
  readonly #parts: SharedStreamParts<O>;
  readonly #unplaced: Unplaced<O>;
  readonly #commits: Commits;
  #position: Position;
  /** Every entry after this offset was received in its place. */
  #wholeAfter = 0;
  /** Whether the place where it begins is known. */
  #hasBegun = false;
  /** Of the dropped own entries, those of which the other hubs know. */
  #announced = 0;
  /** Whether an entry is under way that tells them. */
  #isAnnouncing = false;
  /** Whether entries are heard. Before, what is appended is received at once. */
  #isConnected = false;
  /** The broker refused an entry: those of this hub wait until the history can be read. */
  #isAway = false;
  /** Arrived since the last reading of the history began. */
  #held: { readonly position: Position; readonly frame: string }[] = [];
  #reading: Promise<void> = Promise.resolve();
  /** Begins after the one under way. */
  #nextReading: Promise<void> | undefined;

  constructor(parts: SharedStreamParts<O>) {
    this.#parts = parts;
    this.#position = { epoch: parts.epoch, offset: 0 };
    this.#commits = new Commits(parts.broker.waitMs);
    this.#unplaced = new Unplaced(parts.node, (text, entry) => parts.hears.receive(text, entry));
  }

  get position(): Position {
    return this.#position;
  }

  /** Own entries that wait for the broker to come back. */
  get waiting(): number {
    return this.#isAway ? this.#unplaced.size : 0;
  }

  append(text: string, own: O): Promise<void> {
    const received = this.#add(text, own, false);
    if (this.#isAway || !this.#isConnected) this.#unplaced.receive();
    return received;
  }

  commit(text: string, own: O): Promise<void> {
    return this.#commits.add(text.length, () => this.#add(text, own, true));
  }

  covers({ epoch, offset }: Position): boolean {
    const { wereReceived, dropped } = this.#unplaced;
    if (wereReceived || dropped > this.#announced || epoch !== this.#position.epoch) return false;
    return offset >= this.#wholeAfter && offset <= this.#position.offset;
  }

  catchUp(): Promise<void> {
    // One under way may have looked before the call.
    this.#nextReading ??= this.#reading.then(() => {
      this.#nextReading = undefined;
      this.#reading = this.#read();
      return this.#reading;
    });
    return this.#nextReading;
  }

  /** The broker has started. @returns when all that is kept was received. */
  async connect(): Promise<void> {
    const { broker, topic } = this.#parts;
    await broker.subscribe(topic);
    await this.catchUp();
    this.#hasBegun = true;
    this.#isConnected = true;
  }

  /** What the broker carries. */
  arrive(position: Position, frame: string): void {
    const { epoch, offset } = this.#position;
    if (position.epoch === epoch && position.offset <= offset) return;
    if (position.epoch === epoch && position.offset === offset + 1) this.#accept(position, frame);
    else {
      if (this.#held.length < MOST_HELD) this.#held.push({ position, frame });
      void this.catchUp();
    }
  }

  /** @returns when it was received. */
  #add(text: string, own: O, needsPlace: boolean): Promise<void> {
    const { dropped } = this.#unplaced;
    const entry = this.#unplaced.add(text, own, needsPlace);
    if (this.#unplaced.dropped > dropped) this.#goAway(new Error('more waits than may'));
    if (!this.#isAway) this.#send(entry);
    return entry.received.promise;
  }

  #accept(position: Position, frame: string): void {
    this.#position = position;
    const end = frame.indexOf(' ');
    if (frame.startsWith(this.#parts.node)) {
      const number = Number.parseInt(frame.slice(NODE_LENGTH, end), 36);
      if (!this.#unplaced.place(number, position)) this.#wholeAfter = position.offset;
    } else {
      const entry = { id: frame.slice(0, end), position, own: undefined };
      this.#parts.hears.receive(frame.slice(end + 1), entry);
    }
  }

  async #read(): Promise<void> {
    const { broker, topic } = this.#parts;
    // The history has what arrived before it is read.
    this.#held = [];
    const since = this.#position;
    let past: Past;
    try {
      past = await broker.history(topic, since);
    } catch {
      return; // away, which whoever appends is told, or it is asked again
    }
    const isWhole = this.#take(past, since);
    const held = this.#held;
    this.#held = [];
    for (const { position, frame } of held) this.arrive(position, frame);
    if (this.#isAway) this.#comeBack();
    else if (!isWhole) this.#repeat();
  }

  /** @returns whether nothing is missing. */
  #take({ position: { epoch, offset }, frames }: Past, since: Position): boolean {
    const before = offset - frames.length;
    const present = this.#position;
    const follows = epoch === present.epoch && before <= present.offset && offset >= since.offset;
    const isWhole = follows || !this.#hasBegun;
    if (!follows) {
      this.#position = { epoch, offset: before };
      this.#wholeAfter = before;
      if (!isWhole) this.#parts.hears.missed();
      this.#hasBegun = true;
    }
    for (const [index, frame] of frames.entries()) {
      const place = before + 1 + index;
      if (place > this.#position.offset) this.#accept({ epoch, offset: place }, frame);
    }
    return isWhole;
  }

  #send({ number, frame }: OwnEntry<O>): void {
    const { broker, topic, node, hears } = this.#parts;
    const { dropped } = this.#unplaced;
    // It must not overtake one that fails, which would then be taken for one that is there.
    const follows = this.#unplaced.has(number - 1);
    const isAfterLoss = dropped > this.#announced && !this.#isAnnouncing;
    this.#isAnnouncing ||= isAfterLoss;
    broker.append(topic, frame, { node, number, keep: hears.keep, follows, isAfterLoss }).then(
      (isNew) => {
        if (isAfterLoss) {
          this.#announced = Math.max(this.#announced, dropped);
          this.#isAnnouncing = false;
        }
        // Without being connected, nobody hears that it has its place; and what had one before may be kept no longer.
        if (!this.#isConnected) this.#unplaced.remove(number);
        else if (!isNew) void this.catchUp().then(() => this.#unplaced.remove(number));
      },
      (error: unknown) => this.#goAway(error),
    );
  }

  #goAway(error: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#parts.say({ error });
    this.#commits.goAway();
    this.#unplaced.receive();
  }

  #comeBack(): void {
    this.#isAway = false;
    this.#parts.say('well again');
    this.#repeat();
    this.#commits.comeBack();
  }

  /** Nobody knows which of the own entries have their place: perhaps it is in what is missing here. The broker knows them. */
  #repeat(): void {
    this.#unplaced.receive();
    this.#isAnnouncing = false;
    for (const entry of this.#unplaced) this.#send(entry);
  }
}
