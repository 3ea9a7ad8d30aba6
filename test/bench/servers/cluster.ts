/** What the servers of the cluster's scenarios have in common. They need a Redis. */
import { randomUUID } from 'node:crypto';

export const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
/** Nobody else's keys and channels. */
export const PREFIX = `bench-${randomUUID()}`;
/** Below what a connection may be in. */
export const CHANNELS_EACH = 100;
/** In one process. */
export const IDLE_HUBS = 3;
