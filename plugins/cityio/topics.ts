/** Topics of this plugin, where topics are enabled: that a table changed, for plugins, walkers and clients. */
import { type Hub, Type } from '../../core/index.ts';
import { GEOGRID, GEOGRIDDATA } from './grid.ts';
import type { Change } from './tables.ts';

const Table = Type.String();
const Commit = Type.String({ description: 'The state the table has now.' });
const GridUpdated = Type.Object({ table: Table, commit: Commit });
const ModuleUpdated = Type.Object({
  table: Table,
  commit: Commit,
  module: Type.String({ description: 'The key of the module, such as `indicators`.' }),
  deleted: Type.Boolean(),
});
const TableDeleted = Type.Object({ table: Table });

/** Tells of changes of tables. */
export interface Teller {
  changed(change: Change): void;
  removed(table: string): void;
}

const SILENT: Teller = { changed: () => {}, removed: () => {} };

/** @returns does nothing where topics are not enabled. */
export function defineTopics(hub: Hub): Teller {
  const topics = hub.find('topics');
  if (topics === undefined) return SILENT;
  // Everybody reads tables.
  const audience = () => ({ keys: ['everybody'] });
  topics.define('cityio.grid_updated', {
    schema: GridUpdated,
    audience,
    summary: 'The cells of a table changed, or its grid.',
  });
  topics.define('cityio.module_updated', {
    schema: ModuleUpdated,
    audience,
    summary: 'A module of a table changed, other than the grid: results of computations, layers.',
  });
  topics.define('cityio.table_deleted', { schema: TableDeleted, audience, summary: 'A table was deleted.' });
  return {
    changed: ({ before, after }) => {
      const { name: table, commit } = after;
      const keys = new Set([...(before?.hashes.keys() ?? []), ...after.hashes.keys()]);
      const changed = [...keys].filter((key) => before?.hashes.get(key) !== after.hashes.get(key));
      const isGrid = (key: string) => key === GEOGRID || key === GEOGRIDDATA;
      if (changed.some(isGrid)) topics.publish('cityio.grid_updated', { table, commit });
      for (const module of changed) {
        if (isGrid(module)) continue;
        const deleted = !after.hashes.has(module);
        topics.publish('cityio.module_updated', { table, commit, module, deleted });
      }
    },
    removed: (table) => topics.publish('cityio.table_deleted', { table }),
  };
}
