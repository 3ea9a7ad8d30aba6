/** One of the processes of `hub start --processes`: its supervisor tells it when to stop. */
import { loadConfig } from '../../config/load.ts';
import { createLog } from '../log.ts';
import { listen, prepare, stopAndExit } from './serve.ts';

/** What the supervisor hears once the process listens. */
export const READY = 'ready';
/** What the process hears from its supervisor. */
export const STOP = 'stop';
/** As `STOP`, when another process has taken its place. */
export const REPLACED = 'replaced';

/** @param number of the process, from 1. */
export async function startMember(number: number): Promise<void> {
  const config = await loadConfig(process.env);
  const log = createLog(config.logLevel).child({ process: number });
  let isStopping = false;
  // Before there is a hub, there is nothing to stop in order.
  let stop = (_isReplaced: boolean): void => process.exit(0);
  // Told twice, by the supervisor and by whoever signals all processes of a service, it stops once.
  const told = (isReplaced: boolean) => {
    if (isStopping) return;
    isStopping = true;
    stop(isReplaced);
  };
  process.on('message', (message) => told(message === REPLACED));
  process.on('disconnect', () => told(false)); // the supervisor is gone
  process.on('SIGTERM', () => told(false));
  process.on('SIGINT', () => {}); // a terminal sends it to all; what it means is for the supervisor to say
  const hub = await prepare(config, log, number);
  stop = (isReplaced) => void stopAndExit(hub, log, isReplaced);
  await listen(hub);
  process.send?.(READY);
}
