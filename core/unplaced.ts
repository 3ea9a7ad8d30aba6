/** Entries of a shared stream that this hub appended and that have no place in it yet, as far as it knows. */
import type { Position } from './broker/port.ts';
import type { StreamHears } from './stream.ts';

/** Characters of entries that wait, with what each takes beside its text. Beyond, the oldest are dropped. */
const MOST_WAITING = 8_388_608;
const OVERHEAD = 256;

export interface OwnEntry<O> {
  /** 1 for the hub's first entry, then without gaps. */
  readonly number: number;
  /** For the broker. */
  readonly frame: string;
  readonly text: string;
  readonly own: O;
  readonly received: PromiseWithResolvers<void>;
  /** Whether it must not be received before it has its place. */
  readonly needsPlace: boolean;
}

export class Unplaced<O> {
  readonly #node: string;
  readonly #receive: StreamHears<O>['receive'];
  /** By number, in its order. */
  readonly #entries = new Map<number, OwnEntry<O>>();
  #size = 0;
  #last = 0;
  /** The number of the first entry that was not received yet: they are received in order, but for those in `#heldBack`. */
  #next = 1;
  /** Numbers below that of entries that were passed over because they need a place. */
  readonly #heldBack = new Set<number>();
  #dropped = 0;

  /**
   * @param node 8 hex digits that name this hub.
   * @param receive must not throw.
   */
  constructor(node: string, receive: StreamHears<O>['receive']) {
    this.#node = node;
    this.#receive = receive;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that were dropped so far: they were received here, and by other hubs perhaps never. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether there are some that were received here. */
  get wereReceived(): boolean {
    for (const number of this.#entries.keys()) if (!this.#heldBack.has(number)) return number < this.#next;
    return false;
  }

  [Symbol.iterator](): IterableIterator<OwnEntry<O>> {
    return this.#entries.values();
  }

  add(text: string, own: O, needsPlace: boolean): OwnEntry<O> {
    const number = ++this.#last;
    const frame = `${this.#node}${number.toString(36)} ${text}`;
    const entry = { number, frame, text, own, received: Promise.withResolvers<void>(), needsPlace };
    this.#entries.set(number, entry);
    this.#size += text.length + OVERHEAD;
    for (const oldest of this.#entries.values()) {
      if (this.#size <= MOST_WAITING) break;
      this.#receiveTo(oldest.number, false);
      this.#delete(oldest);
      this.#dropped++;
    }
    return entry;
  }

  /** All that were not received yet are, without a place, unless they need one. */
  receive(): void {
    this.#receiveTo(this.#last, false);
  }

  /**
   * An own entry has its place.
   * @returns whether it is received there; false: it was before, or there is none of this number.
   */
  place(number: number, position: Position): boolean {
    const entry = this.#entries.get(number);
    if (entry === undefined) return false;
    this.#receiveTo(number - 1, true);
    const wasReceived = number < this.#next && !this.#heldBack.has(number);
    if (!wasReceived) {
      this.#next = Math.max(this.#next, number + 1);
      this.#receiveEntry(entry, position);
    }
    this.#delete(entry);
    return !wasReceived;
  }

  /** Whether the entry waits for its place. */
  has(number: number): boolean {
    return this.#entries.has(number);
  }

  /** The entry has its place, which nobody is going to tell. It is received without one if it was not yet. */
  remove(number: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    this.#receiveTo(number, true);
    this.#delete(entry);
  }

  /** @param havePlaces whether all of them are known to have one: an entry never overtakes the one before it. */
  #receiveTo(number: number, havePlaces: boolean): void {
    if (havePlaces) {
      for (const held of this.#heldBack) {
        const entry = held <= number ? this.#entries.get(held) : undefined;
        if (entry !== undefined) this.#receiveEntry(entry, undefined);
      }
    }
    while (this.#next <= number) {
      const entry = this.#entries.get(this.#next++);
      if (entry === undefined) continue;
      if (entry.needsPlace && !havePlaces) this.#heldBack.add(entry.number);
      else this.#receiveEntry(entry, undefined);
    }
  }

  #receiveEntry({ number, frame, text, own, received }: OwnEntry<O>, position: Position | undefined): void {
    this.#heldBack.delete(number);
    this.#receive(text, { id: frame.slice(0, frame.indexOf(' ')), position, own });
    received.resolve();
  }

  #delete({ number, text }: OwnEntry<O>): void {
    // Its place may be given to it while others are received.
    if (!this.#entries.delete(number)) return;
    this.#heldBack.delete(number);
    this.#size -= text.length + OVERHEAD;
  }
}
