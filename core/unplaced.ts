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
}

export class Unplaced<O> {
  readonly #node: string;
  readonly #receive: StreamHears<O>['receive'];
  /** By number, in its order. */
  readonly #entries = new Map<number, OwnEntry<O>>();
  #size = 0;
  #last = 0;
  /** The number of the first entry that was not received yet: they are received in order. */
  #next = 1;
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
    for (const number of this.#entries.keys()) return number < this.#next;
    return false;
  }

  [Symbol.iterator](): IterableIterator<OwnEntry<O>> {
    return this.#entries.values();
  }

  add(text: string, own: O): OwnEntry<O> {
    const number = ++this.#last;
    const frame = `${this.#node}${number.toString(36)} ${text}`;
    const entry = { number, frame, text, own, received: Promise.withResolvers<void>() };
    this.#entries.set(number, entry);
    this.#size += text.length + OVERHEAD;
    for (const oldest of this.#entries.values()) {
      if (this.#size <= MOST_WAITING) break;
      this.remove(oldest.number);
      this.#dropped++;
    }
    return entry;
  }

  /** Those up to the number that were not received yet are, without a place. */
  receive(number = this.#last): void {
    while (this.#next <= number) this.#receiveNext(undefined);
  }

  /**
   * An own entry has its place.
   * @returns whether it is received there; false: it was before, or there is none of this number.
   */
  place(number: number, position: Position): boolean {
    const isNext = number >= this.#next && number <= this.#last;
    if (isNext) {
      this.receive(number - 1);
      this.#receiveNext(position);
    }
    this.remove(number);
    return isNext;
  }

  /** Whether the entry waits for its place. */
  has(number: number): boolean {
    return this.#entries.has(number);
  }

  /** The entry is not waited for any more. It is received without a place if it was not yet. */
  remove(number: number): void {
    const entry = this.#entries.get(number);
    if (entry === undefined) return;
    this.receive(number);
    this.#entries.delete(number);
    this.#size -= entry.text.length + OVERHEAD;
  }

  #receiveNext(position: Position | undefined): void {
    const entry = this.#entries.get(this.#next++);
    if (entry === undefined) return;
    const { frame, text, own, received } = entry;
    this.#receive(text, { id: frame.slice(0, frame.indexOf(' ')), position, own });
    received.resolve();
  }
}
