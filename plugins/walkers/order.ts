/**
 * The order of a connection's events. Each takes effect after the one before it: until its turn has come, nothing of it is sent or
 * stored. What takes no effect, running, may be done before that.
 */

/** Events of one connection that may be on their way at once; further ones begin at their turn. */
const MOST = 16;

export class Order {
  #last: Turn | undefined;
  #size = 0;

  /** The turn of an event that has come in now. It must be ended. */
  next(): Turn {
    const isFirst = this.#size++ === 0;
    const turn = new Turn(this, isFirst, this.#size <= MOST);
    this.#last?.before(turn);
    this.#last = turn;
    return turn;
  }

  /** One of its turns has ended. */
  ended(): void {
    if (--this.#size === 0) this.#last = undefined;
  }

  /** Resolves when all events that have come in are done; undefined: they are. */
  get done(): Promise<void> | undefined {
    if (this.#last === undefined) return undefined;
    const end = this.next();
    return end.come.then(() => end.end());
  }
}

export class Turn {
  /** Whether the event may begin before its turn. */
  readonly isNear: boolean;
  #hasCome: boolean;
  #coming: PromiseWithResolvers<void> | undefined;
  #next: Turn | undefined;
  readonly #order: Order;

  constructor(order: Order, hasCome: boolean, isNear: boolean) {
    this.#order = order;
    this.#hasCome = hasCome;
    this.isNear = isNear;
  }

  get hasCome(): boolean {
    return this.#hasCome;
  }

  get come(): Promise<void> {
    if (this.#hasCome) return Promise.resolve();
    this.#coming ??= Promise.withResolvers();
    return this.#coming.promise;
  }

  before(next: Turn): void {
    this.#next = next;
  }

  /** It is the next one's turn. */
  end(): void {
    this.#order.ended();
    const next = this.#next;
    if (next === undefined) return;
    // One that has become old for the garbage collector would keep all that come after it.
    this.#next = undefined;
    next.#hasCome = true;
    next.#coming?.resolve();
  }
}
