/** Idle hubs, each for itself. */
import { startIdleHubs } from './idle-hubs.ts';

await startIdleHubs([]);
