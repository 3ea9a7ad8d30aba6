/** Messages that wait for a slow reader, in order and bounded by what each type's overflow allows. */
import type { Message, OutgoingType } from '../messages.ts';

export class WaitingList {
  readonly #limit: number;
  /** By the number under which each was added; nothing here is ever searched, however many wait. */
  readonly #messages = new Map<number, Message>();
  /** The newest message of each type and key that a newer one replaces. */
  readonly #latest = new Map<OutgoingType, Map<string, number>>();
  #bytes = 0;
  #added = 0;
  /** No message has a smaller number. */
  #oldest = 0;
  /** No message that may be dropped has a smaller number. */
  #oldestToDrop = 0;

  /** @param limit in bytes; a single message may be longer. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false when a message that must not be lost has no place. */
  add(message: Message): boolean {
    const { type, key } = message;
    if (type.overflow === 'latest') this.#replace(type, key);
    const size = message.bytes.length;
    while (this.#messages.size > 0 && this.#bytes + size > this.#limit) {
      const dropped = this.#dropOldest();
      if (dropped === undefined && type.overflow !== 'drop') return false;
      (dropped?.type ?? type).congestion.dropped++;
      if (dropped === undefined) return true;
    }
    this.#messages.set(this.#added++, message);
    this.#bytes += size;
    return true;
  }

  /** Takes the oldest message out. */
  shift(): Message | undefined {
    while (this.#oldest < this.#added) {
      const message = this.#remove(this.#oldest++);
      if (message !== undefined) return message;
    }
    return undefined;
  }

  /** Makes the message that is about to be added the newest of its type and key. */
  #replace(type: OutgoingType, key: string): void {
    const newest = this.#latest.get(type) ?? new Map<string, number>();
    this.#latest.set(type, newest);
    const older = newest.get(key);
    if (older !== undefined && this.#remove(older) !== undefined) type.congestion.replaced++;
    newest.set(key, this.#added);
  }

  #dropOldest(): Message | undefined {
    while (this.#oldestToDrop < this.#added) {
      const number = this.#oldestToDrop++;
      if (this.#messages.get(number)?.type.overflow === 'drop') return this.#remove(number);
    }
    return undefined;
  }

  #remove(number: number): Message | undefined {
    const message = this.#messages.get(number);
    if (message === undefined) return undefined;
    this.#messages.delete(number);
    this.#bytes -= message.bytes.length;
    const newest = this.#latest.get(message.type);
    if (newest?.get(message.key) === number) newest.delete(message.key);
    return message;
  }
}
