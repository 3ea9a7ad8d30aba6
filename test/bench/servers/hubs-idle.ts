/** Idle hubs on one Redis. */
import redis from '../../../plugins/redis/index.ts';
import { PREFIX, REDIS_URL } from './cluster.ts';
import { startIdleHubs } from './idle-hubs.ts';

await startIdleHubs([redis({ url: REDIS_URL, prefix: PREFIX })]);
