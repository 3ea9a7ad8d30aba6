/** A hub with the plugin on Redis, in a process of its own: sends its port to the parent. Arguments: prefix of the keys, secret, URL of Redis. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import redis from '../../../plugins/redis/index.ts';
import topics from '../../../plugins/topics/index.ts';
import { counting } from './counting.ts';

const [, , prefix = '', secret = '', url = ''] = process.argv;
const plugins = [topics(), counting, redis({ prefix, url, waitMs: 100 })];
const config = completeConfig(
  { store: 'memory', host: '127.0.0.1', ports: [0], identity: { secret }, plugins },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
process.send?.(address?.port);
