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
import { Repository } from './repository.ts';
import { serveRest } from './rest.ts';
import { serveScenarios } from './scenarios.ts';
import { Tables } from './tables.ts';
import { defineTopics } from './topics.ts';

export default definePlugin({
  name: 'cityio',
  api: '^1.0.0',
  after: ['topics'],
  options: Options,
  async setup(hub, options) {
    const repository = new Repository(hub.store, options.cacheBytes);
    const tables = new Tables(repository, options, hub.log);
    await tables.load();
    const collector = new Collector(repository, options.history);
    const endpoints = openEndpoints(hub, options);
    const announcer = new Announcer(hub.notify, tables, endpoints, defineTopics(hub));
    const city: CityIO = { hub, options, tables, endpoints, announcer, collector };
    const coreModules = new CoreModules(hub.notify, endpoints, options.coreModules);

    serveInterfaces(city, coreModules);
    serveScenarios(city);
    serveModules(city, coreModules);
    await serveRest(city);
    addCommands(city);

    if (options.demo) hub.onReady(() => createDemo(tables));
    if (options.collectEvery > 0) {
      hub.every('collect', options.collectEvery * 1_000, async (signal) => {
        const deleted = await collector.collect(signal);
        if (deleted > 0) hub.log.info({ deleted }, 'objects that nothing refers to were deleted');
      });
    }
  },
});
