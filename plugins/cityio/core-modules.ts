/**
 * Core modules: always on, known to every user interface of every hub, and asked to serve a table by one. Each hub knows its own and what the others
 * told it of theirs. A request goes to the hub of the module, which says whether it has it.
 */
import { type Connection, type Hub, HubError } from '../../core/index.ts';
import { type CoreRequest, Elsewhere } from './core-modules-elsewhere.ts';
import { CORE_MODULES, type Endpoints, EVERY_INTERFACE } from './endpoints.ts';
import type { Registration } from './messages.ts';

/** A core module as the hubs tell each other of it. */
export interface CoreModule {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly moduleType: string | null;
  /** When it registered, in ms of Unix time: they are listed in this order. */
  readonly since: number;
}

interface Own {
  readonly connection: Connection;
  readonly module: CoreModule;
}

export class CoreModules {
  readonly #hub: Hub;
  readonly #endpoints: Endpoints;
  readonly #limit: number;
  readonly #own = new Map<string, Own>();
  readonly #elsewhere: Elsewhere;
  #last = 0;

  /** @param limit how many there may be. */
  constructor(hub: Hub, endpoints: Endpoints, limit: number) {
    this.#hub = hub;
    this.#endpoints = endpoints;
    this.#limit = limit;
    this.#elsewhere = new Elsewhere(hub, endpoints, {
      own: () => [...this.#own.values()].map(({ module }) => module),
      serve: (request) => this.#serve(request),
      changed: () => this.#announce(),
    });
  }

  /** How they are listed. */
  list(): Omit<CoreModule, 'since'>[] {
    const own = [...this.#own.values()].map(({ module }) => module);
    const all = [...own, ...this.#elsewhere.modules].sort((a, b) => a.since - b.since);
    return all.map(({ since, ...listed }) => listed);
  }

  /**
   * Asks a module, on whichever hub, to serve a table or to stop.
   * @returns when it was asked.
   * @throws HubError `unknown_module`; `too_many_requests` when too many wait for other hubs.
   */
  async ask(request: CoreRequest): Promise<void> {
    const { id } = request;
    if (this.#serve(request) || (await this.#elsewhere.ask(request))) return;
    throw new HubError(
      'unknown_module',
      `id: there is no core module ${JSON.stringify(id.slice(0, 100))}`,
      404,
    );
  }

  /** Lists it, or changes what is listed of it. @throws HubError `too_many_modules`. */
  async add(connection: Connection<{ isCore: boolean }>, registration: Registration): Promise<void> {
    const present = this.#own.get(connection.id);
    if (present === undefined) {
      if (this.#own.size + this.#elsewhere.modules.length >= this.#limit) {
        throw new HubError(
          'too_many_modules',
          `there are ${this.#limit} core modules already, the most allowed`,
        );
      }
      connection.data.isCore = true;
      await this.#hub.channels.join(connection, CORE_MODULES);
      if (!connection.isOpen) return;
    }
    const { name, description = null, moduleType = null } = registration;
    const since = present?.module.since ?? Math.max(Date.now(), this.#last + 1);
    this.#last = since;
    const module = { id: connection.id, name, description, moduleType, since };
    this.#own.set(connection.id, { connection, module });
    this.#changed();
  }

  /** Takes it off the list. Nothing happens when it is not one. */
  remove(connection: Connection): void {
    if (this.#own.delete(connection.id)) this.#changed();
  }

  #changed(): void {
    this.#elsewhere.tell();
    this.#announce();
  }

  /** @returns whether it is a module of this hub. */
  #serve({ id, table, isRemoval }: CoreRequest): boolean {
    const own = this.#own.get(id);
    const { request, removal } = this.#endpoints.module;
    own?.connection.send((isRemoval ? removal : request)({ table }));
    return own !== undefined;
  }

  /** Other hubs learn of it by themselves. */
  #announce(): void {
    const message = this.#endpoints.ui.coreModules(this.list());
    this.#hub.notify.channels([EVERY_INTERFACE], message, { local: true });
  }
}
