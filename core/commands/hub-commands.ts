/** What the hub tells of itself without running: `hub check` and `hub plugins`. */
import { loadConfig } from '../../config/load.ts';
import type { HubConfig } from '../../config/schema.ts';
import { prepareHub } from '../hub.ts';
import { createLog } from '../log.ts';
import { groupOf, type PluginRecord } from '../registry.ts';
import { isProduction, print } from './environment.ts';

/** Sets everything up in memory, so that the data of a running hub is not touched. */
async function inMemory<T>(use: (plugins: readonly PluginRecord[], config: HubConfig) => T): Promise<T> {
  const config = await loadConfig(process.env);
  const environment = { log: createLog('error'), production: isProduction, ownPartsOnly: true };
  const hub = await prepareHub({ ...config, store: 'memory' }, environment);
  const result = use(hub.plugins, config);
  await hub.stop();
  return result;
}

export async function check(): Promise<void> {
  await inMemory((plugins, config) => {
    const names = plugins.map(({ name }) => name).join(', ') || 'none';
    print(`${config.file} is fine; plugins: ${names}`);
  });
}

export async function plugins(): Promise<void> {
  await inMemory((plugins) => {
    for (const plugin of plugins) print(describe(plugin));
    if (plugins.length === 0) print('no plugin is enabled');
  });
}

function describe(plugin: PluginRecord): string {
  const rows: [string, readonly string[]][] = [
    ['endpoints', plugin.endpoints],
    ['accepts', plugin.accepts],
    ['emits', plugin.emits],
    ['routes', plugin.routes],
    ['hooks', plugin.hooks],
    ['timers', plugin.timers],
    ['services', plugin.services],
    ['commands', plugin.commands.map((one) => `hub ${groupOf(plugin, one)} ${one.name}: ${one.summary}`)],
  ];
  const lines = rows.flatMap(([title, values]) =>
    values.map((value, index) => `  ${(index === 0 ? title : '').padEnd(10)} ${value}`),
  );
  return [`${plugin.name} ${plugin.version || '(no version)'} from ${plugin.origin}`, ...lines].join('\n');
}
