/** Controllers that connect and go. */
import type { Connection, Log } from '../../core/index.ts';
import type { Arrivals } from './arrivals.ts';
import type { Clock } from './clock.ts';
import type { Controller } from './field.ts';
import type { OtherHubs } from './other-hubs.ts';
import type { Presence } from './presence.ts';
import type { Repeats } from './repeats.ts';
import type { Standings } from './standings.ts';
import type { Irrigation } from './valves.ts';

export interface ComingsParts {
  readonly clock: Clock;
  readonly standings: Standings;
  /** undefined: no other hub has the store. */
  readonly others: OtherHubs | undefined;
  readonly repeats: Repeats;
  readonly presence: Presence;
  readonly arrivals: Arrivals;
  readonly irrigation: Irrigation;
  readonly log: Log;
}

export class Comings {
  readonly #parts: ComingsParts;

  constructor(parts: ComingsParts) {
    this.#parts = parts;
  }

  connected(controller: Controller, connection: Connection<unknown>): void {
    const { presence, others, arrivals, clock } = this.#parts;
    if (others !== undefined) {
      arrivals.hold(controller, this.#comes(controller, connection, others));
      return;
    }
    presence.heard(controller, clock.now());
    this.#isThere(controller);
  }

  disconnected(controller: Controller, connection: Connection<unknown>): void {
    const { standings, repeats } = this.#parts;
    if (controller.connections.size === 0) repeats.left(controller);
    void standings.left(controller, connection);
  }

  /** Tries again what could not be done while the store was away. */
  async retry(): Promise<void> {
    const { standings, others, irrigation } = this.#parts;
    await others?.retry();
    for (const [controller, connection] of standings.unclaimed) {
      if (!connection.isOpen) standings.unclaimed.delete(controller);
      else {
        await this.#claim(controller, connection);
        irrigation.connected(controller);
      }
    }
  }

  /** What it sends is compared with what it sent to other hubs: it waits until that is known. Never rejects. */
  async #comes(controller: Controller, connection: Connection<unknown>, others: OtherHubs): Promise<void> {
    await this.#claim(controller, connection);
    try {
      await others.lookAt(controller);
    } catch (error) {
      this.#parts.log.error(
        { err: error, controller: controller.id },
        'what other hubs heard of a controller is not known',
      );
    }
    this.#isThere(controller);
  }

  async #claim(controller: Controller, connection: Connection<unknown>): Promise<void> {
    const { standings, presence, clock } = this.#parts;
    presence.came(controller, await standings.claim(controller, connection, clock.now()));
  }

  #isThere(controller: Controller): void {
    const { repeats, irrigation } = this.#parts;
    controller.time.connected();
    repeats.connected(controller);
    irrigation.connected(controller);
  }
}
