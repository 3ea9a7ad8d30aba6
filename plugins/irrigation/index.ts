/**
 * Irrigation: micro-controllers in a field report, dashboards watch and command, and everything is kept. README.md says how to
 * use it.
 */
import { definePlugin } from '../../core/index.ts';
import { openBoards } from './boards.ts';
import { type Clock, systemClock } from './clock.ts';
import { openDashboards } from './dashboards.ts';
import { Field } from './field.ts';
import { History } from './history.ts';
import { Intake } from './intake.ts';
import { Options } from './options.ts';
import { Presence } from './presence.ts';
import { Queries } from './queries.ts';
import { serveRest } from './rest.ts';
import { Retention } from './retention.ts';
import { Rollups } from './rollups.ts';
import { addReplay } from './rules/command.ts';
import { grantIrrigation } from './rules/grant.ts';
import { addSimulation } from './simulate/command.ts';
import { topicsOf } from './topics.ts';
import { Irrigation } from './valves.ts';

/** How often is looked for what is due, ms. */
const SWEEP = 1_000;
const ROLLUP = 10_000;
const TRIM = 3_600_000;

/** The plugin, on a clock: tests have their own. */
export function irrigationOn(clock: Clock) {
  return definePlugin({
    name: 'irrigation',
    api: '^1.0.0',
    after: ['topics', 'walkers'],
    options: Options,
    async setup(hub, options) {
      const { store, log } = hub;
      const history = new History(store);
      const rollups = new Rollups(store, history, log);
      const queries = new Queries(history, rollups);
      const field = new Field(store, options, history, log);
      const boards = openBoards(hub, options, { field, clock });
      const dashboards = openDashboards(hub, options, { field, clock });
      const tellTopics = topicsOf(hub, options);
      const intake = new Intake({
        ...{ options, clock, field, history, rollups, log },
        pass(event) {
          dashboards.publish(event);
          tellTopics?.(event);
          irrigation.heard(event);
        },
        lost: ({ series }, from) => boards.notStored(from, series.event),
      });
      const irrigation = new Irrigation({ options, clock, field, intake, boards, store, log });
      const presence = new Presence(field, intake, options.offlineSeconds * 1_000);
      const retention = new Retention(field, history, rollups, options);

      boards.serve({
        connected(controller) {
          presence.heard(controller, clock.now());
          irrigation.connected(controller);
        },
        received(controller, event, data, from) {
          presence.heard(controller, clock.now());
          intake.accept(controller, event, data, from);
        },
      });
      dashboards.serve(irrigation);
      serveRest(hub, options, { field, clock, queries });
      grantIrrigation(hub, {
        ...{ options, field, queries, now: clock.now },
        start: (controller, request) => irrigation.start(controller, request),
        stop: (controller, request) => irrigation.stop(controller, request),
      });
      addReplay(hub, clock, { options, field, history, queries });
      addSimulation(hub, options.controllersPath);

      // Not in set-up: a command beside a hub that runs must leave to that what it has not written yet.
      hub.onReady(async () => {
        await field.load(clock.now());
        await irrigation.load();
        for (const { series } of field.controllers.values()) {
          for (const { key } of series.values()) await rollups.recover(key);
        }
      });
      clock.every(hub, 'sweep', SWEEP, async () => {
        await presence.sweep(clock.now());
        await irrigation.sweep(clock.now());
      });
      clock.every(hub, 'rollups', ROLLUP, () => rollups.flush());
      clock.every(hub, 'retention', TRIM, () => retention.trim(clock.now()));
      hub.onClose(async () => {
        await intake.flush();
        await rollups.flush();
      });
    },
  });
}

export default irrigationOn(systemClock);
