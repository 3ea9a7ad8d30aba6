/** Turns of users: of each, one thing after the other, in order; of all together so many at a time, one of each in turn. */

type Work = () => Promise<void>;

export class Turns {
  readonly #atOnce: number;
  readonly #most: number;
  readonly #mostOfUser: number;
  /** What waits, by user; a user who has something running is here, too. */
  readonly #lines = new Map<string, Work[]>();
  /** Users of whom something waits and nothing runs, in the order of their turns. */
  readonly #next: string[] = [];
  #waiting = 0;
  #running = 0;

  /** @param atOnce that run. @param most that wait. @param mostOfUser of these, those of one user. */
  constructor(atOnce: number, most: number, mostOfUser: number) {
    this.#atOnce = atOnce;
    this.#most = most;
    this.#mostOfUser = mostOfUser;
  }

  /**
   * Does it in the user's turn.
   * @param work must not reject.
   * @returns resolves when it is done; undefined when too much waits already.
   */
  take(user: string, work: Work): Promise<void> | undefined {
    const line = this.#lines.get(user);
    if (this.#waiting >= this.#most || (line?.length ?? 0) >= this.#mostOfUser) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = () => work().then(resolve);
    if (line === undefined) {
      this.#lines.set(user, [waiting]);
      this.#next.push(user);
    } else line.push(waiting);
    this.#waiting++;
    this.#begin();
    return promise;
  }

  #begin(): void {
    while (this.#running < this.#atOnce) {
      const user = this.#next.shift();
      const line = user === undefined ? undefined : this.#lines.get(user);
      const first = line?.shift();
      if (user === undefined || line === undefined || first === undefined) return;
      this.#waiting--;
      this.#running++;
      void first().then(() => {
        this.#running--;
        if (line.length > 0) this.#next.push(user);
        else this.#lines.delete(user);
        this.#begin();
      });
    }
  }
}
