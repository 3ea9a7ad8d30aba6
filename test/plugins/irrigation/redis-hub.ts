/** A hub with the plugin on Redis, in a process of its own: sends its port to the parent. Arguments: prefix of the keys, secret. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import irrigation from '../../../plugins/irrigation/index.ts';
import redis from '../../../plugins/redis/index.ts';

const [, , prefix = '', secret = ''] = process.argv;
const plugins = [irrigation(), redis({ prefix })];
const config = completeConfig(
  { store: 'memory', host: '127.0.0.1', ports: [0], identity: { secret }, plugins },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
process.send?.(address?.port);
