/** Makes a hub out of a configuration. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { HubConfig } from '../config/schema.ts';
import type { Broker } from './broker/port.ts';
import { StartError } from './errors.ts';
import { HubProcess } from './hub-process.ts';
import type { TokenIdentity } from './identity.ts';
import type { LeaseTable } from './leases/port.ts';
import type { Log } from './log.ts';
import { openParts } from './parts.ts';
import { loadPlugins } from './plugins.ts';
import type { Address } from './ports.ts';
import type { PresenceTable } from './presence/port.ts';
import type { PluginRecord } from './registry.ts';
import { hubKeys } from './secret.ts';
import { assertWhole } from './store/copy.ts';
import { openState } from './store/state.ts';

/** What a hub is made with, beside its configuration. */
export interface HubEnvironment {
  readonly log: Log;
  /** Default: what a plugin brings, else the hub is alone. */
  readonly broker?: Broker;
  /** Default: what a plugin brings, else the hub holds all its leases. */
  readonly leases?: LeaseTable;
  /** Default: what a plugin brings, else those present are those of this hub. */
  readonly presence?: PresenceTable;
  /** Leaves the parts that plugins bring unopened: for commands that must not touch the data of a running hub. */
  readonly ownPartsOnly?: boolean;
  /** Checks every outgoing message against its schema and tells of those that do not match: for tests. */
  readonly onInvalidOutgoing?: (problem: string) => void;
  readonly production?: boolean;
  /** Its number, from 1, among processes that listen on the same ports; undefined: the ports are its own. */
  readonly process?: number;
}

/** A hub whose plugins are set up. It serves after `listen`. */
export interface PreparedHub {
  readonly plugins: readonly PluginRecord[];
  readonly http: FastifyInstance;
  readonly identity: TokenIdentity;
  /**
   * Opens the ports, all or none.
   * @returns where it listens.
   * @throws StartError when one cannot be had.
   */
  listen(): Promise<readonly Address[]>;
  /**
   * Stops within its times: gives notice, tells clients to reconnect, finishes what runs, flushes the store. Idempotent.
   * @param isReplaced another process listens on the same ports already: nobody needs notice.
   */
  stop(isReplaced?: boolean): Promise<void>;
}

/**
 * Makes a hub: opens its store, sets the plugins up, freezes the registries.
 * @throws StartError when something in the configuration or a plugin keeps it from starting; what was opened is closed again.
 */
export async function prepareHub(config: HubConfig, environment: HubEnvironment): Promise<PreparedHub> {
  const plugins = await loadPlugins(config.plugins, config.file);
  const stateFolder = config.store === 'memory' ? undefined : join(config.data, 'state');
  const openStateFile = <T extends object>(name: string, defaults: T) =>
    openState(stateFolder && join(stateFolder, `${name}.json`), defaults);
  const keys = await hubKeys(config.identity.secret, environment.production ?? false, openStateFile);
  const parts = await openParts(environment.ownPartsOnly ? [] : plugins, config, environment.log);
  const hub = new HubProcess(config, environment, { parts, keys, openState: openStateFile });
  try {
    await assertWhole(parts.store);
    if (environment.process !== undefined && !(parts.broker?.isDistributed && parts.store.isShared)) {
      throw new StartError(
        'several processes are several hubs: they need a plugin that brings a broker and a store for all of them, such as redis',
      );
    }
    await hub.setUp(plugins);
    return hub;
  } catch (error) {
    await hub.stop();
    throw error;
  }
}
