/** The commands of the hub itself. */
import { loadConfig } from '../../config/load.ts';
import type { HubConfig } from '../../config/schema.ts';
import { prepareHub } from '../hub.ts';
import { createLog } from '../log.ts';
import type { Address } from '../ports.ts';
import { groupOf, type PluginRecord } from '../registry.ts';
import { isProduction, print } from './environment.ts';

export async function start(): Promise<void> {
  const config = await loadConfig(process.env);
  const log = createLog(config.logLevel);
  // An error that escaped a plugin's own callback: the others must not go down with it.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'uncaught error in a callback'));
  process.on('unhandledRejection', (error) =>
    log.error({ err: error }, 'rejected promise that nobody handles'),
  );
  const hub = await prepareHub(config, { log, production: isProduction });
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    // Whoever asks again does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info(`${signal}: stopping`);
    try {
      await hub.stop();
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'the hub did not stop as it should');
      process.exit(1);
    }
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  let addresses: readonly Address[];
  try {
    addresses = await hub.listen();
  } catch (error) {
    await hub.stop();
    throw error;
  }
  print(
    `wayhub listens on ${addresses.map(({ host, port }) => `http://${urlHost(host)}:${port}`).join(' and ')}`,
  );
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

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
