/** Subscribers within this hub process: other plugins, and walkers through theirs. */
import { HubError, type Log } from '../../core/index.ts';
import { isForUser, type Topic } from './definition.ts';
import { covers, invalidPattern, isPattern, patternsOf } from './names.ts';

/** What subscribers are told beside an event. */
interface Told {
  /** Whether what acts for a user may be told, too. */
  readonly isFor: (user: string) => boolean;
  /** How many events in a row were published because of each other up to this one, as far as their publishers said. */
  readonly hops: number;
}
export type Subscriber = (event: unknown, topic: string, told: Told) => void;

interface Published {
  readonly topic: Topic;
  readonly event: unknown;
  readonly hops: number;
}

export class Subscribers {
  readonly #most: number;
  readonly #log: Log;
  readonly #byPattern = new Map<string, Set<{ readonly plugin: string; readonly tell: Subscriber }>>();
  #count = 0;

  /** @param most subscribers, of all topics together. */
  constructor(most: number, log: Log) {
    this.#most = most;
    this.#log = log;
  }

  /** @returns ends it. @throws HubError `invalid_topic`, `too_many_subscribers`. */
  add(plugin: string, patterns: readonly string[], tell: Subscriber): () => void {
    const invalid = patterns.find((pattern) => !isPattern(pattern));
    if (invalid !== undefined) throw invalidPattern(invalid);
    const widest = [...new Set(patterns)].filter(
      (pattern, _, all) => !all.some((other) => other !== pattern && covers(other, pattern)),
    );
    if (this.#count + widest.length > this.#most) {
      throw new HubError(
        'too_many_subscribers',
        `topics have ${this.#most} subscribers, which is the limit`,
        500,
      );
    }
    const ends = widest.map((pattern) => this.#addOne(pattern, { plugin, tell }));
    return () => {
      for (const end of ends.splice(0)) end();
    };
  }

  #addOne(pattern: string, subscriber: { readonly plugin: string; readonly tell: Subscriber }): () => void {
    const subscribers = this.#byPattern.get(pattern) ?? new Set();
    this.#byPattern.set(pattern, subscribers.add(subscriber));
    this.#count++;
    return () => {
      subscribers.delete(subscriber);
      this.#count--;
      if (subscribers.size === 0) this.#byPattern.delete(pattern);
    };
  }

  /** Tells all, those of the name before those of families. What one throws is logged and concerns no other. */
  tell({ topic: { name: topic, definition }, event, hops }: Published): void {
    const told = { isFor: (user: string) => isForUser(definition, event, user), hops };
    for (const pattern of patternsOf(topic)) {
      for (const { plugin, tell } of [...(this.#byPattern.get(pattern) ?? [])]) {
        try {
          tell(event, topic, told);
        } catch (error) {
          this.#log.error({ err: error, topic, subscriber: plugin }, 'a subscriber of a topic failed');
        }
      }
    }
  }
}
