/** Walkers: small programs that users write, on a graph of their own. README.md says how to write and call them. */
import { definePlugin } from '../../core/index.ts';
import { AsyncRuns } from './async-runs.ts';
import { type Clock, systemClock } from './clock.ts';
import { addCommands } from './commands.ts';
import { Engine } from './engine.ts';
import { Offers } from './grants/offers.ts';
import { Options } from './options.ts';
import { serveWalkers } from './rest/routes.ts';
import { Schedules } from './schedules.ts';
import { walkersService } from './service.ts';
import { deliveryOn } from './socket/delivery.ts';
import { openSocket } from './socket/endpoint.ts';
import { answerEvents } from './socket/events.ts';
import { serveSwitches } from './switches/requests.ts';
import { Rounds } from './switches/rounds.ts';
import { Switches } from './switches/switches.ts';
import { followTopics } from './triggers.ts';
import { serveWebhooks } from './webhooks/routes.ts';

/** The plugin with another clock for its schedules, for tests. */
export function walkersWith(clock: Clock) {
  return definePlugin({
    name: 'walkers',
    api: '^1.0.0',
    requires: ['users', 'topics'],
    options: Options,
    async setup(hub, options) {
      const socket = openSocket(hub, options);
      const delivery = deliveryOn(hub, socket);
      const offers = new Offers();
      const engine = new Engine(hub, options, { delivery, offers });
      const asyncRuns = new AsyncRuns(hub, engine, options.asyncRuns);
      answerEvents(hub, { socket, delivery, engine, asyncRuns, options });
      await serveWalkers(hub, { engine, asyncRuns, options });
      await serveWebhooks(hub, { engine, asyncRuns, options });
      const switches = new Switches(hub.store, options.switchUsers);
      await serveSwitches(hub, { socket, engine, asyncRuns, options, switches });
      const rounds = new Rounds(engine, switches, hub.log, options.queueMs);
      new Schedules(hub, engine, rounds, clock);
      followTopics(engine, hub.use('topics'), rounds);
      addCommands(hub, engine);
      hub.provide('walkers', walkersService(engine, offers));
      hub.onReady(async () => {
        await asyncRuns.recover();
        // Not waited for: the ports need not stay closed until every walker is loaded.
        engine
          .serve()
          .catch((error: unknown) => hub.log.error({ err: error }, 'the walkers could not be loaded'));
      });
      hub.onClose(async () => {
        await engine.stop();
        await asyncRuns.settle();
      });
    },
  });
}

export default walkersWith(systemClock);
