/** Starts a hub as a benchmark server: its own defaults, but for the limits that the load would meet. */
import { completeConfig } from '../../../config/load.ts';
import type { UserConfig } from '../../../config/schema.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import { announce, requestedPort } from './serve.ts';

/** Says where it listens, too. @returns the port. */
export async function startBenchHub(
  plugins: NonNullable<UserConfig['plugins']>,
  more: UserConfig = {},
): Promise<number> {
  const port = await benchHub(plugins, more);
  announce(port);
  return port;
}

/** @returns the port. */
export async function benchHub(
  plugins: NonNullable<UserConfig['plugins']>,
  more: UserConfig = {},
): Promise<number> {
  const given = {
    host: '127.0.0.1',
    ports: [requestedPort],
    limits: { messagesPerSecond: 1e9, burst: 1e9, outboxBytes: 2 ** 26 },
    plugins,
    ...more,
  };
  const config = completeConfig(given, import.meta.filename, { HUB_DATA: process.env.HUB_DATA });
  const hub = await prepareHub(config, { log: createLog('error') });
  const [address] = await hub.listen();
  return address?.port ?? 0;
}
