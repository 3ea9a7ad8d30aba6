/**
 * Topics: named kinds of events, from plugins, walkers and services, to whoever follows them in the hub and to the
 * clients that may see them. README.md says how.
 */
import { definePlugin } from '../../core/index.ts';
import { Batches } from './batches.ts';
import { openCells } from './cells/endpoint.ts';
import { defineCellsTopics } from './cells/topics.ts';
import { type Clock, systemClock } from './clock.ts';
import { Delivery } from './delivery.ts';
import { openTopics } from './endpoint.ts';
import { History } from './history.ts';
import { serveTopics } from './http/routes.ts';
import { Options } from './options.ts';
import { Registry } from './registry.ts';
import { Bus } from './service.ts';
import { keepSessions } from './sessions/sessions.ts';
import { Subscribers } from './subscribers.ts';

/** The plugin with another clock, for tests. */
export function topicsWith(clock: Clock) {
  return definePlugin({
    name: 'topics',
    api: '^1.0.0',
    options: Options,
    setup(hub, options) {
      const registry = new Registry();
      const history = new History(options.history, options.historyBytes);
      const delivery = new Delivery(hub, history);
      const batches = new Batches(clock, options.collected, (topic, event) => delivery.send(topic, event));
      const subscribers = new Subscribers(options.subscribers, hub.log);
      const line = hub.line('events', (text) => bus.receive(text));
      const bus = new Bus({ registry, subscribers, batches, line, eventBytes: options.eventBytes });

      const generic = openTopics(hub, { options, delivery, history, clock });
      const cells = openCells(hub, delivery, clock);
      keepSessions(hub, { ...options, clock }, (connection) =>
        connection.endpoint.name === cells.endpoint.name
          ? cells.place(connection)
          : generic.place(connection),
      );
      defineCellsTopics(bus.for('topics'), options);
      serveTopics(hub, bus, registry, options);

      hub.provideEach('topics', (plugin) => bus.for(plugin));
      hub.onReady(() => registry.freeze());
      hub.onDrain(() => batches.flush());
    },
  });
}

export default topicsWith(systemClock);
