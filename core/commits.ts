/** What was committed to a stream: it waits for its place, as long as may be waited for a broker that is away. */
import { HubError } from './errors.ts';

/** Characters that wait for a broker that is away, with what each commit takes beside them; what is beyond is refused. */
const MOST_WAITING = 8_388_608;
const OVERHEAD = 256;

interface Commit {
  readonly size: number;
  /** Resolves when it has its place. */
  readonly append: () => Promise<void>;
  readonly done: PromiseWithResolvers<void>;
  /** Whether the broker may have got it. */
  isUnderWay: boolean;
  /** Runs since the broker was away for the first time. */
  timer: NodeJS.Timeout | undefined;
}

export class Commits {
  readonly #waitMs: number;
  /** Those without an outcome, in their order. */
  readonly #open = new Set<Commit>();
  /** Of those that are not under way. */
  #waitingSize = 0;
  #isAway = false;

  /** @param waitMs for a broker that is away, at most. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /**
   * Appends now, or once the broker is back.
   * @param append returns when the entry has its place.
   * @throws HubError `cut_off`, `outcome_unknown`.
   */
  add(length: number, append: () => Promise<void>): Promise<void> {
    const size = length + OVERHEAD;
    if (this.#isAway && this.#waitingSize + size > MOST_WAITING)
      return Promise.reject(new HubError('cut_off', 'more waits for the other hubs than may'));
    const done = Promise.withResolvers<void>();
    const commit: Commit = { size, append, done, isUnderWay: false, timer: undefined };
    this.#open.add(commit);
    if (this.#isAway) {
      this.#waitingSize += size;
      this.#beginTimer(commit);
    } else this.#begin(commit);
    return done.promise;
  }

  goAway(): void {
    this.#isAway = true;
    for (const commit of this.#open) this.#beginTimer(commit);
  }

  comeBack(): void {
    this.#isAway = false;
    for (const commit of this.#open) {
      if (this.#isAway) return;
      if (commit.isUnderWay) continue;
      this.#waitingSize -= commit.size;
      this.#begin(commit);
    }
  }

  #begin(commit: Commit): void {
    commit.isUnderWay = true;
    void commit.append().then(() => {
      this.#end(commit);
      commit.done.resolve();
    });
  }

  #beginTimer(commit: Commit): void {
    commit.timer ??= setTimeout(() => this.#giveUp(commit), this.#waitMs).unref();
  }

  #giveUp(commit: Commit): void {
    this.#end(commit);
    if (!commit.isUnderWay) this.#waitingSize -= commit.size;
    commit.done.reject(
      commit.isUnderWay
        ? new HubError('outcome_unknown', 'the hub is cut off from the others: it may be done yet')
        : new HubError('cut_off', 'the hub is cut off from the others: nothing was done'),
    );
  }

  #end(commit: Commit): void {
    clearTimeout(commit.timer);
    this.#open.delete(commit);
  }
}
