/** Plugins that exist for one test. */
import {
  type ConfiguredPlugin,
  definePlugin,
  type Hub,
  type PluginDefinition,
  type PluginFailure,
  type TObject,
} from '../../core/index.ts';
import { Queue } from './queue.ts';

/** A configured plugin. @param more whatever else its definition says. */
export function plugin(
  name: string,
  setup: (hub: Hub) => void | Promise<void> = () => {},
  more: Partial<PluginDefinition<TObject>> = {},
): ConfiguredPlugin {
  return definePlugin({ name, api: '^1.0.0', setup, ...more })();
}

/** A plugin that watches: the failures of all plugins as `pluginError` tells them. */
export function watcher(): { readonly plugin: ConfiguredPlugin; readonly failures: Queue<PluginFailure> } {
  const failures = new Queue<PluginFailure>();
  return {
    plugin: plugin('watcher', (hub) => hub.hooks.pluginError.tap((failure) => failures.push(failure))),
    failures,
  };
}
