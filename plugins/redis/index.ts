/** Redis: makes hubs on several machines one, by carrying their notifications and keeping their data. */
import { definePlugin, StartError } from '../../core/index.ts';
import { Options } from './options.ts';
import { openParts } from './parts.ts';

export default definePlugin({
  name: 'redis',
  api: '^1.0.0',
  options: Options,
  parts: openParts,
  setup(hub, { cluster, sentinels }, parts) {
    if (cluster && sentinels.length > 0)
      throw new StartError('either sentinels or cluster: a Redis Cluster replaces its masters by itself');
    hub.readyUnless(() => parts?.obstacle());
  },
});
