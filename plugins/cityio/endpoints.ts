/** The WebSocket endpoints, and what the hub sends on them. */
import type { Hub } from '../../core/index.ts';
import { Cells } from './grid.ts';
import {
  CoreModules,
  ErrorContent,
  envelope,
  ModuleCells,
  ModuleSnapshot,
  Published,
  Scenarios,
  Snapshot,
  TableName,
  UpdateModule,
} from './messages.ts';
import type { Options } from './options.ts';

/** State of a user interface's connection. */
export interface Listener {
  /** The table it listens to: the name of its channel. */
  table: string | undefined;
}

/** A channel all user interfaces are in. No table has this name. */
export const EVERY_INTERFACE = '';

/** State of a module's connection. */
export interface ModuleListener {
  /** It registered as a core module. */
  isCore: boolean;
}

/** A channel all core modules are in. No table has this name. */
export const CORE_MODULES = '';

export type Endpoints = ReturnType<typeof openEndpoints>;

export function openEndpoints(hub: Hub, { prefix, bodyBytes }: Options) {
  // A slow reader may be a whole table behind before anything happens to what it is sent.
  const limits = { messageBytes: bodyBytes, outboxBytes: bodyBytes };
  const common = { envelope, tokenInQuery: true, limits };
  const ui = hub.endpoint<Listener>(`${prefix}/interface`, {
    ...common,
    data: () => ({ table: undefined }),
    summary: 'CityIO: user interfaces',
  });
  const module = hub.endpoint<ModuleListener>([`${prefix}/module`, corePath(prefix)], {
    ...common,
    data: () => ({ isCore: false }),
    // That it is there is all that other hubs need to know.
    presence: ({ data }) => (data.isCore ? '' : undefined),
    summary: 'CityIO: modules, and on /module/core those that are always on',
  });
  return {
    ui: {
      endpoint: ui,
      snapshot: ui.emits('TABLE_SNAPSHOT', Snapshot, { overflow: 'close' }),
      cells: ui.emits('GEOGRIDDATA_UPDATE', Cells, { overflow: 'latest' }),
      module: ui.emits('MODULE', Published, { overflow: 'latest', summary: 'What a module found out' }),
      coreModules: ui.emits('CORE_MODULES_LIST', CoreModules, { overflow: 'latest' }),
      scenarios: ui.emits('SCENARIOS', Scenarios, { overflow: 'latest' }),
      error: ui.emits('ERROR', ErrorContent, { overflow: 'close' }),
    },
    module: {
      endpoint: module,
      snapshot: module.emits('TABLE_SNAPSHOT', ModuleSnapshot, { overflow: 'close' }),
      cells: module.emits('GEOGRIDDATA_UPDATE', ModuleCells, { overflow: 'latest' }),
      update: module.emits('UPDATE_MODULE', UpdateModule, {
        overflow: 'close',
        summary: 'From an interface',
      }),
      request: module.emits('SUBSCRIPTION_REQUEST', TableName, { overflow: 'close' }),
      removal: module.emits('SUBSCRIPTION_REMOVAL_REQUEST', TableName, { overflow: 'close' }),
      error: module.emits('ERROR', ErrorContent, { overflow: 'close' }),
    },
  };
}

export function corePath(prefix: string): string {
  return `${prefix}/module/core`;
}
