/**
 * Whether each controller is online, and which connection is its newest. Hubs that share the store change that one after the other and
 * tell each other; of a hub that is alone, the newest is the last one it has.
 */
import type { Collection, Connection, Hub, Line, Log } from '../../core/index.ts';
import type { Controller, Field } from './field.ts';

/** What is stored of a controller. */
interface Stored {
  readonly online: boolean;
  /** Unix ms of that. */
  readonly since: number;
  /** Where hubs share the store: one more with every change. Absent: 0. */
  readonly version?: number;
  /** Of those: the id of its newest connection. Absent: it has none. */
  readonly client?: string;
  /** Of those: when it connected last, in Unix ms. */
  readonly connected?: number;
}

/** How another hub is told of it. */
interface Told extends Stored {
  readonly controller: string;
}

/** Documents read at once. */
const READ = 50;

export class Standings {
  readonly #field: Field;
  readonly #log: Log;
  readonly #documents: Collection<Stored>;
  /** undefined: no other hub has the store. */
  readonly #line: Line | undefined;
  readonly #known = new Map<Controller, Stored>();
  /** Newest connections of which the others do not know yet. */
  readonly unclaimed = new Map<Controller, Connection<unknown>>();
  readonly #changes = new Set<Promise<unknown>>();

  constructor(hub: Hub, field: Field) {
    this.#field = field;
    this.#log = hub.log;
    this.#documents = hub.store.collection('controllers');
    if (!hub.store.isShared) return;
    this.#line = hub.line('controllers', {
      receive: (text) => {
        const { controller, ...stored }: Told = JSON.parse(text);
        this.#follow(field.stored(controller), stored);
      },
      missed: () => this.look(),
    });
  }

  /** Reads the standing of all controllers. */
  async look(): Promise<void> {
    const read = async (id: string) => {
      const stored = await this.#documents.get(id);
      if (stored !== undefined) this.#follow(this.#field.stored(id), stored);
    };
    const ids = await this.#documents.ids();
    for (let i = 0; i < ids.length; i += READ) await Promise.all(ids.slice(i, i + READ).map(read));
  }

  /** A controller that some hub knows. @throws HubError when there is none of this id. */
  async find(id: string): Promise<Controller> {
    const known = this.#field.controllers.get(id);
    if (known === undefined && this.#line !== undefined) {
      const stored = await this.#documents.get(id);
      if (stored !== undefined) this.#follow(this.#field.stored(id), stored);
    }
    return this.#field.get(id);
  }

  /** The connection to reach a controller by; undefined: it has none here, or a newer one elsewhere. */
  here(controller: Controller): Connection<unknown> | undefined {
    const newest = newestOf(controller);
    return this.#line === undefined || newest?.id === this.#known.get(controller)?.client
      ? newest
      : undefined;
  }

  /** Whether another hub may reach it. */
  isElsewhere(controller: Controller): boolean {
    return this.#known.get(controller)?.client !== undefined && this.here(controller) === undefined;
  }

  /** @returns whether this hub changed it. Never rejects. */
  async setOnline(controller: Controller, online: boolean, now: number): Promise<boolean> {
    controller.online = online;
    controller.since = now;
    if (this.#line !== undefined) {
      return this.#change(controller, (present) =>
        present?.online === online ? present : { ...present, online, since: now },
      );
    }
    await this.#documents.put(controller.id, { online, since: now }).catch((error: unknown) => {
      this.#log.error({ err: error, controller: controller.id }, NOT_STORED);
    });
    return true;
  }

  /** From now on the connection is the newest one, whatever others there are. @returns whether the controller was offline. Never rejects. */
  async claim(controller: Controller, connection: Connection<unknown>, now: number): Promise<boolean> {
    this.unclaimed.set(controller, connection);
    let wasOnline = true;
    const isClaimed = await this.#change(controller, (present) => {
      wasOnline = present?.online === true;
      const since = wasOnline ? (present?.since ?? now) : now;
      return { ...present, online: true, since, client: connection.id, connected: now };
    });
    if (isClaimed && this.unclaimed.get(controller) === connection) this.unclaimed.delete(controller);
    // It may have gone before the others knew.
    if (isClaimed && !connection.isOpen) await this.left(controller, connection);
    return isClaimed && !wasOnline;
  }

  /** A connection has ended; another one that this hub has is the newest then. Never rejects. */
  async left(controller: Controller, connection: Connection<unknown>): Promise<void> {
    if (this.unclaimed.get(controller) === connection) this.unclaimed.delete(controller);
    if (this.#line === undefined) return;
    const done = this.#change(controller, (present) => {
      if (present?.client !== connection.id) return present;
      const { client: _, ...rest } = present;
      const client = newestOf(controller)?.id;
      return { ...rest, ...(client !== undefined && { client }) };
    });
    this.#changes.add(done);
    await done;
    this.#changes.delete(done);
  }

  /** Resolves when the others were told of all connections that have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#changes);
  }

  /** @returns whether this hub changed it; false: there was nothing to change, or the store is away. */
  async #change(
    controller: Controller,
    change: (present: Stored | undefined) => Stored | undefined,
  ): Promise<boolean> {
    let isChanged = false;
    try {
      const stored = await this.#documents.update(controller.id, (present) => {
        const next = change(present);
        isChanged = next !== present;
        return next === undefined || !isChanged ? present : { ...next, version: (present?.version ?? 0) + 1 };
      });
      if (stored === undefined) return false;
      this.#follow(controller, stored);
      const told: Told = { controller: controller.id, ...stored };
      if (isChanged) this.#line?.send(JSON.stringify(told));
      return isChanged;
    } catch (error) {
      this.#log.error({ err: error, controller: controller.id }, NOT_STORED);
      return false;
    }
  }

  #follow(controller: Controller, stored: Stored): void {
    const { online, since, version = 0, client, connected = 0 } = stored;
    if (version < (this.#known.get(controller)?.version ?? 0)) return;
    this.#known.set(controller, stored);
    controller.online = online;
    controller.since = since;
    controller.lastHeard = Math.max(controller.lastHeard, connected);
    const newest = newestOf(controller);
    // Who took the place of the connection that this hub has is gone again.
    if (client === undefined && newest !== undefined) this.unclaimed.set(controller, newest);
  }
}

const NOT_STORED = 'the state of a controller could not be stored';

/** On this hub; undefined: there is none. */
export function newestOf({ connections }: Controller): Connection<unknown> | undefined {
  return [...connections].findLast(({ isOpen }) => isOpen);
}
