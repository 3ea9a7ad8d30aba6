/** What GEOGRID and GEOGRIDDATA must be, each by itself and both together. */
import { compile, explain, HubError, type Static, Type } from '../../core/index.ts';
import { type Json, type ModuleText, moduleText } from './json-text.ts';
import type { Repository } from './repository.ts';
import type { TableState } from './table-state.ts';

export const GEOGRID = 'GEOGRID';
export const GEOGRIDDATA = 'GEOGRIDDATA';

/** The present properties of the cells, in the order of GEOGRID's features. */
export const Cells = Type.Array(Type.Object({}, { description: 'id, name, color, height, interactive …' }));

/** Not more than clients cannot do without: real tables have cells of any shape, and gaps in their grid. */
const Geogrid = Type.Object({
  type: Type.Literal('FeatureCollection'),
  properties: Type.Object({
    header: Type.Object({ nrows: Type.Integer({ minimum: 1 }), ncols: Type.Integer({ minimum: 1 }) }),
  }),
  features: Type.Array(Type.Object({ properties: Type.Object({}) })),
});

const isGeogrid = compile(Geogrid);
const isCells = compile(Cells);

/** A module on its way into a table, checked by itself. */
export interface NewModule extends ModuleText {
  /** Only of GEOGRID: what GEOGRIDDATA is derived from. */
  readonly geogrid?: Static<typeof Geogrid>;
  /** Only of GEOGRIDDATA. */
  readonly cells?: { readonly length: number };
  /** Where it stood in what the client sent, for errors. */
  readonly field: string;
}

/** @throws HubError `invalid_geogrid` or `invalid_geogriddata`, naming what is wrong. */
export function newModule(key: string, value: Json): NewModule {
  if (key === GEOGRID) {
    if (!isGeogrid(value)) throw new HubError('invalid_geogrid', `GEOGRID: ${explain(isGeogrid.errors)}`);
    return { ...moduleText(value), geogrid: value, field: key };
  }
  if (key === GEOGRIDDATA) {
    if (!isCells(value)) {
      throw new HubError('invalid_geogriddata', `GEOGRIDDATA: ${explain(isCells.errors)}`);
    }
    return newCells(value, key);
  }
  return { ...moduleText(value), field: key };
}

/** GEOGRIDDATA that is known to be a list of objects. */
export function newCells(cells: Static<typeof Cells>, field: string): NewModule {
  return { ...moduleText(cells), cells, field };
}

/**
 * Makes sure that GEOGRIDDATA has an entry for each feature of GEOGRID after a change.
 * @param put the modules that change; a GEOGRID of another size gets new GEOGRIDDATA, derived from its features.
 * @param present the table without what the change removes.
 * @throws HubError `invalid_geogriddata` when the change brings GEOGRIDDATA of another length.
 */
export async function fitCells(
  put: ReadonlyMap<string, NewModule>,
  present: TableState | undefined,
  removed: ReadonlySet<string>,
  repository: Repository,
): Promise<ReadonlyMap<string, NewModule>> {
  const geogrid = put.get(GEOGRID)?.geogrid;
  const { cells, field } = put.get(GEOGRIDDATA) ?? {};
  if (geogrid === undefined && cells === undefined) return put;
  const count = async (key: string, path: readonly string[]) => {
    const hash = removed.has(key) ? undefined : present?.hashes.get(key);
    return hash === undefined ? undefined : repository.count(hash, path);
  };
  const wanted = geogrid?.features.length ?? (await count(GEOGRID, ['features']));
  if (wanted === undefined) return put;
  if (cells !== undefined) {
    if (cells.length === wanted) return put;
    throw new HubError(
      'invalid_geogriddata',
      `${field} must have ${wanted} entries, one for each feature of GEOGRID, found ${cells.length}`,
    );
  }
  if (geogrid === undefined || (await count(GEOGRIDDATA, [])) === wanted) return put;
  const derived = geogrid.features.map(({ properties }) => properties);
  return new Map(put).set(GEOGRIDDATA, newCells(derived, GEOGRIDDATA));
}
