/** Calls on the same id in their order, where some take several round trips and others one. */

/** All round trips share one connection, so that calls of a single one are in order by themselves. */
export class Turns {
  /** The end of the last call on an id that others must wait for; it never rejects. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** The end of the last read of all ids that itself had to wait: no call may overtake it. */
  #reading: Promise<unknown> | undefined;

  /** Runs what takes one round trip: after what was begun on these ids before, at once when that is nothing. */
  after<R>(ids: readonly string[], work: () => Promise<R>): Promise<R> {
    const before = this.#before(ids);
    if (before.length === 0) return work();
    const turn = Promise.all(before).then(work);
    this.#hold(ids, turn);
    return turn;
  }

  /** As `after`, for a read of all ids. */
  afterAll<R>(work: () => Promise<R>): Promise<R> {
    const ids = [...this.#last.keys()];
    const before = this.#before(ids);
    if (before.length === 0) return work();
    const turn = Promise.all(before).then(work);
    const end = this.#hold(ids, turn);
    this.#reading = end;
    void end.then(() => {
      if (this.#reading === end) this.#reading = undefined;
    });
    return turn;
  }

  /**
   * Runs what takes several round trips: later calls on the id wait for its end.
   * @param work must not reject.
   * @returns the end, which names the turn.
   */
  begin(id: string, work: () => Promise<void>): Promise<unknown> {
    const before = this.#before([id]);
    return this.#hold([id], before.length === 0 ? work() : Promise.all(before).then(work));
  }

  /** Whether no call on the id had to wait for this turn yet. */
  isLast(id: string, end: Promise<unknown> | undefined): boolean {
    return end !== undefined && this.#last.get(id) === end;
  }

  #before(ids: readonly string[]): Promise<unknown>[] {
    const before = new Set(ids.map((id) => this.#last.get(id)));
    return [...before.add(this.#reading)].filter((one) => one !== undefined);
  }

  #hold(ids: readonly string[], turn: Promise<unknown>): Promise<unknown> {
    const end = turn.then(
      () => {},
      () => {},
    );
    for (const id of ids) this.#last.set(id, end);
    void end.then(() => {
      for (const id of ids) if (this.#last.get(id) === end) this.#last.delete(id);
    });
    return end;
  }
}
