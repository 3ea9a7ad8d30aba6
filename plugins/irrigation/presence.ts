/** Who is there: controllers that fell silent or came back, readings that grew stale. */
import type { Controller, Field } from './field.ts';
import { isStale, latestOf } from './field.ts';
import type { Intake } from './intake.ts';

export class Presence {
  readonly #field: Field;
  readonly #intake: Intake;
  /** ms */
  readonly #silence: number;

  /** @param silence ms without a word after which a controller is offline. */
  constructor(field: Field, intake: Intake, silence: number) {
    this.#field = field;
    this.#intake = intake;
    this.#silence = silence;
  }

  /** A controller connected, or sent something. */
  heard(controller: Controller, now: number): void {
    controller.lastHeard = Math.max(controller.lastHeard, now);
    if (controller.online) return;
    void this.#field.setOnline(controller, true, now);
    void this.#intake.record(controller, 'controller_online', {});
  }

  /** Tells of everybody who fell silent, and of every reading that is older than it should be. */
  async sweep(now: number): Promise<void> {
    const told: Promise<void>[] = [];
    for (const controller of this.#field.controllers.values()) {
      const { online, lastHeard, since } = controller;
      if (online && now - Math.max(lastHeard, since) > this.#silence) {
        told.push(this.#field.setOnline(controller, false, now));
        told.push(this.#intake.record(controller, 'controller_offline', { last_heard: lastHeard }));
      }
      for (const series of controller.series.values()) {
        const { latest } = series;
        if (latest === undefined) continue;
        const was = series.isStale;
        series.isStale = isStale(series, latest, now);
        if (was || !series.isStale) continue;
        const { event, at: measured_at, age, record } = latestOf(series, now) ?? {};
        told.push(
          this.#intake.record(controller, 'sensor_stale', { sensor: event, measured_at, age, last: record }),
        );
      }
    }
    await Promise.all(told);
  }
}
