/**
 * A hub with the plugin, in a process of its own: sends its port to the parent. Arguments: its data folder, its secret, and the
 * prefix in Redis where it has others.
 */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import chat from '../../../plugins/chat/index.ts';
import redis from '../../../plugins/redis/index.ts';

const [, , data = '', secret = '', prefix = ''] = process.argv;
const plugins = [chat({ history: 10_000 }), ...(prefix === '' ? [] : [redis({ prefix })])];
// Tests send as fast as they can.
const limits = { messagesPerSecond: 1_000_000, burst: 1_000_000 };
const config = completeConfig(
  { data, host: '127.0.0.1', ports: [0], identity: { secret }, limits, plugins },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
process.send?.(address?.port);
