/**
 * The same on a store that hubs share. A hub knows neither what another one has stored and is about to refer to, nor whether a collection
 * of another hub is under way, so all of that is in the store, and one document, `state`, decides:
 *
 * - Who is about to refer to objects marks them first, on the condition that `state` is as he read it. Marks have the number of the latest
 *   collection.
 * - A collection writes into `state` what it deletes next, then leaves out what is marked, deletes, and takes it out again. So each object
 *   is either marked before, and stays, or its mark waits until it is gone, and it is stored anew.
 * - Before it looks for what tags refer to, it changes every tag (`Tags.touch`). Who read a tag before that cannot write it any more, and
 *   begins anew, with marks of this collection. So marks of earlier ones need not be kept for ever.
 *
 * A collection of a hub that is late finds another `state`, and ends. Only what it has sent already could still be done: who needs what it is
 * deleting, and finds that it does not go on, first sets a fence that keeps that from being done.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Blobs,
  HubError,
  type PluginStore,
  type Change as StoreChange,
  type Collection as StoreCollection,
} from '../../core/index.ts';
import type { CollectingTerm, Collection, Protection } from './protection.ts';
import { objectsIn } from './repository.ts';

interface State {
  /** Of the lease of the latest collection. */
  readonly fence: number;
  /** Collections that ever began. */
  readonly number: number;
  /** Another one with each change of hands. */
  readonly by: string;
  /** Hashes that are being deleted. */
  readonly deleting: readonly string[];
  /** The fence of what is being deleted. */
  readonly turn: number;
}
interface Mark {
  /** Of the latest collection when it was made. */
  readonly number: number;
}
interface Hold {
  /** One more every `BEAT_MS`. */
  readonly beat: number;
}
type Document = State | Mark | Hold;

const STATE = 'state';
const MARK = 'mark/';
const HOLD = 'hold/';
const NONE: State = { fence: 0, number: 0, by: '', deleting: [], turn: 0 };

/** Collections that a mark outlives. */
const KEPT = 2;
/** Objects deleted at a time, and marks looked at. */
const CHUNK = 100;
/** Marks read at a time. */
const PAGE = 1_000;
/** How long a writer waits for what is being deleted, in ms. */
const PATIENCE_MS = 10_000;
/** Longest pause between two looks, in ms, at random. */
const PAUSE_MS = 10;
/** Between looks at a collection that is in the way, in ms. */
const LOOK_MS = 100;
/** A hold says that it is still wanted. */
const BEAT_MS = 10_000;
/** A hold that says nothing for so long is that of a hub that is gone. */
const SILENCE_MS = 60_000;
/** A deletion that takes longer does not go on, in ms: far longer than one of a hub that is well. */
const STALLED_MS = 2_000;

export class SharedProtection implements Protection {
  readonly #documents: StoreCollection<Document>;
  readonly #states: StoreCollection<State>;
  readonly #marks: StoreCollection<Mark>;
  readonly #holds: StoreCollection<Hold>;
  readonly #objects: readonly Blobs[];
  readonly #silenceMs: number;
  readonly #stalledMs: number;
  /** As it was read last. */
  #state: State | undefined;
  /** What this hub found last that was being deleted, and since when, as `performance.now` has it. */
  #found: { readonly text: string; readonly at: number } | undefined;
  /** Holds of which this hub waits for a beat, and since when, as `performance.now` has it. */
  readonly #heard = new Map<string, { readonly beat: number; readonly at: number }>();

  constructor(store: PluginStore, { silenceMs = SILENCE_MS, stalledMs = STALLED_MS } = {}) {
    const name = 'collecting';
    this.#documents = store.collection(name);
    this.#states = store.collection(name);
    this.#marks = store.collection(name);
    this.#holds = store.collection(name);
    this.#objects = Object.values(objectsIn(store));
    this.#silenceMs = silenceMs;
    this.#stalledMs = stalledMs;
  }

