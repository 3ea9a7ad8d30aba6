/** Chat: rooms whose history survives, for clients of Pydio Cells' protocol. README.md says how to use it. */
import { definePlugin } from '../../core/index.ts';
import { setUpChat } from './chat.ts';
import { systemClock } from './clock.ts';
import { Options } from './options.ts';

export default definePlugin({
  name: 'chat',
  api: '^1.0.0',
  after: ['topics'],
  options: Options,
  setup: (hub, options) => setUpChat(hub, options, systemClock(hub)),
});
