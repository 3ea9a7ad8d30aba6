/**
 * Core modules of the other hubs. Each hub tells the others all of its own whenever they change, and when it is asked: what was missed is made up
 * for by that. Modules of a hub that died are gone with their presence.
 */
import { randomUUID } from 'node:crypto';
import { type Hub, HubError, type Line } from '../../core/index.ts';
import type { CoreModule } from './core-modules.ts';
import { CORE_MODULES, type Endpoints } from './endpoints.ts';

/** What an interface wants of a module. */
export interface CoreRequest {
  /** Of the module. */
  readonly id: string;
  readonly table: string;
  /** It shall stop to serve the table. */
  readonly isRemoval: boolean;
}

/** What this hub has. */
interface Here {
  own(): readonly CoreModule[];
  /** @returns whether the module is one of this hub, and so was asked. */
  serve(request: CoreRequest): boolean;
  /** The modules of other hubs are others. */
  changed(): void;
}

/** What hubs tell each other. `from` names the hub that does, `to` the one that is meant. */
type Told =
  | { readonly from: string; readonly modules: readonly CoreModule[] }
  | { readonly whoHasModules: true }
  | { readonly from: string; readonly number: number; readonly request: CoreRequest }
  | { readonly to: string; readonly served: number };

interface Pending {
  readonly request: CoreRequest;
  /** Answers it. */
  readonly done: (isServed: boolean) => void;
}

/** Requests that wait for other hubs at most. */
const MOST_PENDING = 1_000;
/** How long one waits, in ms: longer than it takes to notice that a hub died. */
const PATIENCE_MS = 20_000;

export class Elsewhere {
  readonly #hub: Hub;
  readonly #endpoints: Endpoints;
  readonly #here: Here;
  /** Names this hub. */
  readonly #name = randomUUID();
  /** Undefined: there are no hubs with the same tables. */
  readonly #line: Line | undefined;
  /** By the hub that has them. */
  readonly #modules = new Map<string, readonly CoreModule[]>();
  readonly #pending = new Map<number, Pending>();
  #requests = 0;

  constructor(hub: Hub, endpoints: Endpoints, here: Here) {
    this.#hub = hub;
    this.#endpoints = endpoints;
    this.#here = here;
    if (!hub.store.isShared) return;
    const meet = () => {
      this.#send({ whoHasModules: true });
      this.tell();
      // To ask a module twice does no harm.
      for (const [number, { request }] of this.#pending) this.#send({ from: this.#name, number, request });
    };
    this.#line = hub.line('core-modules', {
      receive: (text) => this.#receive(JSON.parse(text)),
      missed: meet,
    });
    hub.onReady(meet);
    const failed = (error: unknown) => hub.log.error({ err: error }, 'who is present cannot be read');
    hub.presence.onGone(() => void this.#forgetGone().catch(failed));
  }

  get modules(): readonly CoreModule[] {
    return [...this.#modules.values()].flat();
  }

  /** Tells the other hubs which modules this one has. */
  tell(): void {
    this.#send({ from: this.#name, modules: this.#here.own() });
  }

  /** @returns whether another hub has the module, and asked it. @throws HubError `too_many_requests`. */
  async ask(request: CoreRequest): Promise<boolean> {
    if (!this.#has(request.id)) return false;
    if (this.#pending.size >= MOST_PENDING)
      throw new HubError('too_many_requests', 'too many requests wait for core modules of other hubs', 503);
    const number = ++this.#requests;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), PATIENCE_MS).unref();
    this.#pending.set(number, { request, done: resolve });
    this.#send({ from: this.#name, number, request });
    const isServed = await promise;
    clearTimeout(timer);
    this.#pending.delete(number);
    return isServed;
  }

  #has(id: string): boolean {
    return this.modules.some((module) => module.id === id);
  }

  #send(told: Told): void {
    if (this.#line?.isAlone === false) this.#line.send(JSON.stringify(told));
  }

  #receive(told: Told): void {
    if ('whoHasModules' in told) this.tell();
    else if ('modules' in told) this.#set(told.from, told.modules);
    else if ('request' in told) {
      const { from: to, number, request } = told;
      if (this.#here.serve(request)) this.#send({ to, served: number });
    } else if (told.to === this.#name) this.#pending.get(told.served)?.done(true);
  }

  #set(from: string, modules: readonly CoreModule[]): void {
    const before = JSON.stringify(this.#modules.get(from) ?? []);
    if (modules.length === 0) this.#modules.delete(from);
    else this.#modules.set(from, modules);
    if (before === JSON.stringify(modules)) return;
    for (const { request, done } of this.#pending.values()) if (!this.#has(request.id)) done(false);
    this.#here.changed();
  }

  /** One that is thought to be gone too early is told of again. */
  async #forgetGone(): Promise<void> {
    const present = await this.#hub.presence.inChannel(this.#endpoints.module.endpoint, CORE_MODULES);
    const living = new Set(present.map(({ client }) => client));
    for (const [from, modules] of [...this.#modules]) {
      this.#set(
        from,
        modules.filter(({ id }) => living.has(id)),
      );
    }
    this.#send({ whoHasModules: true });
  }
}
