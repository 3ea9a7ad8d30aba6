/** A hub with the plugin, in a process of its own: sends its port and tokens to the parent. Arguments: its data folder, and the time in Unix ms, which stands still. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import { irrigationOn } from '../../../plugins/irrigation/index.ts';

// Nothing of tap may be loaded here: it would talk to the parent, too.
const [, , data, time] = process.argv;
const clock = { now: () => Number(time), every() {} };
const config = completeConfig(
  {
    store: 'sqlite',
    host: '127.0.0.1',
    ports: [0],
    plugins: [irrigationOn(clock)()],
    ...(data !== undefined && { data }),
  },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('error') });
const [address] = await hub.listen();
const tokens = {
  board: await hub.identity.sign('board north', { controller: 'north' }),
  dashboard: await hub.identity.sign('ann', { controllers: ['*'] }),
};
process.send?.({ port: address?.port, tokens });
