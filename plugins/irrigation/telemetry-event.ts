/** An event on its way: what the controller sent and what the hub knows of it. */
import type { Series } from './field.ts';
import type { Row } from './history.ts';
import { RESERVED_FIELDS, type Telemetry } from './messages.ts';
import { toValue } from './sensors.ts';

type Data = Readonly<Record<string, unknown>>;

export class TelemetryEvent {
  readonly series: Series;
  readonly row: Row;
  /** The row's data, as JSON. */
  readonly dataText: string;
  /** Of a reading. */
  readonly value: number | undefined;

  constructor(series: Series, row: Row, value = valueIn(series, row.data)) {
    this.series = series;
    this.row = row;
    this.dataText = JSON.stringify(row.data);
    this.value = value;
  }

  /** Whether it came too late to be a live one. */
  get isLate(): boolean {
    return this.row.received - this.row.at > this.series.sensor.interval * 1_000;
  }

  /** As others in the process get it. */
  get data(): Telemetry {
    const { received, at, mark, data } = this.row;
    const { controller, sensor } = this.series;
    return {
      ...data,
      controller: controller.id,
      received_at: received,
      at,
      ...(this.isLate && { late: true }),
      ...(mark !== undefined && { mark }),
      ...(this.value !== undefined && { value: this.value, unit: sensor.unit }),
    };
  }

  /** As dashboards get it: `{"event":…,"data":…}`. Written by hand, because it is made for every event and its data is text already. */
  get text(): string {
    const { received, at, mark } = this.row;
    const { head, from, unit } = this.series.texts;
    const given = this.dataText === '{}' ? '' : `${this.dataText.slice(1, -1)},`;
    const late = this.isLate ? ',"late":true' : '';
    const marked = mark === undefined ? '' : `,"mark":"${mark}"`;
    const value = this.value === undefined ? '' : `,"value":${JSON.stringify(this.value)}${unit}`;
    return `${head}${given}${from}${received},"at":${at}${late}${marked}${value}}}`;
  }
}

/** undefined: it is no reading. */
export function valueIn({ sensor }: Series, { record }: Data): number | undefined {
  return typeof record === 'number' ? toValue(sensor, record) : undefined;
}

/** Without what only the hub may say of an event. */
export function withoutReserved(data: Data): Data {
  if (!Object.keys(data).some((name) => RESERVED_FIELDS.has(name))) return data;
  return Object.fromEntries(Object.entries(data).filter(([name]) => !RESERVED_FIELDS.has(name)));
}
