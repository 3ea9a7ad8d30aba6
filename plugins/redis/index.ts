/** Redis: makes hubs on several machines one, by carrying their notifications and keeping their data. */
import { definePlugin } from '../../core/index.ts';
import { Options } from './options.ts';
import { openParts } from './parts.ts';

export default definePlugin({
  name: 'redis',
  api: '^1.0.0',
  options: Options,
  parts: openParts,
  setup(hub, _options, parts) {
    hub.readyUnless(() => parts?.obstacle());
  },
});
