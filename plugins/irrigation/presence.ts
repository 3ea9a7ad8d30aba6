/** Who is there: controllers that fell silent or came back, readings that grew stale. */
import type { Controller, Field, Series } from './field.ts';
import { isStale, latestOf } from './field.ts';
import type { Intake } from './intake.ts';
import type { OtherHubs } from './other-hubs.ts';
import type { Standings } from './standings.ts';

export interface PresenceParts {
  readonly field: Field;
  readonly intake: Intake;
  readonly standings: Standings;
  /** undefined: no other hub has the store. */
  readonly others: OtherHubs | undefined;
  /** ms without a word after which a controller is offline. */
  readonly silence: number;
}

export class Presence {
  readonly #parts: PresenceParts;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** A controller connected, or sent something. @returns undefined: all know that it is online; else, when that is so. */
  heard(controller: Controller, now: number): Promise<void> | undefined {
    controller.lastHeard = Math.max(controller.lastHeard, now);
    if (controller.online) return undefined;
    const { intake, standings, others } = this.#parts;
    const set = standings.setOnline(controller, true, now);
    if (others !== undefined) return set.then((isNew) => this.came(controller, isNew));
    void intake.record(controller, 'controller_online', {});
    return undefined;
  }

  /** @param isNew whether it was offline before, and no other hub tells of it. */
  came(controller: Controller, isNew: boolean): void {
    if (isNew) void this.#parts.intake.record(controller, 'controller_online', {});
  }

  /**
   * Tells of everybody who fell silent, and of every reading that is older than it should be.
   * @param isKeeper whether this hub is the one that tells.
   */
  async sweep(now: number, isKeeper: boolean): Promise<void> {
    const told: Promise<void>[] = [];
    for (const controller of this.#parts.field.controllers.values()) {
      if (isKeeper && this.#isSilent(controller, now)) told.push(this.#wentOffline(controller, now));
      for (const series of controller.series.values()) {
        const { latest } = series;
        if (latest === undefined) continue;
        const isOld = isStale(series, latest, now);
        if (!isOld) series.isStale = false;
        if (!isOld || series.isStale || !isKeeper) continue;
        series.isStale = true;
        told.push(this.#wentStale(series, now));
      }
    }
    await Promise.all(told);
  }

  #isSilent({ online, lastHeard, since }: Controller, now: number): boolean {
    return online && now - Math.max(lastHeard, since) > this.#parts.silence;
  }

  async #wentOffline(controller: Controller, now: number): Promise<void> {
    const { intake, standings, others } = this.#parts;
    const tell = () => intake.record(controller, 'controller_offline', { last_heard: controller.lastHeard });
    if (others === undefined) {
      await Promise.all([standings.setOnline(controller, false, now), tell()]);
      return;
    }
    // Another hub may have heard of it, and this one not of that.
    await others.lookAt(controller);
    if (this.#isSilent(controller, now) && (await standings.setOnline(controller, false, now))) await tell();
  }

  async #wentStale(series: Series, now: number): Promise<void> {
    const { intake, others } = this.#parts;
    const { controller } = series;
    try {
      await others?.lookAt(controller);
    } catch (error) {
      series.isStale = false;
      throw error;
    }
    if (series.latest === undefined || !isStale(series, series.latest, now)) {
      series.isStale = false;
      return;
    }
    const { event, at: measured_at, age, record } = latestOf(series, now) ?? {};
    await intake.record(controller, 'sensor_stale', { sensor: event, measured_at, age, last: record });
  }
}
