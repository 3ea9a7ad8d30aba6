/** `/interface`: user interfaces. They listen to one table each, paint it, and talk to its modules. */
import { type Connection, HubError, type Static } from '../../core/index.ts';
import { assertWriter } from './access.ts';
import type { CityIO } from './cityio.ts';
import type { CoreModules } from './core-modules.ts';
import { EVERY_INTERFACE, type Listener } from './endpoints.ts';
import { GEOGRIDDATA, newCells } from './grid.ts';
import { GridId, ModuleId, Nothing, UpdateGrid, UpdateModule } from './messages.ts';

export function serveInterfaces(
  { hub, options, tables, writer, endpoints, announcer }: CityIO,
  core: CoreModules,
): void {
  const { ui, module } = endpoints;
  const { endpoint } = ui;

  hub.hooks.opened.tap(async (connection) => {
    if (connection.endpoint.name === endpoint.name) await hub.channels.join(connection, EVERY_INTERFACE);
  });

  endpoint.on('LISTEN', GridId, ({ gridId }, connection) =>
    tables.inOrder(gridId, async () => {
      const state = await tables.existing(gridId);
      const snapshot = await announcer.snapshot(state);
      const { table } = connection.data;
      await hub.channels.join(connection, state.name);
      if (table !== undefined && table !== state.name) hub.channels.leave(connection, table);
      connection.data.table = state.name;
      connection.send(snapshot.ui);
    }),
  );

  endpoint.on('UPDATE_GRID', UpdateGrid, async ({ geogriddata }, connection) => {
    assertWriter(options, connection.identity);
    const put = new Map([[GEOGRIDDATA, newCells(geogriddata, 'geogriddata')]]);
    await writer.change(listenedTable(connection), () => ({ put }), { cells: true });
  });

  endpoint.on('REQUEST_CORE_MODULES_LIST', Nothing, () => ui.coreModules(core.list()));

  for (const [type, isRemoval] of [
    ['MODULE_REQUEST', false],
    ['MODULE_REMOVAL_REQUEST', true],
  ] as const) {
    const ask = async ({ id }: Static<typeof ModuleId>, connection: Connection<Listener>) => {
      assertWriter(options, connection.identity);
      const { name: table } = tables.get(listenedTable(connection));
      await core.ask({ id, table, isRemoval });
    };
    // Its hub may be gone, which takes a while to notice.
    endpoint.on(type, ModuleId, ask, { concurrent: true });
  }

  endpoint.on('UPDATE_MODULE', UpdateModule, (content, connection) => {
    assertWriter(options, connection.identity);
    const { name } = tables.get(listenedTable(connection));
    hub.notify.channels([name], module.update(content));
  });
}

/** @throws HubError `not_listening` before the first LISTEN. */
export function listenedTable(connection: Connection<Listener>): string {
  const { table } = connection.data;
  if (table === undefined) throw new HubError('not_listening', 'send LISTEN with a gridId before this');
  return table;
}
