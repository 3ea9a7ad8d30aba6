/** A hub with the plugin, in a process of its own: sends its port to the parent. Arguments: its data folder and its secret. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import chat from '../../../plugins/chat/index.ts';

const [, , data = '', secret = ''] = process.argv;
const config = completeConfig(
  { data, host: '127.0.0.1', ports: [0], identity: { secret }, plugins: [chat({ history: 10_000 })] },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
process.send?.(address?.port);
