/** Hubs that are one cluster, in one process. */
import type { Test } from 'tap';
import type { ConfiguredPlugin, PresenceTable } from '../../../core/index.ts';
import cityio from '../../../plugins/cityio/index.ts';
import { startHub, type TestHub } from '../../helpers/hub.ts';
import { type SharedBroker, SharedNetwork } from '../../helpers/shared-broker.ts';
import { sharedStore } from '../../helpers/shared-store.ts';
import { get } from './city.ts';

export interface City extends TestHub {
  readonly broker: SharedBroker;
  readonly presence: PresenceTable;
}

interface ClusterOptions {
  readonly options?: Parameters<typeof cityio>[0];
  readonly plugins?: readonly ConfiguredPlugin[];
}

/** @returns starts one more hub. */
export async function cluster(t: Test, { options, plugins = [] }: ClusterOptions = {}) {
  const network = new SharedNetwork();
  const store = await sharedStore();
  return async (): Promise<City> => {
    const parts = network.hub();
    const hub = await startHub(t, { ...parts, plugins: [cityio(options), store.plugin, ...plugins] });
    return Object.assign(hub, parts);
  };
}

export async function threeCities(t: Test, options: ClusterOptions = {}): Promise<[City, City, City]> {
  const start = await cluster(t, options);
  return [await start(), await start(), await start()];
}

/** Asks a hub until it has heard of what others did. @returns the answer that is as wanted. */
export async function until(
  hub: { readonly origin: string },
  path: string,
  wanted: (text: string) => boolean,
): Promise<string> {
  for (;;) {
    const { text } = await get(hub, path);
    if (wanted(text)) return text;
  }
}
