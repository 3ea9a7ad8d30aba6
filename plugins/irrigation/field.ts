/** The field: controllers, what they send, and what is known of each now. */
import { type Connection, HubError, type Log, type PluginStore } from '../../core/index.ts';
import { ControllerTime } from './controller-time.ts';
import type { History, Row } from './history.ts';
import { HUB_EVENTS, type LatestReading } from './messages.ts';
import type { Options, Sensor } from './options.ts';
import { Heard } from './repeats.ts';
import { type Believed, clockOf, sensorOf, toValue } from './sensors.ts';

/** Events of one name of one controller. */
export interface Series {
  readonly controller: Controller;
  readonly event: string;
  /** Of its log. */
  readonly key: string;
  readonly sensor: Sensor;
  /** What is the same in the text of all its events. */
  readonly texts: { readonly head: string; readonly from: string; readonly unit: string };
  /** The reading that happened last; undefined: it has none. */
  latest: (Row & { readonly record: number }) | undefined;
  /** The last possible reading. */
  believed: Believed | undefined;
  /** Whether the latest reading was found to be stale, and that was told. */
  isStale: boolean;
  /** Sequence number of the newest block of rows that is known here. 0: none. */
  through: number;
  readonly heard: Heard;
}

export interface Controller {
  readonly id: string;
  readonly time: ControllerTime;
  readonly series: Map<string, Series>;
  /** Usually one; while a board reconnects, the old one may still be there. The newest is last. */
  readonly connections: Set<Connection<unknown>>;
  online: boolean;
  /** Unix ms of that. */
  since: number;
  /** Unix ms; 0: never. */
  lastHeard: number;
}

/** What tells where and how a controller was last. */
export type Standing = Pick<Controller, 'online' | 'since' | 'lastHeard'>;

