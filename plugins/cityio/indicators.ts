/** What modules publish: as it is kept in a table, and as user interfaces get it. */
import { HubError } from '../../core/index.ts';
import type { NewModule } from './grid.ts';
import { fromCanonical, itemsOf, textAt } from './json-text.ts';
import type { ModuleResults } from './messages.ts';
import { objectText } from './table-state.ts';

type Fields = Readonly<Record<string, unknown>>;
type ModuleData = ModuleResults['moduleData'];

/** Where each kind of result is kept, and the field that tells one from another. */
export const KEPT = [
  { kind: 'layers', key: 'LAYERS', id: 'id' },
  { kind: 'numeric', key: 'NUMERICINDICATORS', id: 'name' },
] as const;

/**
 * The modules of a table after results were saved: one of the same id is replaced, others are added.
 * @param present gives the text of a module as the table has it.
 * @throws HubError `invalid_message` for a result without its id, `invalid_module` when what the table has is no list.
 */
export async function withResults(
  moduleData: ModuleData,
  present: (key: string) => Promise<string | undefined>,
): Promise<Map<string, NewModule>> {
  const changed = new Map<string, NewModule>();
  for (const { kind, key, id } of KEPT) {
    const results = moduleData[kind];
    if (results === undefined) continue;
    const texts = new Map<string, string>();
    results.forEach((result, index) => {
      texts.set(idText(result, id, `/moduleData/${kind}/${index}/${id}`), JSON.stringify(result));
    });
    const text = merged((await present(key)) ?? '[]', texts, key, id);
    changed.set(key, { ...fromCanonical(text), field: key });
  }
  return changed;
}

/** Lists as text, so that the results that stay, which may be large, are not parsed and written again. */
function merged(list: string, newer: Map<string, string>, key: string, id: string): string {
  const items = itemsOf(list);
  if (items === undefined)
    throw new HubError('invalid_module', `${key} of the table must be a list to save into`);
  const texts = items.map(({ start, end }) => {
    const item = list.slice(start, end);
    const itemId = textAt(item, [id]);
    const replacement = itemId === undefined ? undefined : newer.get(itemId);
    if (itemId !== undefined) newer.delete(itemId);
    return replacement ?? item;
  });
  return `[${[...texts, ...newer.values()].join(',')}]`;
}

function idText(result: Fields, id: string, field: string): string {
  const value = result[id];
  if (typeof value === 'string' || typeof value === 'number') return JSON.stringify(value);
  const found = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
  throw new HubError(
    'invalid_message',
    `${field} must be a string or a number when "save" is true, found ${found}`,
  );
}

/** What results are about: newer results about the same replace them on their way to a slow reader. */
export function subjectOf(table: string, { layers = [], numeric = [], ...others }: ModuleData): string {
  // Layers of simulations have no id.
  const drawn = layers.map(({ id, type }) => [id, type]);
  const measured = numeric.map(({ name }) => name);
  return JSON.stringify([table, drawn, measured, Object.keys(others)]);
}

/**
 * A module of a table that was written by REST, as JSON of what a MODULE message says of it: lists of layers and of
 * indicators under the names new interfaces look for, GeoJSON as a layer, anything else under its own key.
 */
export function asModuleData(key: string, text: string): string {
  if (text.startsWith('[')) {
    if (key === 'LAYERS') return objectText([['layers', text]]);
    if (key === 'NUMERICINDICATORS' || key === 'indicators') return objectText([['numeric', text]]);
  }
  if (textAt(text, ['type']) !== '"FeatureCollection"') return objectText([[key, text]]);
  const layer = objectText([
    ['id', JSON.stringify(key)],
    ['type', '"geojson"'],
    ['data', text],
    ['properties', '{}'],
  ]);
  return objectText([['layers', `[${layer}]`]]);
}
