/** A simulated controller: sensors that may be stuck or noisy, two valves, a radio link that fails. */
import { type Random, randomOf, spread } from './random.ts';
import { Soil } from './soil.ts';
import type { Weather } from './weather.ts';

/** Messages it keeps while it is offline: two days of readings. Then the oldest are gone. */
const MEMORY = 12_000;
const ZONES = ['zone1', 'zone2'];
const HOUR = 3_600_000;

export interface BoardSettings {
  readonly id: string;
  readonly seed: number;
  /** Sends a message; false when there is no connection. */
  readonly send: (message: string) => boolean;
  /** Its own clock: ms since it was switched on. */
  readonly uptime: () => number;
  /** Ends the connection. */
  readonly disconnect: () => void;
}

type Fault = 'stuck' | 'noisy' | undefined;

export class SimulatedBoard {
  readonly id: string;
  /** What its valves are open until, on the simulated clock. */
  readonly open = new Map<string, number>();
  readonly #settings: BoardSettings;
  readonly #random: Random;
  readonly #soil: readonly Soil[];
  readonly #fault: Fault;
  #stuckAt: number | undefined;
  #backlog: string[] = [];
  /** Simulated ms until which it has no connection. */
  #offlineUntil = 0;

  constructor(settings: BoardSettings) {
    this.id = settings.id;
    this.#settings = settings;
    this.#random = randomOf(settings.seed);
    this.#soil = ZONES.map(() => new Soil(18 + this.#random() * 16));
    // One of seven has a stuck sensor, another one a noisy one.
    this.#fault = settings.seed % 7 === 3 ? 'stuck' : settings.seed % 7 === 5 ? 'noisy' : undefined;
  }

  /** Whether its radio works at present. @param now simulated ms. */
  mayConnect(now: number): boolean {
    return now >= this.#offlineUntil;
  }

  /** A minute or so passes. @param now simulated ms. @param passed simulated ms. */
  step(now: number, passed: number, weather: Weather): void {
    for (const [i, soil] of this.#soil.entries()) {
      soil.step(weather, this.open.has(ZONES[i] ?? ''), passed / HOUR);
    }
    const over = [...this.open].filter(([, until]) => until <= now).map(([zone]) => zone);
    if (over.length > 0) this.#close(over);
    // A dropout every day or two, of some minutes up to some hours.
    if (now >= this.#offlineUntil && this.#random() < passed / HOUR / 36) {
      this.#offlineUntil = now + (0.1 + this.#random() ** 2 * 4) * HOUR;
      this.#settings.disconnect();
    }
    const moisture = this.#soil.reduce((sum, soil) => sum + soil.moisture, 0) / this.#soil.length;
    this.#reading('temperature', weather.temperature + spread(this.#random) * 0.2);
    this.#reading('humidity', weather.humidity + spread(this.#random) * 0.5);
    this.#reading('soil_moisture', this.#soilSensor(moisture));
    this.#reading('rain', weather.rain);
  }

  /** The connection is back: what was kept goes out in one burst. */
  connected(): void {
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const [i, message] of backlog.entries()) {
      if (this.#settings.send(message)) continue;
      this.#backlog = backlog.slice(i);
      return;
    }
  }

  /** What the hub says. @param now simulated ms. */
  told(message: string, now: number): void {
    const { event, data } = JSON.parse(message);
    if (event === 'start_irrigation') {
      const { zones, seconds }: { zones: string[]; seconds: number } = data;
      for (const zone of zones) this.open.set(zone, now + seconds * 1_000);
      this.#tell('irrigation_started', { zones });
    } else if (event === 'stop_irrigation') this.#close(data.zones);
  }

  #close(zones: readonly string[]): void {
    for (const zone of zones) this.open.delete(zone);
    this.#tell('irrigation_stopped', { zones });
  }

  #soilSensor(moisture: number): number {
    if (this.#fault === 'noisy' && this.#random() < 0.02) return moisture + spread(this.#random) * 60;
    if (this.#fault !== 'stuck') return moisture + spread(this.#random) * 0.2;
    // It gets stuck for a while, some hours after another.
    if (this.#random() < 0.01) this.#stuckAt = this.#stuckAt === undefined ? moisture : undefined;
    return this.#stuckAt ?? moisture;
  }

  /** Raw readings are tenths. */
  #reading(event: string, value: number): void {
    this.#tell(event, { record: Math.round(value * 10) });
  }

  #tell(event: string, data: object): void {
    const message = JSON.stringify({ event, data: { time: this.#settings.uptime(), ...data } });
    if (this.#settings.send(message)) return;
    this.#backlog.push(message);
    if (this.#backlog.length > MEMORY) this.#backlog.splice(0, MEMORY / 10);
  }
}
