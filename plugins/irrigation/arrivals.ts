/** Takes what controllers send to the intake, each in its order: what must be known first is waited for. */
import { type Connection, HubError, type Log } from '../../core/index.ts';
import type { Boards } from './boards.ts';
import type { Clock } from './clock.ts';
import type { Controller } from './field.ts';
import type { Intake } from './intake.ts';
import type { Options } from './options.ts';
import type { Presence } from './presence.ts';
import type { Repeats } from './repeats.ts';
import type { TelemetryEvent } from './telemetry-event.ts';
import type { Irrigation } from './valves.ts';

type Data = TelemetryEvent['row']['data'];

interface Arrived {
  readonly event: string;
  readonly data: Data;
  readonly from: Connection<unknown>;
}

export interface ArrivalsParts {
  readonly options: Options;
  readonly clock: Clock;
  readonly presence: Presence;
  readonly intake: Intake;
  readonly repeats: Repeats;
  readonly irrigation: Irrigation;
  readonly boards: Boards;
  readonly log: Log;
}

interface Held {
  /** In the order in which they came. */
  readonly waiting: Arrived[];
  /** What has to end before they are taken. */
  works: number;
}

export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #held = new Map<Controller, Held>();
  /** Events of all controllers that wait. */
  #count = 0;

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /**
   * An event of a controller. Returns at once.
   * @throws HubError when it is refused.
   */
  take(controller: Controller, event: string, data: Data, from: Connection<unknown>): void {
    const held = this.#held.get(controller);
    if (held === undefined) this.#take(controller, event, data, from);
    else this.#wait(held, { event, data, from });
  }

  /** What the controller sends waits until the work has ended. @param work must not reject. */
  hold(controller: Controller, work: Promise<unknown>): Held {
    const held = this.#held.get(controller) ?? { waiting: [], works: 0 };
    this.#held.set(controller, held);
    held.works++;
    void work.then(() => {
      held.works--;
      if (held.works === 0) this.#release(controller, held);
    });
    return held;
  }

  #take(controller: Controller, event: string, data: Data, from: Connection<unknown>): void {
    const { presence, intake, repeats, clock } = this.#parts;
    const now = clock.now();
    const coming = presence.heard(controller, now);
    if (coming !== undefined) {
      this.#wait(this.hold(controller, coming), { event, data, from });
      return;
    }
    const series = controller.series.get(event);
    const isRepeat = series !== undefined && repeats.isRepeat(series, data, now);
    if (isRepeat === false) intake.accept(controller, event, data, now, from);
    else if (isRepeat === true) this.#repeated(controller, event, data);
    else if (series !== undefined) {
      // With all that is on its way into the log.
      const read = intake.flush().then(() => repeats.read(series));
      this.#wait(this.hold(controller, read), { event, data, from });
    }
  }

  #wait({ waiting }: Held, arrived: Arrived): void {
    const { queue } = this.#parts.options;
    if (this.#count >= queue) {
      throw new HubError('overloaded', `${this.#count} events wait to be taken; send this one again later`);
    }
    this.#count++;
    waiting.push(arrived);
  }

  #release(controller: Controller, { waiting }: Held): void {
    this.#held.delete(controller);
    this.#count -= waiting.length;
    for (const { event, data, from } of waiting) {
      try {
        this.take(controller, event, data, from);
      } catch (error) {
        this.#refused(from, event, error);
      }
    }
  }

  /** It is stored already. */
  #repeated(controller: Controller, event: string, { zones }: Data): void {
    const { irrigation, clock } = this.#parts;
    // By chance it may be another one: a valve that is closed in vain does no harm.
    if (event === 'irrigation_started' && Array.isArray(zones)) {
      irrigation.foundOpen(controller, zones, clock.now());
    }
  }

  /** Tells the controller, as if it had not had to wait. */
  #refused(from: Connection<unknown>, event: string, error: unknown): void {
    const { boards, log } = this.#parts;
    if (error instanceof HubError) boards.refused(from, event, error);
    else log.error({ err: error }, 'an event of a controller could not be taken');
  }
}
