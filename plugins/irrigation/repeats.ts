/**
 * What a controller tells again: one that cannot know what arrived sends its backlog once more after it has connected anew, to
 * whichever hub. Such an event is recognised by its time and its data, and is not stored twice.
 *
 * A clock with an epoch of its own may also have begun anew, and an event may then be the same by chance: live events come as
 * fast as their times go by, a backlog comes faster.
 */
import type { Log } from '../../core/index.ts';
import type { Controller, Series } from './field.ts';
import type { History, Row } from './history.ts';
import { withoutReserved } from './telemetry-event.ts';

/** Rows of a series, the newest, that are looked through for what is told again. */
const MOST_ROWS = 5_000;
/** Rows of all series that are kept for that; those read first go for more. */
const MOST_KEPT = 500_000;
/** A backlog comes at least so many times as fast as it was made, after a beginning of so many ms. */
const PACE = 2;
const BEGINNING = 10_000;

type Data = Readonly<Record<string, unknown>>;

/** The times of a series, on the controller's clock. */
export class Heard {
  #highest = Number.NEGATIVE_INFINITY;
  #epoch = -1;
  /** The highest when the present connection began: only up to it something can be told again. */
  #floor = Number.NEGATIVE_INFINITY;
  #floorEpoch = -1;

  /** @param epoch see `ControllerTime`. */
  add(time: number, epoch: number): void {
    if (epoch === this.#epoch && time <= this.#highest) return;
    this.#highest = time;
    this.#epoch = epoch;
  }

  connected(): void {
    this.#floor = this.#highest;
    this.#floorEpoch = this.#epoch;
  }

  mayHaveBeen(time: number, epoch: number): boolean {
    return time <= this.#floor && epoch === this.#floorEpoch;
  }
}

export class Repeats {
  readonly #history: History;
  readonly #log: Log;
  /** Times and data that were stored before, in the order in which they were read. */
  readonly #known = new Map<Series, ReadonlySet<string>>();
  #count = 0;
  /** Where and when the controller began to tell things again, in ms of its clock and of the hub's. */
  readonly #begun = new Map<Controller, { readonly time: number; readonly received: number }>();

  constructor(history: History, log: Log) {
    this.#history = history;
    this.#log = log;
  }

  /** A connection begins: what is told next may have been told before. */
  connected(controller: Controller): void {
    for (const series of controller.series.values()) {
      series.heard.connected();
      this.#forget(series);
    }
    this.#begun.delete(controller);
  }

  /** The last connection has ended. */
  left(controller: Controller): void {
    for (const series of controller.series.values()) this.#forget(series);
    this.#begun.delete(controller);
  }

  /** @returns undefined: `read` the series first. */
  isRepeat(series: Series, data: Data, received: number): boolean | undefined {
    const { time } = data;
    const { controller } = series;
    if (typeof time !== 'number' || !series.heard.mayHaveBeen(time, controller.time.epoch)) return false;
    if (!controller.time.isPossible(time, received)) return false;
    const known = this.#known.get(series);
    if (known === undefined) return undefined;
    // What is refused is not told again.
    if (data.controller !== undefined && data.controller !== controller.id) return false;
    if (known.size === 0) return false;
    if (!known.has(JSON.stringify(withoutReserved(data)))) return false;
    if (!controller.time.isOwn) return true;
    const ms = controller.time.ms(time);
    const begun = this.#begun.get(controller) ?? { time: ms, received };
    this.#begun.set(controller, begun);
    if (ms - begun.time >= PACE * (received - begun.received) - BEGINNING) return true;
    controller.time.restarted();
    return false;
  }

  /** Reads what was stored of a series. Never rejects: what is not known is stored, perhaps again. */
  async read(series: Series): Promise<void> {
    let known: ReadonlySet<string> = new Set();
    try {
      const rows = await this.#history.newest(series.key, MOST_ROWS);
      known = told(rows);
    } catch (error) {
      this.#log.error({ err: error, series: series.key }, 'what a controller may tell again is not known');
    }
    this.#forget(series);
    this.#known.set(series, known);
    this.#count += known.size;
    for (const oldest of this.#known.keys()) {
      if (this.#count <= MOST_KEPT || oldest === series) break;
      this.#forget(oldest);
    }
  }

  #forget(series: Series): void {
    this.#count -= this.#known.get(series)?.size ?? 0;
    this.#known.delete(series);
  }
}

/** As JSON, without those whose time says nothing because others have the same: the clock may not be set, or stand still. */
function told(rows: readonly Row[]): ReadonlySet<string> {
  const texts = new Map<unknown, string | undefined>();
  for (const { data } of rows) {
    texts.set(data.time, texts.has(data.time) ? undefined : JSON.stringify(data));
  }
  return new Set([...texts.values()].filter((text) => text !== undefined));
}
