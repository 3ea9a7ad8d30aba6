/** Stores what runs have changed, where other hubs do so too. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Conflicts, Footprint } from './conflicts.ts';
import type { Plan } from './plan.ts';
import type { Others } from './transaction.ts';
import type { HeadDocument } from './view.ts';
import { changesOf, type Outcome, type Writer } from './writer.ts';

/** Changes of one commit, unless a single run has more: a large one holds up everybody. */
const MOST_CHANGES = 2_000;
/** Commits in a row that another hub was faster with, before this one asks the others to wait. */
const MOST_LATE = 3;
/** How long they wait at most for a commit that is ready, in ms. */
const COMMIT_MS = 500;
/** Between two looks whether another hub's claim has ended, in ms. */
const POLL_MS = 2;

/** A run that has ended, but for its commit. */
interface Ended extends PromiseWithResolvers<'stored' | 'again'> {
  readonly footprint: Footprint;
  readonly plan: Plan;
}

/** One commit at a time; runs that end meanwhile share the next one. */
export class SharedWriter implements Writer {
  readonly #conflicts: Conflicts;
  readonly #others: Others;
  /** In the order in which they came. */
  readonly #ended = new Set<Ended>();
  #isWorking = false;
  #late = 0;

  constructor(conflicts: Conflicts, others: Others) {
    this.#conflicts = conflicts;
    this.#others = others;
  }

  async store(footprint: Footprint, plan: Plan): Promise<Outcome> {
    const onlyRead = plan.written.size === 0;
    for (;;) {
      if (onlyRead) await this.#others.head.refresh();
      if (footprint.overwritten) return 'conflict';
      if (onlyRead) return 'stored';
      const ahead = this.#conflicts.ahead(footprint, plan.written);
      if (ahead !== undefined) await ahead.ended;
      else if ((await this.#join(footprint, plan)) === 'stored') return 'stored';
    }
  }

  #join(footprint: Footprint, plan: Plan): Promise<'stored' | 'again'> {
    const ended = { footprint, plan, ...Promise.withResolvers<'stored' | 'again'>() };
    this.#ended.add(ended);
    if (!this.#isWorking) void this.#work();
    return ended.promise;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#ended.size > 0) {
      let group: readonly Ended[] = [...this.#ended];
      try {
        const known = this.#others.head.known ?? (await this.#others.head.refresh());
        // From here to the call of the store nothing else happens: what is checked is true of `known`.
        group = this.#next();
        if (group.length > 0) await this.#commit(known, group);
        else if (this.#ended.size > 0) await this.#untilOthersMoved();
      } catch (error) {
        for (const one of group) {
          this.#ended.delete(one);
          one.reject(error);
        }
      }
    }
    this.#isWorking = false;
  }

  /** Runs that can be one commit, in their order: none has read what one before it writes. */
  #next(): Ended[] {
    const group: Ended[] = [];
    const written = new Set<string>();
    let changes = 0;
    for (const one of this.#ended) {
      const { footprint, plan } = one;
      if (footprint.overwritten || this.#conflicts.ahead(footprint, plan.written) !== undefined) {
        this.#settle(one, 'again');
        continue;
      }
      if (footprint.meets(written) || this.#others.claims.forbid(plan.written)) continue;
      changes += plan.documents.size + 3 * plan.edges.length;
      if (changes > MOST_CHANGES && group.length > 0) break;
      group.push(one);
      for (const key of plan.written) written.add(key);
    }
    return group;
  }

  async #commit(known: HeadDocument, group: readonly Ended[]): Promise<void> {
    let { order } = known;
    const changes = group.flatMap(({ plan }) => {
      const first = order + 1;
      order += plan.edges.length;
      return changesOf(plan, first);
    });
    const written = new Set(group.flatMap(({ plan }) => [...plan.written]));
    const [isStored] = await Promise.all([
      this.#others.head.append(known, changes, written, order),
      this.#others.claims.look(),
    ]);
    if (isStored) {
      if (this.#late >= MOST_LATE) void this.#others.claims.release(this);
      this.#late = 0;
      for (const one of group) this.#settle(one, 'stored');
      return;
    }
    this.#late++;
    if (this.#late >= MOST_LATE) await this.#others.claims.place(this, undefined, COMMIT_MS);
    await this.#others.head.refresh();
  }

  async #untilOthersMoved(): Promise<void> {
    await wait(POLL_MS);
    await Promise.all([this.#others.claims.look(), this.#others.head.refresh()]);
  }

  #settle(one: Ended, outcome: 'stored' | 'again'): void {
    this.#ended.delete(one);
    one.resolve(outcome);
  }
}
