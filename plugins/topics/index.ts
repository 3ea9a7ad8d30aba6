/** Topics: named kinds of events that plugins and walkers tell each other of, within this hub process. */
import { definePlugin, Type } from '../../core/index.ts';
import { TopicBus } from './bus.ts';

export default definePlugin({
  name: 'topics',
  api: '^1.0.0',
  options: Type.Object({
    listeners: Type.Integer({
      default: 10_000,
      minimum: 1,
      description: 'Listeners at most, of all topics.',
    }),
  }),
  setup(hub, { listeners }) {
    hub.provide('topics', new TopicBus(listeners, hub.log));
  },
});
