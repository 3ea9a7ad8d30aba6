/** Parts of the hub that plugins bring: opened before any plugin is set up, so that all are set up on them. */
import type { HubConfig } from '../config/schema.ts';
import type { Broker } from './broker/port.ts';
import { StartError } from './errors.ts';
import type { LeaseTable } from './leases/port.ts';
import { endPart, setUp } from './lifecycle.ts';
import type { Log } from './log.ts';
import type { BroughtParts } from './plugin.ts';
import type { LoadedPlugin } from './plugins.ts';
import type { PresenceTable } from './presence/port.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/port.ts';

export interface OpenedParts {
  readonly store: Store;
  /** undefined: no plugin brings one. */
  readonly broker: Broker | undefined;
  /** undefined: no plugin brings them. */
  readonly leases: LeaseTable | undefined;
  /** undefined: no plugin brings it. */
  readonly presence: PresenceTable | undefined;
  /** What each plugin opened. */
  readonly byPlugin: ReadonlyMap<string, BroughtParts>;
}

/**
 * Opens what plugins bring, and the store of the configuration when none brings one.
 * @throws StartError when one cannot be opened, or two plugins bring the same part; what was opened is closed again.
 */
export async function openParts(
  plugins: readonly LoadedPlugin[],
  config: HubConfig,
  log: Log,
): Promise<OpenedParts> {
  const { setupMs } = config.limits;
  const byPlugin = new Map<string, BroughtParts>();
  try {
    for (const { definition, options } of plugins) {
      const { name, parts } = definition;
      if (parts === undefined) continue;
      await setUp(name, setupMs, async () => {
        byPlugin.set(name, await parts(options, log.child({ plugin: name })));
      });
    }
    const broker = theOnly('broker', byPlugin);
    const leases = theOnly('leases', byPlugin);
    const presence = theOnly('presence', byPlugin);
    const store = theOnly('store', byPlugin) ?? (await openStore(config));
    return { store, broker, leases, presence, byPlugin };
  } catch (error) {
    const deadline = Date.now() + setupMs;
    for (const [name, { broker, store }] of byPlugin) {
      await endPart(`the broker of plugin "${name}"`, deadline, log, () => broker?.close());
      await endPart(`the store of plugin "${name}"`, deadline, log, () => store?.close());
    }
    throw error;
  }
}

/** @throws StartError naming both plugins when two bring it. */
function theOnly<K extends keyof BroughtParts>(
  kind: K,
  byPlugin: ReadonlyMap<string, BroughtParts>,
): BroughtParts[K] {
  const [first, second] = [...byPlugin].filter(([, parts]) => parts[kind] !== undefined);
  if (second === undefined) return first?.[1][kind];
  throw new StartError(
    `plugin "${second[0]}": the part "${kind}" is already brought by plugin "${first?.[0]}", and a hub has one`,
  );
}
