/** Every message of the three interfaces: what clients send, and what the hub sends. */
import { type ErrorReport, type Static, Type } from '../../core/index.ts';
import { Cells } from './grid.ts';

/** All three interfaces put messages so; an error is a message like any other, of a type that old clients ignore. */
export const envelope = {
  type: 'type',
  content: 'content',
  error: (report: ErrorReport) => ({ type: 'ERROR', content: report }),
};

/** As clients of many kinds write it: with further fields, and null where they know nothing. */
const Text = Type.Union([Type.String({ maxLength: 10_000 }), Type.Null()]);
const ShortText = Type.String({ minLength: 1, maxLength: 200 });

export const Nothing = Type.Object({});
export const GridId = Type.Object({ gridId: Type.String({ description: 'Name of a table.' }) });
export const UpdateGrid = Type.Object({ geogriddata: Cells });
export const ScenarioName = Type.Object({ name: ShortText });
export const SaveScenario = Type.Object({ name: ShortText, description: Type.Optional(Text) });
export const ModifyScenario = Type.Object({ name: ShortText, isInBin: Type.Boolean() });
export const ModuleId = Type.Object({ id: Type.String() });
export const UpdateModule = Type.Object({ payload: Type.Unknown() });
export const Registration = Type.Object({
  name: Type.Union([Type.String({ maxLength: 200 }), Type.Null()]),
  description: Type.Optional(Text),
  moduleType: Type.Optional(Text),
});
export type Registration = Static<typeof Registration>;

const Fields = Type.Record(Type.String(), Type.Unknown());
/** What modules publish. */
const ModuleData = Type.Object({
  layers: Type.Optional(Type.Array(Fields, { description: 'deck.gl layers: id, type, data, properties' })),
  numeric: Type.Optional(Type.Array(Fields, { description: 'name, value, viz_type, description?' })),
});
export const ModuleResults = Type.Object({
  gridId: Type.String({ description: 'Name of a table.' }),
  save: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  moduleData: ModuleData,
});
export type ModuleResults = Static<typeof ModuleResults>;

/** Modules by their keys. */
export const Snapshot = Type.Object({
  GEOGRID: Type.Optional(Type.Object({})),
  GEOGRIDDATA: Type.Optional(Cells),
});
export const TableName = Type.Object({ table: Type.String() });
export const ModuleSnapshot = Type.Object({ tableName: Type.String(), snapshot: Snapshot });
export const ModuleCells = Type.Object({ tableName: Type.String(), geogriddata: Cells });
export const CoreModules = Type.Array(
  Type.Object({
    id: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    description: Text,
    moduleType: Text,
  }),
);
export const Scenarios = Type.Array(
  Type.Object({
    name: Type.String(),
    description: Type.String(),
    hash: Type.String({ description: 'Of the tree.' }),
    isInBin: Type.Boolean(),
  }),
);
export const Published = Type.Object({ moduleData: ModuleData });
export const ErrorContent = Type.Object({
  code: Type.String(),
  message: Type.String(),
  ref: Type.Optional(Type.String()),
});
