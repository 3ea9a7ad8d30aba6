/** Updates of documents: read, changed here, and written if nobody else wrote meanwhile; else changed anew. */
import { storeRules } from '../../core/index.ts';
import type { HashKeys } from './documents.ts';
import type { Engine } from './engine.ts';
import { COMPARE_AND_SET } from './scripts.ts';
import type { Turns } from './turns.ts';

const { checkSynchronous, encode } = storeRules;

/** How a change turned out, unless it has to be made anew. */
type Outcome = { readonly returned: unknown } | { readonly error: unknown };

interface Change {
  readonly make: (present: unknown) => unknown;
  readonly asked: PromiseWithResolvers<unknown>;
}

/** Changes of one document that share a read and a write. */
interface Group {
  readonly changes: Change[];
  /** As `Turns.begin` returned it. */
  end: Promise<unknown> | undefined;
}

export class Updates {
  readonly #engine: Engine;
  readonly #keys: HashKeys;
  readonly #turns: Turns;
  readonly #parse: (id: string, text: string) => unknown;
  /** Groups whose document is not read yet: they take further changes. */
  readonly #open = new Map<string, Group>();

  constructor(engine: Engine, keys: HashKeys, turns: Turns, parse: (id: string, text: string) => unknown) {
    this.#engine = engine;
    this.#keys = keys;
    this.#turns = turns;
    this.#parse = parse;
  }

  add<T>(id: string, make: (present: T | undefined) => T | undefined): Promise<T | undefined> {
    const asked = Promise.withResolvers<T | undefined>();
    // What the document holds is for the caller to know.
    const change: Change = {
      make: make as (present: unknown) => unknown,
      asked: asked as PromiseWithResolvers<unknown>,
    };
    const open = this.#open.get(id);
    // Unless another call on the document came after the group.
    if (open !== undefined && this.#turns.isLast(id, open.end)) open.changes.push(change);
    else this.#begin(id, { changes: [change], end: undefined });
    return asked.promise;
  }

  #begin(id: string, group: Group): void {
    this.#open.set(id, group);
    const run = async () => {
      try {
        await this.#run(id, group);
      } catch (error) {
        for (const { asked } of group.changes) asked.reject(error);
      }
    };
    group.end = this.#turns.begin(id, run);
  }

  async #run(id: string, group: Group): Promise<void> {
    const read = await this.#engine.send(this.#keys[0], 'HGET', this.#keys[0], id).finally(() => {
      if (this.#open.get(id) === group) this.#open.delete(id);
    });
    let present = read === null ? '' : `=${read}`;
    for (;;) {
      const { next, outcomes } = this.#make(id, present, group.changes);
      // Without a change there is nothing to write: it was so when it was read.
      const found = next === present ? await this.#leave() : await this.#set(id, present, next);
      if (found === 1) {
        for (const [index, { asked }] of group.changes.entries()) settle(asked, outcomes[index]);
        return;
      }
      present = String(found);
    }
  }

  /** @param present as COMPARE_AND_SET has it. */
  #make(id: string, present: string, changes: readonly Change[]) {
    let next = present;
    const outcomes = changes.map(({ make }): Outcome => {
      try {
        const returned = make(next === '' ? undefined : this.#parse(id, next.slice(1)));
        checkSynchronous(returned);
        next = returned === undefined ? '' : `=${encode(returned, id)}`;
        return { returned };
      } catch (error) {
        return { error };
      }
    });
    return { next, outcomes };
  }

  async #leave(): Promise<1> {
    await this.#engine.keep(this.#keys[0]);
    return 1;
  }

  #set(id: string, present: string, next: string): Promise<unknown> {
    const [key] = this.#keys;
    return this.#engine.write(key, 'EVAL', COMPARE_AND_SET, '2', ...this.#keys, id, present, next);
  }
}

function settle(asked: PromiseWithResolvers<unknown>, outcome: Outcome | undefined): void {
  if (outcome === undefined) return;
  if ('error' in outcome) asked.reject(outcome.error);
  else asked.resolve(outcome.returned);
}
