/** A hub with the plugin, in a process of its own: sends its port to the parent. The argument is its data folder. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import cityio from '../../../plugins/cityio/index.ts';

const [, , data] = process.argv;
const config = completeConfig(
  {
    store: 'sqlite',
    host: '127.0.0.1',
    ports: [0],
    plugins: [cityio()],
    ...(data !== undefined && { data }),
  },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
process.send?.(address?.port);
