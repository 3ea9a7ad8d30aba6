import { HubError, type Log } from '../../core/index.ts';

/** What a listener is told: the event itself, and the topic it came under. */
export type TopicListener = (data: unknown, topic: string) => void;

/** The service `topics`. */
interface Topics {
  /**
   * Tells everybody who listens, in the order in which they began to; nobody has to. What a listener throws is
   * logged and does not concern the others or the caller.
   * @param topic such as `cityio.grid_updated`.
   * @param data what JSON can hold. It is not copied: nobody may change it.
   */
  emit(topic: string, data: unknown): void;
  /**
   * Listens to one topic.
   * @returns ends it.
   * @throws HubError `too_many_listeners`.
   */
  on(topic: string, listener: TopicListener): () => void;
}

declare module '../../core/index.ts' {
  interface Services {
    topics: Topics;
  }
}

export class TopicBus implements Topics {
  readonly #most: number;
  readonly #log: Log;
  readonly #listeners = new Map<string, Set<{ readonly tell: TopicListener }>>();
  #count = 0;

  /** @param most listeners, of all topics together. */
  constructor(most: number, log: Log) {
    this.#most = most;
    this.#log = log;
  }

  emit(topic: string, data: unknown): void {
    for (const { tell } of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        tell(data, topic);
      } catch (error) {
        this.#log.error({ err: error, topic }, 'a listener of a topic failed');
      }
    }
  }

  on(topic: string, tell: TopicListener): () => void {
    if (this.#count >= this.#most)
      throw new HubError(
        'too_many_listeners',
        `topics have ${this.#most} listeners, which is the limit`,
        500,
      );
    // An object of its own: the same function may listen twice.
    const listener = { tell };
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    this.#count++;
    return () => {
      if (!listeners.delete(listener)) return;
      this.#count--;
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }
}
