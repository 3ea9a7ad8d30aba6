/** A hub with presence that wants a lease, in a process of its own; any message asks for its fence. Arguments: the prefix, and how long terms and lives are in ms. */
import { completeConfig } from '../../../config/load.ts';
import { prepareHub } from '../../../core/hub.ts';
import { createLog } from '../../../core/log.ts';
import redis from '../../../plugins/redis/index.ts';
import { Keys } from '../../../plugins/redis/keys.ts';
import { redisLeases } from '../../../plugins/redis/leases.ts';
import { RedisPresence } from '../../../plugins/redis/presence.ts';
import { StandaloneLink } from '../../../plugins/redis/standalone.ts';
import { plugin } from '../../helpers/plugin.ts';
import { numbers } from './hubs.ts';
import { REDIS_URL } from './service.ts';

export interface Said {
  readonly is: 'held' | 'asked';
  /** What the process believed then; absent: that it did not hold the lease. */
  readonly fence?: number | undefined;
}

const [, , prefix = '', shortMs] = process.argv;
const log = createLog('error');
const say = (said: Said) => void process.send?.(said);
const member = plugin('member', (hub) => {
  numbers(hub);
  const lease = hub.lease('x');
  lease.onHeld(({ fence }) => say({ is: 'held', fence }));
  process.on('message', () => say({ is: 'asked', fence: lease.fence }));
});
const short = (ms: number) =>
  plugin('short', () => {}, {
    parts: async () => {
      const link = new StandaloneLink({ url: REDIS_URL, silenceMs: 5_000 }, log);
      await link.open();
      const keys = new Keys(prefix);
      return { leases: redisLeases(link, keys, ms), presence: new RedisPresence(link, keys, ms, log) };
    },
  });
const brings = shortMs === undefined ? redis({ prefix }) : short(Number(shortMs));
const config = completeConfig(
  { store: 'memory', host: '127.0.0.1', ports: [0], plugins: [member, brings] },
  import.meta.filename,
);
const hub = await prepareHub(config, { log });
const [address] = await hub.listen();
process.send?.({ port: address?.port });
