/**
 * Irrigation: micro-controllers in a field report, dashboards watch and command, and everything is kept. README.md says how to
 * use it.
 */
import { definePlugin } from '../../core/index.ts';
import { Arrivals } from './arrivals.ts';
import { openBoards } from './boards.ts';
import { type Clock, systemClock } from './clock.ts';
import { Comings } from './comings.ts';
import { openDashboards } from './dashboards.ts';
import { Field, setLatest } from './field.ts';
import { History } from './history.ts';
import { Intake } from './intake.ts';
import { keeperOf } from './keeper.ts';
import { Options } from './options.ts';
import { OtherHubs } from './other-hubs.ts';
import { Presence } from './presence.ts';
import { Queries } from './queries.ts';
import { Repeats } from './repeats.ts';
import { serveRest } from './rest.ts';
import { Retention } from './retention.ts';
import { Rollups } from './rollups.ts';
import { addReplay } from './rules/command.ts';
import { grantIrrigation } from './rules/grant.ts';
import { addSimulation } from './simulate/command.ts';
import { Standings } from './standings.ts';
import type { TelemetryEvent } from './telemetry-event.ts';
import { topicsOf } from './topics.ts';
import { Irrigation } from './valves.ts';

/** How often is looked for what is due, ms. */
const SWEEP = 1_000;
const ROLLUP = 10_000;
const LOOK = 10_000;
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
      const standings = new Standings(hub, field);
      const repeats = new Repeats(history, log);
      const boards = openBoards(hub, options, { field, clock });
      const dashboards = openDashboards(hub, options, { field, clock });
      const tellTopics = topicsOf(hub, options);
      const show = (event: TelemetryEvent) => {
        setLatest(event.series, event.row);
        dashboards.publish(event);
      };
      const others = store.isShared
        ? new OtherHubs(hub, {
            ...{ field, history },
            show(event) {
              show(event);
              irrigation.shown(event);
            },
            stored: ({ key }) => rollups.addOthers(key),
          })
        : undefined;
      const intake = new Intake({
        ...{ options, clock, field, history, rollups, log, others, show },
        tell(event) {
          tellTopics?.(event);
          irrigation.heard(event);
        },
        lost: ({ series }, from) => boards.notStored(from, series.event),
      });
      const irrigation = new Irrigation({ hub, options, clock, field, intake, boards, standings });
      const silence = options.offlineSeconds * 1_000;
      const presence = new Presence({ field, intake, standings, others, silence });
      const retention = new Retention(field, history, rollups, options);
      const arrivals = new Arrivals({ options, clock, presence, intake, repeats, irrigation, boards, log });
      const comings = new Comings({
        ...{ clock, standings, others, repeats, presence, arrivals, irrigation, log },
      });
      const look = async () => {
        await Promise.all([standings.look(), irrigation.look()]);
        await others?.look();
      };
      const isKeeper = keeperOf(hub, look);
      // What another hub had stored and not told when it died.
      if (store.isShared) {
        hub.presence.onGone(() => {
          look().catch((error: unknown) => {
            log.warn({ err: error }, 'what a hub that is gone has stored could not be read');
          });
        });
      }

      boards.serve({
        connected: (controller, connection) => comings.connected(controller, connection),
        disconnected: (controller, connection) => comings.disconnected(controller, connection),
        received: (controller, event, data, from) => arrivals.take(controller, event, data, from),
      });
      dashboards.serve(irrigation, (id) => standings.find(id));
      serveRest(hub, options, { field, clock, queries });
      grantIrrigation(hub, {
        ...{ options, field, queries, now: clock.now },
        start: (controller, request) => irrigation.start(controller, request),
        stop: (controller, request) => irrigation.stop(controller, request),
      });
      addReplay(hub, clock, {
        ...{ options, field, history, queries },
        load: async () => {
          await standings.look();
          await field.load(clock.now());
        },
      });
      addSimulation(hub, options.controllersPath);

      // Not in set-up: a command beside a hub that runs must leave to that what it has not written yet.
      hub.onReady(async () => {
        await standings.look();
        await field.load(clock.now());
        await irrigation.look();
        for (const { series } of field.controllers.values()) {
          for (const { key } of series.values()) await rollups.recover(key);
        }
        await others?.loaded();
      });
      clock.every(hub, 'sweep', SWEEP, async () => {
        try {
          await comings.retry();
          await presence.sweep(clock.now(), isKeeper());
        } finally {
          // Whatever becomes of the rest: water runs.
          await irrigation.sweep(clock.now(), isKeeper());
        }
      });
      clock.every(hub, 'rollups', ROLLUP, async () => {
        if (isKeeper()) await rollups.flush();
      });
      if (store.isShared) {
        clock.every(hub, 'valves', LOOK, async () => {
          if (isKeeper()) await irrigation.look();
        });
      }
      clock.every(hub, 'retention', TRIM, async () => {
        if (isKeeper()) await retention.trim(clock.now());
      });
      hub.onClose(async () => {
        await standings.settled();
        await intake.flush();
        await rollups.flush();
      });
    },
  });
}

export default irrigationOn(systemClock);
