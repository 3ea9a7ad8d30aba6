/** A hub with every plugin, in a process of its own; tells its port. Argument: `HubSetup` as JSON. */
import { join } from 'node:path';
import { completeConfig } from '../../config/load.ts';
import { prepareHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';
import chat from '../../plugins/chat/index.ts';
import cityio from '../../plugins/cityio/index.ts';
import irrigation from '../../plugins/irrigation/index.ts';
import redis from '../../plugins/redis/index.ts';
import topics from '../../plugins/topics/index.ts';
import users from '../../plugins/users/index.ts';
import walkers from '../../plugins/walkers/index.ts';
import { counting } from '../plugins/topics/counting.ts';

export interface HubSetup {
  /** Of Redis. */
  readonly url: string;
  readonly prefix: string;
  readonly secret: string;
}

const { url, prefix, secret }: HubSetup = JSON.parse(process.argv[2] ?? '');
const config = completeConfig(
  {
    store: 'memory',
    host: '127.0.0.1',
    ports: [0],
    identity: { secret },
    limits: { connectionsPerAddress: 10_000, reconnectMs: 0 },
    plugins: [
      redis({ url, prefix, silenceMs: 2_000 }),
      cityio(),
      users(),
      topics(),
      counting,
      chat({ silenceSeconds: 3_600 }),
      irrigation(),
      walkers({ folder: join(import.meta.dirname, 'walkers'), processes: 1 }),
    ],
  },
  import.meta.filename,
);
const hub = await prepareHub(config, { log: createLog('fatal') });
const [address] = await hub.listen();
process.send?.(address?.port);
process.on('SIGTERM', () => void hub.stop().then(() => process.exit()));
// The test is over.
process.on('disconnect', () => process.exit());
