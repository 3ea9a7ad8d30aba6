/** From raw readings to values, and whether a value can be true. */
import type { Mark } from './messages.ts';
import type { ClockUnit, Options, Sensor } from './options.ts';

const PLAIN: Sensor = { unit: '', scale: 1, offset: 0, interval: 90 };
/** Two readings are never closer to each other than this, in ms: clocks are coarse. */
const CLOSEST = 1_000;

export function sensorOf({ sensors, controllers }: Options, controller: string, event: string): Sensor {
  const own = controllers[controller]?.sensors;
  if (own !== undefined && Object.hasOwn(own, event)) return own[event] ?? PLAIN;
  return Object.hasOwn(sensors, event) ? (sensors[event] ?? PLAIN) : PLAIN;
}

export function clockOf({ clock, controllers }: Options, controller: string): ClockUnit {
  return (Object.hasOwn(controllers, controller) ? controllers[controller]?.clock : undefined) ?? clock;
}

export function toValue({ scale, offset }: Sensor, record: number): number {
  const value = record * scale + offset;
  // 3 × 0.1 is 0.30000000000000004, which nobody measured.
  return Math.abs(value) < 1e6 ? Math.round(value * 1e9) / 1e9 : value;
}

export interface Believed {
  readonly value: number;
  /** Unix ms. */
  readonly at: number;
  /** On the controller's clock, in ms. */
  readonly time: number;
}

/** @param before the last reading that was possible. @returns undefined: nothing speaks against it. */
export function markOf(sensor: Sensor, now: Believed, before: Believed | undefined): Mark | undefined {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, maxPerMinute } = sensor;
  // Not `value < min`: a record times a scale may be no number at all.
  if (!(now.value >= min && now.value <= max && Number.isFinite(now.value))) return 'range';
  if (maxPerMinute === undefined || before === undefined) return undefined;
  const passed = Math.max(Math.abs(now.at - before.at), Math.abs(now.time - before.time), CLOSEST);
  return Math.abs(now.value - before.value) > (maxPerMinute * passed) / 60_000 ? 'rate' : undefined;
}
