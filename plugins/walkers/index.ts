/** Walkers: small programs that users write, on a graph of their own. README.md says how to write and call them. */
import { definePlugin } from '../../core/index.ts';
import { AsyncRuns } from './async-runs.ts';
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
import { followTopics } from './triggers.ts';
import { serveWebhooks } from './webhooks/routes.ts';

export default definePlugin({
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
    new Schedules(hub, engine);
    followTopics(engine, hub.use('topics'));
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
