/** `hub start`: runs the hub in this process, or several that share its ports in processes of their own. */
import { loadConfig } from '../../config/load.ts';
import type { HubConfig } from '../../config/schema.ts';
import { StartError } from '../errors.ts';
import { createLog, type Log } from '../log.ts';
import { type Address, probePorts } from '../ports.ts';
import { print } from './environment.ts';
import { listen, prepare, stopAndExit } from './serve.ts';
import { Supervisor } from './supervisor.ts';

/** Beyond, it is a mistake rather than a machine. */
const MOST_PROCESSES = 256;

interface StartOptions {
  readonly processes?: string;
}

export async function start({ processes }: StartOptions): Promise<void> {
  const config = await loadConfig(process.env);
  const log = createLog(config.logLevel);
  if (processes === undefined) await startOne(config, log);
  else await startSeveral(config, log, countOf(processes));
}

async function startOne(config: HubConfig, log: Log): Promise<void> {
  const hub = await prepare(config, log);
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // Whoever asks again does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    log.info(`${signal}: stopping`);
    void stopAndExit(hub, log);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  print(`wayhub listens on ${urls(await listen(hub))}`);
}

async function startSeveral(config: HubConfig, log: Log, count: number): Promise<void> {
  if (process.platform !== 'linux') {
    throw new StartError(
      '--processes needs Linux: elsewhere, processes on one port do not share its clients',
    );
  }
  const addresses = probePorts(config.host, config.ports, log);
  const ports = addresses.map(({ port }) => port).join(',');
  const supervisor = new Supervisor(count, { ...process.env, HUB_HOST: config.host, HUB_PORT: ports }, log);
  const stop = (signal: NodeJS.Signals) => supervisor.stop(signal);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => void supervisor.restart());
  const line = `wayhub listens on ${urls(addresses)}, with ${count} ${count === 1 ? 'process' : 'processes'}`;
  process.exit(await supervisor.run(() => print(line)));
}

/** @throws StartError */
function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_PROCESSES) return count;
  throw new StartError(`--processes must be a whole number from 1 to ${MOST_PROCESSES}, found "${text}"`);
}

function urls(addresses: readonly Address[]): string {
  return addresses.map(({ host, port }) => `http://${urlHost(host)}:${port}`).join(' and ');
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
