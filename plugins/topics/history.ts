/** The last events that clients may get, for those that come back. Bounded by number and by characters. */
import type { Topic } from './definition.ts';

export interface Sent {
  readonly topic: Topic;
  readonly event: unknown;
  /** The event as JSON. */
  readonly text: string;
  /** What clients are told. */
  readonly offset: number;
}

interface Kept {
  /** The place it has for all hubs. */
  readonly place: number;
  readonly sent: Sent;
}

export class History {
  readonly #most: number;
  readonly #mostCharacters: number;
  /** In order of their places. What stands before `#first` is gone. */
  #kept: (Kept | undefined)[] = [];
  #first = 0;
  #characters = 0;
  /** The place of the last one that is gone. */
  #forgotten = 0;

  constructor(most: number, mostCharacters: number) {
    this.#most = most;
    this.#mostCharacters = mostCharacters;
  }

  add(place: number, sent: Sent): void {
    this.#kept.push({ place, sent });
    this.#characters += sent.text.length;
    while (this.#kept.length - this.#first > this.#most || this.#characters > this.#mostCharacters)
      this.#forget();
    // Not at each: moving the rest costs as much as there is.
    if (this.#first > 1_000 && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Places begin anew. */
  clear(): void {
    this.#kept = [];
    this.#first = 0;
    this.#characters = 0;
    this.#forgotten = 0;
  }

  /** What was sent after a place; undefined when some of it is forgotten. */
  since(place: number): readonly Sent[] | undefined {
    if (place < this.#forgotten) return undefined;
    const missed = this.#kept.slice(
      this.#kept.findLastIndex((kept) => kept === undefined || kept.place <= place) + 1,
    );
    return missed.flatMap((kept) => kept?.sent ?? []);
  }

  #forget(): void {
    const kept = this.#kept[this.#first];
    this.#characters -= kept?.sent.text.length ?? 0;
    this.#forgotten = kept?.place ?? this.#forgotten;
    // The place is taken up until the next time the list is made anew, what was there is not.
    this.#kept[this.#first++] = undefined;
  }
}
