/** The last events that clients may get, for those that come back. Bounded by number and by characters. */
import { randomBytes } from 'node:crypto';
import type { Topic } from './definition.ts';

export interface Entry {
  readonly offset: number;
  readonly topic: Topic;
  readonly event: unknown;
  /** The event as JSON. */
  readonly text: string;
}

/** A place in the sequence of events. Offsets of different epochs have nothing to do with each other. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export class History {
  /** Names this run of this hub: offsets begin anew with each. */
  readonly epoch = randomBytes(8).toString('hex');
  readonly #most: number;
  readonly #mostCharacters: number;
  /** Without gaps: offsets follow each other. What stands before `#first` is gone. */
  #entries: Entry[] = [];
  #first = 0;
  #characters = 0;
  #offset = 0;

  constructor(most: number, mostCharacters: number) {
    this.#most = most;
    this.#mostCharacters = mostCharacters;
  }

  /** Where the next event comes after. */
  get position(): Position {
    return { epoch: this.epoch, offset: this.#offset };
  }

  add(entry: Omit<Entry, 'offset'>): Entry {
    const added = { ...entry, offset: ++this.#offset };
    this.#entries.push(added);
    this.#characters += entry.text.length;
    while (this.#entries.length - this.#first > this.#most || this.#characters > this.#mostCharacters)
      this.#forget();
    // Not at each: moving the rest costs as much as there is.
    if (this.#first > 1_000 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return added;
  }

  /** What came after a position; undefined when some of it is forgotten, or it is none of this epoch. */
  since({ epoch, offset }: Position): readonly Entry[] | undefined {
    const missed = this.#offset - offset;
    if (epoch !== this.epoch || missed < 0 || missed > this.#entries.length - this.#first) return undefined;
    return this.#entries.slice(this.#entries.length - missed);
  }

  #forget(): void {
    const entry = this.#entries[this.#first];
    this.#characters -= entry?.text.length ?? 0;
    // The place is taken up until the next time the list is made anew, what was there is not.
    this.#entries[this.#first++] = NOTHING;
  }
}

const NOTHING: Entry = {
  offset: 0,
  topic: { name: '', definition: { schema: {}, summary: '' } },
  event: undefined,
  text: '',
};
