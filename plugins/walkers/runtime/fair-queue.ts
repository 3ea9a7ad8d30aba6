/** What waits for a child: served in turn, one of each user, so that nobody who asks for much holds up the others. */

/** Something that waits, and for whom. */
interface Waiting {
  readonly user: string;
}

export class FairQueue<J extends Waiting> {
  /** Those put back: they were at their turn before. */
  #first: J[] = [];
  /** In the order of turns. None is empty. */
  readonly #lines = new Map<string, J[]>();
  readonly #most: number;
  readonly #mostOfUser: number;
  #size = 0;

  /** @param most that may wait. @param mostOfUser of these, those of one user. */
  constructor(most: number, mostOfUser: number) {
    this.#most = most;
    this.#mostOfUser = mostOfUser;
  }

  get size(): number {
    return this.#size;
  }

  /** Why no more of a user's may be pushed; undefined: they may. */
  fullFor(user: string): string | undefined {
    if (this.#size >= this.#most) return 'too many runs are waiting';
    const own = this.#lines.get(user)?.length ?? 0;
    return own >= this.#mostOfUser ? 'too many runs of this user are waiting' : undefined;
  }

  push(job: J): void {
    this.#size++;
    const line = this.#lines.get(job.user);
    if (line === undefined) this.#lines.set(job.user, [job]);
    else line.push(job);
  }

  /** Comes next, before whatever was put back earlier. */
  putBack(job: J): void {
    this.#size++;
    this.#first.unshift(job);
  }

  /** The one whose turn it is. */
  peek(): J | undefined {
    const [first] = this.#first;
    if (first !== undefined) return first;
    for (const [next] of this.#lines.values()) return next;
    return undefined;
  }

  /** Takes the one whose turn it is. */
  shift(): J | undefined {
    const job = this.#first.shift() ?? this.#shiftLine();
    if (job !== undefined) this.#size--;
    return job;
  }

  /** Takes all that match. */
  take(matches: (job: J) => boolean): J[] {
    const taken: J[] = [];
    const keep = (job: J) => {
      if (!matches(job)) return true;
      taken.push(job);
      return false;
    };
    this.#first = this.#first.filter(keep);
    for (const [user, line] of this.#lines) {
      const left = line.filter(keep);
      if (left.length === 0) this.#lines.delete(user);
      else if (left.length < line.length) this.#lines.set(user, left);
    }
    this.#size -= taken.length;
    return taken;
  }

  #shiftLine(): J | undefined {
    for (const [user, line] of this.#lines) {
      const job = line.shift();
      this.#lines.delete(user);
      // Last in turn now.
      if (line.length > 0) this.#lines.set(user, line);
      return job;
    }
    return undefined;
  }
}
