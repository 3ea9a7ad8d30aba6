/** Takes events in: places them in time, looks whether they can be true, stores them, and only then passes them on. */
import { type Connection, HubError, type Log } from '../../core/index.ts';
import type { Clock } from './clock.ts';
import type { Controller, Field, Series } from './field.ts';
import type { History, Row } from './history.ts';
import { HUB_EVENTS } from './messages.ts';
import type { Options } from './options.ts';
import type { Block, OtherHubs } from './other-hubs.ts';
import type { Rollups } from './rollups.ts';
import { markOf } from './sensors.ts';
import { TelemetryEvent, valueIn, withoutReserved } from './telemetry-event.ts';

/** Rows of one entry of the log. */
const BLOCK_ROWS = 500;
/** Events of a turn of the event loop that are written before it ends, so that its transaction stays small. */
const TURN_EVENTS = 2_000;

type Data = Readonly<Record<string, unknown>>;

interface Pending {
  readonly event: TelemetryEvent;
  /** Undefined: the hub's own. */
  readonly from: Connection<unknown> | undefined;
}

export interface IntakeParts {
  readonly options: Options;
  readonly clock: Clock;
  readonly field: Field;
  readonly history: History;
  readonly rollups: Rollups;
  readonly log: Log;
  /** undefined: no other hub has the store. */
  readonly others: OtherHubs | undefined;
  /** To dashboards, in order, once it is durable. Those of other hubs come there another way. */
  readonly show: (event: TelemetryEvent) => void;
  /** To whoever acts on events of this hub, in order, once it is durable. */
  readonly tell: (event: TelemetryEvent) => void;
  /** Told of every event that could not be stored. */
  readonly lost: (event: TelemetryEvent, from: Connection<unknown>) => void;
}

export class Intake {
  readonly #parts: IntakeParts;
  #pending: Pending[] = [];
  /** Events accepted and not yet durable. */
  #waiting = 0;
  /** Ends when the events before were passed on. */
  #passed: Promise<void> = Promise.resolve();
  #isStoring = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * An event of a controller. Returns at once.
   * @param arrived Unix ms.
   * @throws HubError when it is refused.
   */
  accept(controller: Controller, name: string, data: Data, arrived: number, from: Connection<unknown>): void {
    const { options } = this.#parts;
    if (HUB_EVENTS.has(name)) {
      throw new HubError('reserved_event', `"${name}" is an event of the hub, not of a controller`);
    }
    if (data.controller !== undefined && data.controller !== controller.id) {
      throw new HubError('forbidden', `a controller speaks for itself: this one is "${controller.id}"`);
    }
    if (this.#waiting >= options.queue) {
      throw new HubError(
        'overloaded',
        `${this.#waiting} events wait to be stored; send this one again later`,
      );
    }
    const received = this.#notBefore(arrived);
    controller.lastHeard = received;
    this.#add(controller, name, withoutReserved(data), received, from);
  }

  /** An event of the hub about a controller. Resolves when it was passed on. */
  record(controller: Controller, name: string, data: Data): Promise<void> {
    this.#add(controller, name, data, this.#notBefore(this.#parts.clock.now()), undefined);
    return this.flush();
  }

  /** Stores and passes on what was accepted. */
  flush(): Promise<void> {
    const batch = this.#pending;
    if (batch.length === 0) return this.#passed;
    this.#pending = [];
    this.#isStoring = true;
    const passed = this.#store(batch, this.#passed).then(() => {
      if (this.#passed !== passed) return;
      this.#isStoring = false;
      if (this.#pending.length > 0) setImmediate(() => void this.flush());
    });
    this.#passed = passed;
    return passed;
  }

  /** The time, or that of the newest event there is: time never goes back. In Unix ms. */
  #notBefore(now: number): number {
    const { field } = this.#parts;
    field.newest = Math.max(field.newest, now);
    return field.newest;
  }

  #add(
    controller: Controller,
    name: string,
    data: Data,
    received: number,
    from: Connection<unknown> | undefined,
  ): void {
    const series = this.#parts.field.series(controller, name);
    const { time } = data;
    const at =
      typeof time === 'number' && from !== undefined ? controller.time.place(time, received) : received;
    if (typeof time === 'number') series.heard.add(time, controller.time.epoch);
    const value = valueIn(series, data);
    const mark = value === undefined ? undefined : believe(series, value, at, time);
    const event = new TelemetryEvent(series, { received, at, mark, data }, value);
    this.#waiting++;
    if (this.#pending.push({ event, from }) >= TURN_EVENTS) void this.flush();
    // While a batch is being stored the next one grows: the busier the hub, the less each event costs.
    else if (this.#pending.length === 1 && !this.#isStoring) setImmediate(() => void this.flush());
  }

  /** Never rejects. */
  async #store(batch: readonly Pending[], before: Promise<void>): Promise<void> {
    const { history, rollups, log, lost, others } = this.#parts;
    const failed = new Set<TelemetryEvent>();
    const blocks = blocksOf(batch);
    const writes = blocks.map(async (block) => {
      const { series, events } = block;
      const rows = events.map(({ row }) => row);
      try {
        const texts = events.map(({ dataText }) => dataText);
        block.sequence = await history.append(series.key, rows, texts);
        rollups.add(series.key, block.sequence, rows);
      } catch (error) {
        log.error({ err: error, series: series.key }, `${rows.length} events could not be stored`);
        for (const event of events) failed.add(event);
      }
    });
    await Promise.all([...writes, before]);
    others?.took(
      blocks,
      batch.map(({ event }) => event),
    );
    for (const { event, from } of batch) {
      if (failed.has(event)) {
        if (from !== undefined) lost(event, from);
      } else this.#pass(event);
    }
    this.#waiting -= batch.length;
  }

  #pass(event: TelemetryEvent): void {
    const { log, others, show, tell } = this.#parts;
    try {
      if (others === undefined) show(event);
      tell(event);
    } catch (error) {
      log.error({ err: error, series: event.series.key }, 'an event could not be passed on');
    }
  }
}

/** Whether a reading can be true; if so, the next ones are compared with it. */
function believe(series: Series, value: number, at: number, time: unknown): Row['mark'] {
  const ms = typeof time === 'number' ? series.controller.time.ms(time) : at;
  const now = { value, at, time: ms };
  const mark = markOf(series.sensor, now, series.believed);
  if (mark === undefined) series.believed = now;
  return mark;
}

/** Events of a series together, in order. */
function blocksOf(batch: readonly Pending[]): Block[] {
  const blocks: Block[] = [];
  const last = new Map<Series, TelemetryEvent[]>();
  for (const { event } of batch) {
    const open = last.get(event.series);
    if (open !== undefined && open.length < BLOCK_ROWS) {
      open.push(event);
      continue;
    }
    const events = [event];
    last.set(event.series, events);
    blocks.push({ series: event.series, events, sequence: undefined });
  }
  return blocks;
}
