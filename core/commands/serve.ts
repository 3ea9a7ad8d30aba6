/** A hub in this process, as all ways to start one make it. */
import type { HubConfig } from '../../config/schema.ts';
import { type PreparedHub, prepareHub } from '../hub.ts';
import type { Log } from '../log.ts';
import { isProduction } from './environment.ts';

/** @param process see `HubEnvironment`. @throws StartError */
export async function prepare(config: HubConfig, log: Log, number?: number): Promise<PreparedHub> {
  // An error that escaped a plugin's own callback: the others must not go down with it.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'uncaught error in a callback'));
  process.on('unhandledRejection', (error) =>
    log.error({ err: error }, 'rejected promise that nobody handles'),
  );
  return prepareHub(config, {
    log,
    production: isProduction,
    ...(number !== undefined && { process: number }),
  });
}

/** Opens the ports; without them, the hub is stopped. @throws StartError */
export async function listen(hub: PreparedHub): ReturnType<PreparedHub['listen']> {
  try {
    return await hub.listen();
  } catch (error) {
    await hub.stop();
    throw error;
  }
}

/** Stops the hub in order and ends the process. */
export async function stopAndExit(hub: PreparedHub, log: Log, isReplaced = false): Promise<never> {
  try {
    await hub.stop(isReplaced);
    return process.exit(0);
  } catch (error) {
    log.error({ err: error }, 'the hub did not stop as it should');
    return process.exit(1);
  }
}
