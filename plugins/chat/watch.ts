/** What is sent to a room while somebody is about to join. */
import type { Message } from '../../core/index.ts';

/** Messages that are kept for somebody who is about to join. */
const MOST_WATCHED = 1_000;

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
