/** What a hub hears of topics from other hubs: those with members here, and those that somebody is about to join. */
import type { Broker } from './broker/port.ts';
import { within } from './lifecycle.ts';

/** How long somebody who joins waits for the broker, in ms: while it is away, local traffic goes on. */
const WAIT_MS = 1_000;

interface Arrival {
  count: number;
  readonly inForce: Promise<void>;
}

export class Hearing {
  readonly #broker: Broker;
  readonly #hasMembers: (topic: string) => boolean;
  readonly #arrivals = new Map<string, Arrival>();
  /** The broker took too long: nobody waits until it has answered. */
  #isAway = false;

  constructor(broker: Broker, hasMembers: (topic: string) => boolean) {
    this.#broker = broker;
    this.#hasMembers = hasMembers;
  }

  /** For the first member. */
  begin(topic: string): void {
    if (!this.#arrivals.has(topic)) void this.#broker.subscribe(topic);
  }

  /** After the last member. */
  end(topic: string): void {
    if (!this.#arrivals.has(topic)) this.#broker.unsubscribe(topic);
  }

  /**
   * Before somebody joins: what other hubs send from then on arrives here, unless the broker is away.
   * @returns what has to be called once they have joined, or did not.
   */
  async arrive(topic: string): Promise<() => void> {
    if (!this.#broker.isDistributed) return () => {};
    const arrival = this.#arrivals.get(topic) ?? this.#first(topic);
    if (arrival === undefined) return () => {};
    arrival.count++;
    if (!this.#isAway) this.#isAway = !(await within(WAIT_MS, arrival.inForce));
    return () => {
      if (--arrival.count > 0) return;
      this.#arrivals.delete(topic);
      if (!this.#hasMembers(topic)) this.#broker.unsubscribe(topic);
    };
  }

  /** undefined: the topic is heard already. */
  #first(topic: string): Arrival | undefined {
    if (this.#hasMembers(topic)) return undefined;
    const inForce = this.#broker.subscribe(topic).then(() => {
      this.#isAway = false;
    });
    const arrival = { count: 0, inForce };
    this.#arrivals.set(topic, arrival);
    return arrival;
  }
}
