/** Core modules: always on, known to every user interface, and asked to serve a table by one. */
import { type Connection, HubError, type Notify } from '../../core/index.ts';
import { type Endpoints, EVERY_INTERFACE } from './endpoints.ts';
import type { Registration } from './messages.ts';

interface CoreModule {
  readonly connection: Connection;
  readonly registration: Registration;
}

/** How a core module is listed. */
interface Entry {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly moduleType: string | null;
}

export class CoreModules {
  readonly #notify: Notify;
  readonly #endpoints: Endpoints;
  readonly #limit: number;
  readonly #modules = new Map<string, CoreModule>();

  /** @param limit how many there may be. */
  constructor(notify: Notify, endpoints: Endpoints, limit: number) {
    this.#notify = notify;
    this.#endpoints = endpoints;
    this.#limit = limit;
  }

  list(): Entry[] {
    return [...this.#modules].map(([id, { registration }]) => {
      const { name, description = null, moduleType = null } = registration;
      return { id, name, description, moduleType };
    });
  }

  /** The connection of a module. @throws HubError `unknown_module`. */
  get(id: string): Connection {
    const module = this.#modules.get(id);
    if (module !== undefined) return module.connection;
    throw new HubError(
      'unknown_module',
      `id: there is no core module ${JSON.stringify(id.slice(0, 100))}`,
      404,
    );
  }

  /** Lists it, or changes what is listed of it. @throws HubError `too_many_modules`. */
  add(connection: Connection, registration: Registration): void {
    if (!this.#modules.has(connection.id) && this.#modules.size >= this.#limit) {
      throw new HubError(
        'too_many_modules',
        `there are ${this.#limit} core modules already, the most allowed`,
      );
    }
    this.#modules.set(connection.id, { connection, registration });
    this.#announce();
  }

  /** Takes it off the list. Nothing happens when it is not one. */
  remove(connection: Connection): void {
    if (this.#modules.delete(connection.id)) this.#announce();
  }

  #announce(): void {
    this.#notify.channels([EVERY_INTERFACE], this.#endpoints.ui.coreModules(this.list()));
  }
}