/** Names that may stand in ids, channels and topics. */
const CONTROLLER_ID = /^[\w.:@-]{1,64}$/;
const EVENT_NAME = /^[^\s/*\p{C}]{1,64}$/u;

export class Field {
  readonly controllers = new Map<string, Controller>();
  /** Unix ms of the newest event: time never goes back, whatever happens to the machine's clock. */
  newest = 0;
  readonly #options: Options;
  readonly #storedSeries;
  readonly #history: History;
  readonly #log: Log;

  constructor(store: PluginStore, options: Options, history: History, log: Log) {
    this.#options = options;
    this.#storedSeries = store.collection<Record<string, never>>('series');
    this.#history = history;
    this.#log = log;
  }

  /** Reads the latest of each series of the controllers that are known. */
  async load(now: number): Promise<void> {
    for (const key of await this.seriesKeys()) {
      const [id = '', event = ''] = key.split('/');
      const controller = this.controllers.get(id);
      if (controller !== undefined) await this.#restore(this.#addSeries(controller, event), now);
    }
  }

  /** Of all series that rows were ever stored of. */
  seriesKeys(): Promise<string[]> {
    return this.#storedSeries.ids();
  }

  /** What is stored already, whoever did it: nothing is refused, and nothing written. */
  stored(id: string): Controller {
    return this.controllers.get(id) ?? this.#add(id, { online: false, since: 0, lastHeard: 0 });
  }

  /** As `stored`. */
  storedSeries(key: string): Series {
    const [id = '', event = ''] = key.split('/');
    const controller = this.stored(id);
    return controller.series.get(event) ?? this.#addSeries(controller, event);
  }

  /** @throws HubError when there is no such controller. */
  get(id: string): Controller {
    const controller = this.controllers.get(id);
    if (controller !== undefined) return controller;
    throw new HubError('unknown_controller', `no controller "${id.slice(0, 64)}" has ever connected`, 404);
  }

  /** A controller that may be new. @throws HubError when its id is none, or there are too many. */
  open(id: unknown, now: number): Controller {
    if (typeof id !== 'string' || !CONTROLLER_ID.test(id)) {
      throw new HubError(
        'forbidden',
        'the token speaks for no controller: its claim "controller" must be an id',
      );
    }
    const known = this.controllers.get(id);
    if (known !== undefined) return known;
    if (this.controllers.size >= this.#options.knownControllers) {
      throw new HubError('forbidden', `${this.controllers.size} controllers are known, which is the limit`);
    }
    return this.#add(id, { online: false, since: now, lastHeard: 0 });
  }

  /** @throws HubError when the name is none, or the controller has too many. */
  series(controller: Controller, event: string): Series {
    const known = controller.series.get(event);
    if (known !== undefined) return known;
    if (!EVENT_NAME.test(event)) {
      const message = 'the name of an event must be 1 to 64 characters without spaces, "/" and "*"';
      throw new HubError('invalid_event', message);
    }
    const isOwn = (name: string) => !HUB_EVENTS.has(name);
    // What the hub has to tell of a controller is told, however many names that uses.
    if (
      isOwn(event) &&
      [...controller.series.keys()].filter(isOwn).length >= this.#options.eventsPerController
    ) {
      const message = `a controller may use ${this.#options.eventsPerController} names of events; "${event}" would be one more`;
      throw new HubError('too_many_events', message);
    }
    const series = this.#addSeries(controller, event);
    // Before the first row: the store keeps the order of writes, so no row is there without its series.
    this.#storedSeries.put(series.key, {}).catch((error: unknown) => {
      this.#log.error({ err: error, series: series.key }, 'a new series could not be stored');
    });
    return series;
  }

  /** Reckons with rows that another hub stored, or this one before it was started. */
  learn(series: Series, row: Row): void {
    const { controller, sensor, event } = series;
    this.newest = Math.max(this.newest, row.received);
    if (event === 'sensor_stale') markStale(controller, row);
    if (HUB_EVENTS.has(event)) return;
    controller.lastHeard = Math.max(controller.lastHeard, row.received);
    const { time, record } = row.data;
    if (typeof time === 'number' && controller.time.restore(time, row.at)) {
      series.heard.add(time, controller.time.epoch);
    }
    if (typeof record !== 'number') return;
    setLatest(series, row);
    if (row.mark !== undefined || typeof time !== 'number') return;
    series.believed = { value: toValue(sensor, record), at: row.at, time: controller.time.ms(time) };
  }

  #add(id: string, standing: Standing): Controller {
    const time = new ControllerTime(clockOf(this.#options, id), this.#options.backlogSeconds * 1_000);
    const controller: Controller = { id, time, series: new Map(), connections: new Set(), ...standing };
    this.controllers.set(id, controller);
    return controller;
  }

  #addSeries(controller: Controller, event: string): Series {
    const sensor = sensorOf(this.#options, controller.id, event);
    const series: Series = {
      controller,
      event,
      key: `${controller.id}/${event}`,
      sensor,
      texts: {
        head: `{"event":${JSON.stringify(event)},"data":{`,
        from: `"controller":"${controller.id}","received_at":`,
        unit: `,"unit":${JSON.stringify(sensor.unit)}`,
      },
      latest: undefined,
      believed: undefined,
      isStale: false,
      through: 0,
      heard: new Heard(),
    };
    controller.series.set(event, series);
    return series;
  }

  async #restore(series: Series, now: number): Promise<void> {
    const block = await this.#history.last(series.key);
    if (block === undefined) return;
    series.through = block.sequence;
    for (const row of block.rows) this.learn(series, row);
    // What became stale while the hub was away is told by its age.
    series.isStale = series.latest !== undefined && isStale(series, series.latest, now);
  }
}

/** What is no reading changes nothing, and a late one is none to replace a newer one. */
export function setLatest(series: Series, { received, at, mark, data }: Row): void {
  const { record } = data;
  if (typeof record !== 'number') return;
  if (series.latest !== undefined && at < series.latest.at) return;
  series.latest = { received, at, mark, data, record };
}

export function isStale({ sensor }: Series, { at }: Row, now: number): boolean {
  return now - at > sensor.interval * 1_000;
}

/** What another hub said of a reading need not be said again. */
function markStale({ series }: Controller, { data }: Row): void {
  const stale = typeof data.sensor === 'string' ? series.get(data.sensor) : undefined;
  if (stale?.latest !== undefined && stale.latest.at === data.measured_at) stale.isStale = true;
}

/** As dashboards, walkers and REST get it; undefined: it has no reading. */
export function latestOf(series: Series, now: number): LatestReading | undefined {
  const { latest, sensor, controller, event } = series;
  if (latest === undefined) return undefined;
  return {
    controller: controller.id,
    event,
    received_at: latest.received,
    at: latest.at,
    age: Math.max(0, now - latest.at),
    stale: isStale(series, latest, now),
    ...(latest.mark !== undefined && { mark: latest.mark }),
    record: latest.record,
    value: toValue(sensor, latest.record),
    unit: sensor.unit,
  };
}