  async protect(hashes: readonly string[]): Promise<void> {
    await this.#whenNotDeleting(hashes, (state) => {
      const value = { number: state?.number ?? 0 };
      const changes = hashes.map((hash): StoreChange<Document> => ({ put: MARK + hash, value }));
      return this.#documents.batch(changes, { id: STATE, value: state });
    });
  }

  async hold(): Promise<() => Promise<void>> {
    const id = HOLD + randomUUID();
    await this.#holds.put(id, { beat: 0 });
    const beats = setInterval(() => {
      // One that fails is made up for by the next; after the release there is nothing to beat for.
      this.#holds.update(id, (present) => present && { beat: present.beat + 1 }).catch(() => {});
    }, BEAT_MS).unref();
    const release = async () => {
      clearInterval(beats);
      await this.#holds.delete(id);
    };
    try {
      // The collection under way ends: it found what tags refer to before.
      await this.#whenNotDeleting(undefined, (state) => this.#change(state, { by: id }));
    } catch (error) {
      await release();
      throw error;
    }
    return release;
  }

  async begin(term: CollectingTerm | undefined, signal: AbortSignal): Promise<Collection | undefined> {
    await this.#recover(signal);
    const present = await this.#states.get(STATE);
    const { fence, number, deleting, turn } = { ...NONE, ...present };
    if (deleting.length > 0 || (term !== undefined && term.fence < fence)) return undefined;
    const state = {
      fence: term?.fence ?? fence,
      number: number + 1,
      by: randomUUID(),
      deleting: [],
      turn: turn + 1,
    };
    if (!(await this.#change(present, state)) || (await this.#isHeld())) return undefined;
    return this.#collection(state);
  }

  #collection(begun: State): Collection {
    let state = begun;
    let isOver = false;
    const enter = async (deleting: readonly string[]) => {
      const next = { ...state, deleting };
      if (await this.#change(state, next)) state = next;
      else isOver = true;
      return !isOver;
    };
    const chunk = async (objects: Blobs, hashes: readonly string[]): Promise<number> => {
      if (!(await enter(hashes))) return 0;
      const marks = await Promise.all(hashes.map((hash) => this.#marks.get(MARK + hash)));
      const garbage = hashes.filter((_, index) => isOld(marks[index], begun.number));
      const deleted = garbage.length === 0 ? 0 : await objects.delete(garbage, begun.turn);
      await enter([]);
      return deleted;
    };
    return {
      get isOver() {
        return isOver;
      },
      delete: async (objects, hashes) => {
        let deleted = 0;
        for (let at = 0; at < hashes.length && !isOver; at += CHUNK)
          deleted += await chunk(objects, hashes.slice(at, at + CHUNK));
        return deleted;
      },
      finish: () => this.#forget(begun.number),
    };
  }

  /** Marks that are too old to keep anything go. */
  async #forget(number: number): Promise<void> {
    for (let after = MARK; ; ) {
      const ids = await this.#marks.ids({ prefix: MARK, after, limit: PAGE });
      if (ids.length === 0) return;
      after = ids.at(-1) ?? '';
      for (let at = 0; at < ids.length; at += CHUNK)
        await Promise.all(ids.slice(at, at + CHUNK).map((id) => this.#forgetMark(id, number)));
    }
  }

  async #forgetMark(id: string, number: number): Promise<void> {
    if (!isOld(await this.#marks.get(id), number)) return;
    await this.#marks.update(id, (present) => (isOld(present, number) ? undefined : present));
  }

  /** Waits until what is being deleted is, or the collection that should does not go on. */
  async #recover(signal: AbortSignal): Promise<void> {
    for (;;) {
      const state = await this.#states.get(STATE);
      if (state === undefined || state.deleting.length === 0 || signal.aborted) return;
      if (!(await this.#takeOver(state))) await wait(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** What is being deleted stays from here on, if it is still there, when that did not go on for long enough. */
  async #takeOver(state: State): Promise<boolean> {
    if (this.#age(state) <= this.#stalledMs) return false;
    const turn = { ...NONE, ...state }.turn + 1;
    await Promise.all(this.#objects.map((objects) => objects.setFence(turn)));
    return this.#change(state, { deleting: [], by: randomUUID(), turn });
  }

  /** For how long this hub has found exactly this state, in ms. */
  #age(state: State): number {
    const { by, deleting } = state;
    const text = [by, ...deleting].join();
    if (this.#found?.text !== text) this.#found = { text, at: performance.now() };
    return performance.now() - this.#found.at;
  }

  async #isHeld(): Promise<boolean> {
    const ids = await this.#holds.ids({ prefix: HOLD });
    for (const id of this.#heard.keys()) if (!ids.includes(id)) this.#heard.delete(id);
    let isHeld = false;
    for (const id of ids) {
      const hold = await this.#holds.get(id);
      const heard = this.#heard.get(id);
      if (hold === undefined) continue;
      if (heard?.beat !== hold.beat) this.#heard.set(id, { beat: hold.beat, at: performance.now() });
      else if (performance.now() - heard.at > this.#silenceMs) {
        await this.#documents.batch([{ delete: id }], { id, value: hold });
        continue;
      }
      isHeld = true;
    }
    return isHeld;
  }

  /**
   * @param hashes undefined: all.
   * @param attempt is given the state. @returns false when that is not the present one any more.
   */
  async #whenNotDeleting(
    hashes: readonly string[] | undefined,
    attempt: (state: State | undefined) => Promise<boolean>,
  ): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until) {
      const state = this.#state;
      const deleting = state?.deleting ?? [];
      const isFree =
        hashes === undefined ? deleting.length === 0 : !deleting.some((hash) => hashes.includes(hash));
      if (isFree && (await attempt(state))) return;
      this.#state = await this.#states.get(STATE);
      if (isFree || state === undefined) continue;
      if (!(await this.#takeOver(state))) await wait(Math.random() * PAUSE_MS);
    }
    throw new HubError('table_busy', 'what is written is being deleted at the same time: try again', 503);
  }

  async #change(present: State | undefined, change: Partial<State>): Promise<boolean> {
    const next = { ...NONE, ...present, ...change };
    const isDone = await this.#documents.batch([{ put: STATE, value: next }], { id: STATE, value: present });
    if (isDone) this.#state = next;
    return isDone;
  }
}

function isOld(mark: Mark | undefined, number: number): boolean {
  return mark === undefined || mark.number < number - KEPT;
}
