/** `/module` and `/module/core`: modules. They subscribe to tables, and publish what they compute from them. */
import { HubError } from '../../core/index.ts';
import { assertWriter } from './access.ts';
import type { CityIO } from './cityio.ts';
import type { CoreModules } from './core-modules.ts';
import { CORE_MODULES, corePath } from './endpoints.ts';
import { subjectOf, withResults } from './indicators.ts';
import { GridId, ModuleResults, Registration } from './messages.ts';
import type { TableState } from './table-state.ts';

export function serveModules(
  { hub, options, repository, tables, writer, endpoints, announcer }: CityIO,
  core: CoreModules,
): void {
  const { ui, module } = endpoints;
  const { endpoint } = module;

  hub.hooks.closed.tap(({ connection }) => core.remove(connection));

  endpoint.on('CORE_MODULE_REGISTRATION', Registration, async (registration, connection) => {
    assertWriter(options, connection.identity);
    const path = corePath(options.prefix);
    if (connection.path !== path) throw new HubError('not_core', `core modules connect to ${path}`);
    await core.add(connection, registration);
  });

  endpoint.on('SUBSCRIBE', GridId, ({ gridId }, connection) =>
    tables.inOrder(gridId, async () => {
      const state = await tables.existing(gridId);
      const snapshot = await announcer.snapshot(state);
      await hub.channels.join(connection, state.name);
      connection.send(snapshot.module);
    }),
  );

  endpoint.on('UNSUBSCRIBE', GridId, ({ gridId }, connection) => {
    // Its table may be gone.
    const channel = connection.channels.find((name) => name.toLowerCase() === gridId.toLowerCase());
    if (channel !== undefined && channel !== CORE_MODULES) hub.channels.leave(connection, channel);
  });

  endpoint.on('MODULE', ModuleResults, async (results, connection) => {
    assertWriter(options, connection.identity);
    const { moduleData, save } = results;
    const { name } = tables.get(results.gridId);
    const publish = () => hub.notify.channels([name], ui.module(results, subjectOf(name, moduleData)));
    if (save !== true) return publish();
    const edit = async (state: TableState) => ({
      put: await withResults(moduleData, (key) => repository.moduleOf(state.hashes, key)),
    });
    await writer.change(name, edit, { publish });
  });
}
