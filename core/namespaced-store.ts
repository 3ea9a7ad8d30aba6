/** A plugin's own part of what is kept. */
import type { PluginStore } from './plugin.ts';
import type { Store } from './store/port.ts';

/**
 * Where a plugin keeps what it calls `name`. The names of the store have no `@`, those of npm scopes (`@scope/name`) have
 * one; no name without a scope begins with `_`, so that no two plugins meet.
 */
export function within(plugin: string, name: string): string {
  return `${plugin.replace('@', '_')}/${name}`;
}

export function namespaced(store: Store, plugin: string): PluginStore {
  return {
    isShared: store.isShared,
    collection: (name) => store.collection(within(plugin, name)),
    log: (name) => store.log(within(plugin, name)),
    blobs: (name) => store.blobs(within(plugin, name)),
  };
}
