/** When something happened, from the clock of a controller that may have no idea of the time. */
import type { ClockUnit } from './options.ts';

/** A controller with Unix time may be ahead of the hub by so many ms, and the same clock is never further from itself. */
const AHEAD = 60_000;
/** How much of the time that passes a clock may lose: quartz is within 100 parts in a million. */
const DRIFT = 0.0002;
/** A clock beyond that, in ms, shows nothing: numbers there are no longer exact. */
const FARTHEST = 2 ** 51;

/**
 * Places the times of one controller on the hub's clock: never later than they were received, at most `backlog` before.
 *
 * An epoch of its own is learned: what is received soonest after its time shows how far the clocks are apart. A
 * controller that was restarted begins anew: then a connection begins with a time that is before all of the last one.
 */
export class ControllerTime {
  readonly #unit: number;
  readonly #isUnix: boolean;
  readonly #backlog: number;
  /** Hub's time minus controller's, ms; undefined: not known yet. */
  #apart: number | undefined;
  #learnedAt = 0;
  /** Latest time of the controller, and what that was when this connection began. */
  #highest = Number.NEGATIVE_INFINITY;
  #floor = Number.NEGATIVE_INFINITY;
  /** One more whenever the clock was found to be another one. */
  epoch = 0;

  /** @param backlog ms. */
  constructor(unit: ClockUnit, backlog: number) {
    this.#unit = unit === 's' || unit === 'unix-s' ? 1_000 : 1;
    this.#isUnix = unit === 'unix-s' || unit === 'unix-ms';
    this.#backlog = backlog;
  }

  /** The controller's time in ms. */
  ms(time: number): number {
    return time * this.#unit;
  }

  /** A connection begins: the controller may have been restarted. */
  connected(): void {
    this.#floor = this.#highest;
  }

  /** The controller was restarted: its clock is another one from now on. */
  restarted(): void {
    this.#apart = undefined;
  }

  /** What was known before a restart of the hub, or another one knows. @returns whether it is of the present clock. */
  restore(time: number, at: number): boolean {
    const ms = this.ms(time);
    if (!(Math.abs(ms) < FARTHEST)) return false;
    const isAnother = !this.#isUnix && this.#apart !== undefined && Math.abs(at - ms - this.#apart) > AHEAD;
    if (isAnother && at < this.#learnedAt) return false;
    if (isAnother) this.epoch++;
    this.#highest = isAnother ? ms : Math.max(this.#highest, ms);
    if (at < this.#learnedAt) return true;
    this.#apart = at - ms;
    this.#learnedAt = at;
    return true;
  }

  /** @param received Unix ms. @returns Unix ms. */
  place(time: number, received: number): number {
    const ms = this.ms(time);
    if (!(Math.abs(ms) < FARTHEST)) return received;
    if (this.#isUnix) return this.isPossible(time, received) ? Math.min(ms, received) : received;
    const drifted = (this.#apart ?? 0) + (received - this.#learnedAt) * DRIFT;
    const isAnother =
      this.#apart === undefined || ms < this.#floor || received - (ms + drifted) > this.#backlog;
    this.#apart = isAnother ? received - ms : Math.min(drifted, received - ms);
    if (isAnother) {
      this.#floor = Number.NEGATIVE_INFINITY;
      this.epoch++;
    }
    this.#highest = isAnother ? ms : Math.max(this.#highest, ms);
    this.#learnedAt = received;
    return Math.min(Math.round(ms + this.#apart), received);
  }

  /** Whether it can be the time of something that is received then. */
  isPossible(time: number, received: number): boolean {
    const ms = this.ms(time);
    return !this.#isUnix || (ms <= received + AHEAD && ms >= received - this.#backlog);
  }

  /** Whether it counts from an epoch of its own, which begins anew with the controller. */
  get isOwn(): boolean {
    return !this.#isUnix;
  }

  /** @returns what the controller's clock says at a moment of the hub's, in its unit; undefined: not known. */
  onController(at: number): number | undefined {
    if (this.#isUnix) return at / this.#unit;
    return this.#apart === undefined ? undefined : Math.round((at - this.#apart) / this.#unit);
  }
}
