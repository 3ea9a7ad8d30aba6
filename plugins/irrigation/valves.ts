/**
 * Commands, and the valves they open. What must hold even if the hub is killed at any moment: a command is delivered in
 * time or never, and whatever is open is closed. So the store knows until when a valve may be open before the
 * controller is told to open it.
 *
 * Of hubs that share the store, the one with the newest connection of a controller delivers its commands, and one, the keeper, has
 * what was open long enough closed. Both store what they do before they do it, on condition that no other hub did.
 */
import type { Hub, Log } from '../../core/index.ts';
import {
  assertShortEnough,
  type Command,
  makeCommand,
  makeForcedStop,
  orderOf,
  type Request,
} from './commands.ts';
import { Delivery, type DeliveryParts } from './delivery.ts';
import type { Controller, Field } from './field.ts';
import type { Outcome } from './messages.ts';
import { Outcomes } from './outcomes.ts';
import { newestOf } from './standings.ts';
import type { TelemetryEvent } from './telemetry-event.ts';
import {
  begunAnew,
  due,
  foundClosed,
  foundOpen,
  isExpired,
  MAX_OPEN,
  type Stored,
  without,
} from './valve-changes.ts';
import { ValveDocuments } from './valve-documents.ts';

/** How long the hub with the connection waits for the keeper to have a valve closed, before it does so itself, in ms. */
const GRACE = 10_000;

export interface ValveParts extends DeliveryParts {
  readonly hub: Hub;
  readonly field: Field;
}

export class Irrigation {
  readonly #parts: ValveParts;
  readonly #log: Log;
  readonly #documents: ValveDocuments;
  readonly #delivery: Delivery;
  readonly #outcomes = new Outcomes();
  /** One change of the valves of a controller after the other. */
  readonly #turns = new Map<Controller, Promise<unknown>>();
  /** When this hub closed valves without the keeper last, in Unix ms. */
  readonly #rescued = new Map<Controller, number>();

  constructor(parts: ValveParts) {
    this.#parts = parts;
    this.#log = parts.hub.log;
    this.#documents = new ValveDocuments(parts.hub, parts.field, (controller) => this.#follow(controller));
    this.#delivery = new Delivery(parts, this.#documents);
  }

  /** Reads what is stored. */
  look(): Promise<void> {
    return this.#documents.look();
  }

