/**
 * What is stored of the valves of each controller. A change takes place only if the document still is what it was made of; when
 * another hub was quicker, it is made anew. Each is told to the other hubs.
 */
import { type Collection, type Hub, HubError, type Line } from '../../core/index.ts';
import type { Controller, Field } from './field.ts';
import { NOTHING, type Stored } from './valve-changes.ts';

/** Attempts at one change. */
const MOST_ATTEMPTS = 200;
/** Documents read at once. */
const READ = 50;

interface Told {
  readonly controller: string;
  readonly stored: Stored;
}

/** @returns what is to be stored, undefined: what there is; and what comes of it. What it throws refuses the change. */
type Make<R> = (present: Stored) => readonly [next: Stored | undefined, result: R];

export class ValveDocuments {
  readonly #field: Field;
  readonly #documents: Collection<Stored>;
  readonly #changed: (controller: Controller) => void;
  /** undefined: no other hub has the store. */
  readonly #line: Line | undefined;
  /** As they are stored, as far as this hub knows. */
  readonly #known = new Map<Controller, Stored>();

  /** @param changed told of every controller whose document another hub has changed. */
  constructor(hub: Hub, field: Field, changed: (controller: Controller) => void) {
    this.#field = field;
    this.#documents = hub.store.collection('valves');
    this.#changed = changed;
    if (!hub.store.isShared) return;
    this.#line = hub.line('valves', {
      receive: (text) => {
        const { controller, stored }: Told = JSON.parse(text);
        this.#follow(field.stored(controller), stored);
      },
      missed: () => this.look(),
    });
  }

  /** All that are known. */
  [Symbol.iterator](): Iterator<[Controller, Stored]> {
    return this.#known.entries();
  }

  /** As this hub knows it. */
  of(controller: Controller): Stored {
    return this.#known.get(controller) ?? NOTHING;
  }

  /** Reads all of them. */
  async look(): Promise<void> {
    const ids = await this.#documents.ids();
    for (let i = 0; i < ids.length; i += READ) {
      await Promise.all(ids.slice(i, i + READ).map((id) => this.lookAt(this.#field.stored(id))));
    }
  }

  /** Reads that of a controller. */
  async lookAt(controller: Controller): Promise<void> {
    const stored = await this.#documents.get(controller.id);
    if (stored !== undefined) this.#follow(controller, stored);
  }

  /** @throws HubError `valves_busy` when other hubs were quicker all the time. */
  async change<R>(controller: Controller, make: Make<R>): Promise<R> {
    let isFresh = this.#line === undefined;
    let present = this.#known.get(controller);
    for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts++) {
      const [next, result] = make(present ?? NOTHING);
      if (next === undefined && isFresh) return result;
      if (next !== undefined && (await this.#store(controller, present, next))) return result;
      present = await this.#documents.get(controller.id);
      isFresh = true;
    }
    throw new HubError('valves_busy', 'other hubs change these valves all the time: try again', 503);
  }

  /** @returns false: what is stored is not `present`. */
  async #store(controller: Controller, present: Stored | undefined, next: Stored): Promise<boolean> {
    const { id } = controller;
    const stored = this.#line === undefined ? next : { ...next, version: (present?.version ?? 0) + 1 };
    if (!(await this.#documents.batch([{ put: id, value: stored }], { id, value: present }))) return false;
    this.#keep(controller, stored);
    const told: Told = { controller: id, stored };
    if (this.#line?.isAlone === false) this.#line.send(JSON.stringify(told));
    return true;
  }

  /** @returns whether it was not known. */
  #keep(controller: Controller, stored: Stored): boolean {
    const known = this.#known.get(controller);
    if (known !== undefined && (stored.version ?? 0) < (known.version ?? 0)) return false;
    this.#known.set(controller, stored);
    return known === undefined || known.version !== stored.version;
  }

  #follow(controller: Controller, stored: Stored): void {
    if (this.#keep(controller, stored)) this.#changed(controller);
  }
}
