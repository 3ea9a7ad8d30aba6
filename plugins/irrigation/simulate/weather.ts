/** Weather of a summer in middle latitudes: warm days, cool nights, a shower now and then. */
import { type Random, randomOf, spread } from './random.ts';

export interface Weather {
  /** °C */
  readonly temperature: number;
  /** Relative humidity of the air, %. */
  readonly humidity: number;
  /** mm an hour */
  readonly rain: number;
  /** 0 at night to 1 at a clear noon. */
  readonly sun: number;
}

const HOUR = 3_600_000;

/** One field has one weather: it is asked in steps, each later than the one before. */
export class Sky {
  readonly #random: Random;
  /** How this day differs from others, °C; and how cloudy it is, 0 to 1. */
  #warmth = 0;
  #clouds = 0.3;
  /** When the shower ends, and how strong it is. */
  #rainUntil = 0;
  #rain = 0;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  /** @param now ms; the day begins at a multiple of 24 h. @param passed ms since it was asked last. */
  at(now: number, passed: number): Weather {
    const hours = passed / HOUR;
    this.#warmth += spread(this.#random) * Math.sqrt(hours) - (this.#warmth * hours) / 48;
    this.#clouds = clamp(this.#clouds + spread(this.#random) * 0.2 * Math.sqrt(hours), 0, 1);
    // A shower every two days or so, when it is cloudy sooner.
    if (now >= this.#rainUntil && this.#random() < (hours / 48) * (0.5 + this.#clouds)) {
      this.#rainUntil = now + (0.5 + this.#random() * 3) * HOUR;
      this.#rain = 1 + this.#random() * 8;
    }
    const rain = now < this.#rainUntil ? this.#rain : 0;
    const dayHour = (now / HOUR) % 24;
    const sun =
      Math.max(0, Math.sin(((dayHour - 6) / 12) * Math.PI)) * (rain > 0 ? 0.1 : 1 - 0.7 * this.#clouds);
    // Warmest at three in the afternoon.
    const temperature = 18 + this.#warmth + 8 * Math.sin(((dayHour - 9) / 12) * Math.PI) - (rain > 0 ? 4 : 0);
    const humidity = clamp(75 - (temperature - 18) * 2.5 + (rain > 0 ? 25 : 0), 15, 100);
    return { temperature, humidity, rain, sun };
  }
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