  /**
   * Opens valves for a while. Resolves when that is durable and sent, or waits for the controller.
   * @throws HubError `too_long` or `too_many_commands`.
   */
  async start(controller: Controller, request: Request & { readonly seconds: number }): Promise<Outcome> {
    assertShortEnough(this.#parts.options, request.seconds);
    return this.#give(controller, makeCommand('start_irrigation', this.#parts, request), async () => {});
  }

  /** Closes valves, and takes back starts of them that wait. As `start`. */
  async stop(controller: Controller, request: Request): Promise<Outcome> {
    const zones = new Set(request.zones);
    const isOver = ({ command, zones: theirs }: Command) =>
      command === 'start_irrigation' && theirs.some((zone) => zones.has(zone));
    return this.#give(controller, makeCommand('stop_irrigation', this.#parts, request), async () => {
      const cancelled = await this.#documents.change(controller, (present) => {
        const over = present.waiting.filter(isOver);
        return [over.length === 0 ? undefined : without(present, over), over];
      });
      for (const command of cancelled) this.#delivery.tell(controller, command, 'cancelled');
    });
  }

  /** A controller is there: it gets what waits for it and still holds. */
  connected(controller: Controller): void {
    const { hub } = this.#parts;
    if (!hub.store.isShared && isEmpty(this.#documents.of(controller))) return;
    this.#later(controller, async () => {
      if (hub.store.isShared) await this.#documents.lookAt(controller);
      await this.#documents.change(controller, (present) => [begunAnew(present), undefined]);
      await this.#delivery.deliver(controller);
      await this.#delivery.closeDue(controller);
    });
  }

  /** What a controller says of its valves. */
  heard({ series: { controller, event }, row }: Pick<TelemetryEvent, 'series' | 'row'>): void {
    const { zones } = row.data;
    if (!Array.isArray(zones)) return;
    if (event === 'irrigation_started') this.foundOpen(controller, zones, row.at);
    else if (event === 'irrigation_stopped') {
      this.#later(controller, () =>
        this.#documents.change(controller, (present) => [foundClosed(present, zones, row.at), undefined]),
      );
    }
  }

  /** A controller says that it opened valves. @param at Unix ms. */
  foundOpen(controller: Controller, zones: readonly unknown[], at: number): void {
    const until = at + this.#parts.options.maximumSeconds * 1_000;
    this.#later(controller, () =>
      this.#documents.change(controller, (present) => {
        const next = foundOpen(present, zones, at, until);
        if (next === undefined || next.open.length <= MAX_OPEN) return [next, undefined];
        this.#log.debug({ controller: controller.id }, `more than ${MAX_OPEN} valves are open`);
        return [undefined, undefined];
      }),
    );
  }

  /** An event was shown to dashboards: it may say what became of a command that another hub was given. */
  shown({ series, row }: TelemetryEvent): void {
    if (series.event === 'command') this.#outcomes.heard(row.data);
  }

  /**
   * Drops what is too late, and closes what was open long enough.
   * @param isKeeper whether this hub does so for all controllers.
   */
  async sweep(now: number, isKeeper: boolean): Promise<void> {
    const work: Promise<unknown>[] = [];
    for (const [controller, stored] of this.#documents) {
      const isDue = due(stored, now).length > 0 && this.#delivery.isReachable(controller);
      if (this.#needsRescue(controller, stored, now)) {
        this.#rescued.set(controller, now);
        work.push(this.#inTurn(controller, () => this.#rescue(controller, now)));
      } else if (isKeeper && (isDue || stored.waiting.some((one) => isExpired(one, now)))) {
        work.push(
          this.#inTurn(controller, async () => {
            await this.#delivery.dropExpired(controller);
            await this.#delivery.closeDue(controller);
          }),
        );
      }
    }
    await Promise.all(work);
  }

  /** Another hub changed what is stored. */
  #follow(controller: Controller): void {
    if (this.#documents.of(controller).waiting.length === 0) return;
    if (this.#parts.standings.here(controller) === undefined) return;
    this.#later(controller, () => this.#delivery.deliver(controller));
  }

  /** Gives a command to the controller now, or lets it wait. @param prepare comes before, in the same turn. */
  async #give(controller: Controller, command: Command, prepare: () => Promise<void>): Promise<Outcome> {
    const { id } = command;
    // Before another hub can know of the command.
    const outcome = this.#outcomes.of(id);
    try {
      const { state, isElsewhere } = await this.#inTurn(controller, async () => {
        await prepare();
        const found = await this.#delivery.obey(controller, command);
        const isElsewhere = found === 'waiting' && this.#parts.standings.isElsewhere(controller);
        if (found === 'waiting' && !isElsewhere) this.#delivery.tell(controller, command, found);
        return { state: found, isElsewhere };
      });
      if (!isElsewhere) return { id, state };
      const told = await outcome.state();
      if (told !== undefined) return { id, state: told };
      if (!this.#delivery.isWaiting(controller, command)) return { id, state: 'sent' };
      this.#delivery.tell(controller, command, 'waiting');
      return { id, state: 'waiting' };
    } finally {
      outcome.end();
    }
  }

  /** Whether a valve of a controller of this hub is open for so long that the keeper cannot know of it, or cannot be heard. */
  #needsRescue(controller: Controller, stored: Stored, now: number): boolean {
    if (!this.#parts.hub.store.isShared || newestOf(controller) === undefined) return false;
    if (now - (this.#rescued.get(controller) ?? 0) < GRACE) return false;
    return stored.open.some(({ until, next = 0 }) => Math.max(until, next) + GRACE <= now);
  }

  async #rescue(controller: Controller, now: number): Promise<void> {
    try {
      await this.#documents.lookAt(controller);
      await this.#delivery.deliver(controller);
      await this.#delivery.closeDue(controller);
    } catch (error) {
      // The store is away, and water runs.
      const zones = this.#documents.of(controller).open.filter(({ until }) => until <= now);
      const stop = makeForcedStop(
        this.#parts,
        zones.map(({ zone }) => zone),
      );
      newestOf(controller)?.send(orderOf(stop, controller, this.#parts.boards));
      throw error;
    }
  }

  #inTurn<R>(controller: Controller, work: () => Promise<R>): Promise<R> {
    const done = (this.#turns.get(controller) ?? Promise.resolve()).then(work);
    this.#turns.set(
      controller,
      done.catch(() => {}),
    );
    return done;
  }

  /** As `inTurn`, for what nobody waits for. */
  #later(controller: Controller, work: () => Promise<void>): void {
    this.#inTurn(controller, work).catch((error: unknown) => {
      this.#log.error({ err: error, controller: controller.id }, 'valves could not be looked after');
    });
  }
}

function isEmpty({ waiting, open }: Stored): boolean {
  return waiting.length === 0 && open.length === 0;
}
