/**
 * CityIO: the broker of CityScope. User interfaces paint the cells of a table, modules compute indicators from them;
 * this carries both, over WebSocket and REST, and keeps the history. README.md says how to use it.
 */
import { definePlugin } from '../../core/index.ts';
import { Announcer } from './announcer.ts';
import type { CityIO } from './cityio.ts';
import { addCommands } from './commands.ts';
import { CoreModules } from './core-modules.ts';
import { createDemo } from './demo.ts';
import { openEndpoints } from './endpoints.ts';
import { Collector } from './garbage.ts';
import { serveInterfaces } from './interface.ts';
import { serveModules } from './modules.ts';
import { Options } from './options.ts';
import { OtherHubs } from './other-hubs.ts';
import { OwnProtection } from './protection.ts';
import { Repository } from './repository.ts';
import { serveRest } from './rest.ts';
import { serveScenarios } from './scenarios.ts';
import { SharedProtection } from './shared-protection.ts';
import { Tables } from './tables.ts';
import { Tags } from './tags.ts';
import { defineTopics } from './topics.ts';
import { Writer } from './writer.ts';

export default definePlugin({
  name: 'cityio',
  api: '^1.0.0',
  after: ['topics'],
  options: Options,
  async setup(hub, options) {
    const { isShared } = hub.store;
    const protection = isShared ? new SharedProtection(hub.store) : new OwnProtection();
    const repository = new Repository(hub.store, protection, options.cacheBytes);
    const tags = new Tags(hub.store);
    const endpoints = openEndpoints(hub, options);
    const announcer = new Announcer(hub, repository, tags, endpoints);
    const tables = new Tables(repository, tags, announcer, hub.log);
    await tables.load();
    const others = new OtherHubs(hub, tables);
    const teller = defineTopics(hub);
    const writer = new Writer({ repository, tags, protection, tables, others, teller, options });
    const collector = new Collector({
      repository,
      tags,
      protection,
      ...(isShared && { touch: () => writer.touchAll() }),
      history: options.history,
    });
    const city: CityIO = {
      hub,
      options,
      repository,
      tags,
      protection,
      tables,
      writer,
      endpoints,
      announcer,
      collector,
    };
    const coreModules = new CoreModules(hub, endpoints, options.coreModules);

    serveInterfaces(city, coreModules);
    serveScenarios(city);
    serveModules(city, coreModules);
    await serveRest(city);
    addCommands(city);

    if (options.demo) hub.onReady(() => createDemo(city));
    if (options.collectEvery > 0) {
      // The lease of the task below.
      const lease = hub.lease('collect');
      const collect = async (signal: AbortSignal) => {
        const { fence } = lease;
        if (fence === undefined) return;
        const deleted = await collector.collect(signal, { fence });
        if (deleted > 0) hub.log.info({ deleted }, 'objects that nothing refers to were deleted');
      };
      hub.every('collect', options.collectEvery * 1_000, collect, { once: true });
    }
  },
});
