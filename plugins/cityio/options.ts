/** The options of the plugin; every one has a default. */
import { type Static, Type } from '../../core/index.ts';

const MIB = 1_048_576;

export const Options = Type.Object({
  prefix: Type.String({
    default: '',
    pattern: '^(/[\\w.~-]+)*$',
    description: 'Stands before every path, REST and WebSocket: `/cityio`, without a slash at the end.',
  }),
  bodyBytes: Type.Integer({
    default: 32 * MIB,
    minimum: 1_024,
    // A table is one text when it is sent, and a text has at most 512 MiB.
    maximum: 256 * MIB,
    description: 'Longest request body and WebSocket message, and so the longest module.',
  }),
  history: Type.Integer({
    default: 1_000,
    minimum: 1,
    description: 'Commits kept for each table, the present one included; older ones are collected.',
  }),
  collectEvery: Type.Integer({
    default: 600,
    minimum: 0,
    maximum: 604_800,
    description: 'Seconds between collections of what nothing refers to any more; 0: only by command.',
  }),
  write: Type.Union([Type.Literal('everybody'), Type.Literal('identified')], {
    default: 'everybody',
    description: 'Who may change tables and publish results: everybody, or holders of a valid token.',
  }),
  operators: Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: 'Users who may dump and restore the whole store by REST.',
  }),
  operatorRole: Type.String({
    default: 'operator',
    description:
      'A token whose claim `role` or `roles` is this, or has it in its list, may do so too; empty: none may.',
  }),
  demo: Type.Boolean({
    default: false,
    description: 'Creates the table `kendall` when the store is empty.',
  }),
  tables: Type.Integer({ default: 1_000, minimum: 1, description: 'Tables at most.' }),
  modulesPerTable: Type.Integer({ default: 64, minimum: 2, description: 'Modules of a table at most.' }),
  scenariosPerTable: Type.Integer({
    default: 100,
    minimum: 1,
    description: 'Saved scenarios of a table at most; at that number, the oldest in the bin makes room.',
  }),
  coreModules: Type.Integer({ default: 100, minimum: 1, description: 'Core modules at most.' }),
  cacheBytes: Type.Integer({
    default: 64 * MIB,
    minimum: 0,
    description: 'Text of modules kept in memory; what is not there is read from the store.',
  }),
});
export type Options = Static<typeof Options>;
