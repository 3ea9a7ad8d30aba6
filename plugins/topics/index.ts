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
import { type RequestPart, writeEnd } from './entries.ts';
import { History } from './history.ts';
import { IdempotencyKeys } from './http/idempotency.ts';
import { serveTopics } from './http/routes.ts';
import { Options } from './options.ts';
import { Registry } from './registry.ts';
import { Bus, type Own } from './service.ts';
import { keepSessions } from './sessions/sessions.ts';
import { Subscribers } from './subscribers.ts';

/** How long the cluster keeps events after the last one, in seconds. */
const KEPT_FOR = 86_400;

/** The plugin with another clock, for tests. */
export function topicsWith(clock: Clock) {
  return definePlugin({
    name: 'topics',
    api: '^1.0.0',
    options: Options,
    setup(hub, options) {
      const registry = new Registry();
      const history = new History(options.history, options.historyBytes);
      const keys = new IdempotencyKeys(hub, options.idempotencyKeys);
      const stream = hub.stream<Own>('events', {
        keep: { entries: options.history, bytes: options.historyBytes, seconds: KEPT_FOR },
        receive: (text, entry) => bus.receive(text, entry),
        missed: () => {
          history.clear();
          generic.missed();
        },
      });
      const delivery = new Delivery(hub, history, () => stream.position.offset);
      const batches = new Batches({
        clock,
        most: options.collected,
        send: (topic, event, place, text) => delivery.send(topic, event, place, text),
        end: (id) => stream.append(writeEnd(id), 'end'),
      });
      const subscribers = new Subscribers(options.subscribers, hub.log);
      const { eventBytes } = options;
      const claim = (request: RequestPart) => keys.claim(request);
      const bus = new Bus({ registry, subscribers, batches, stream, claim, eventBytes });

      const generic = openTopics(hub, { options, delivery, history, stream, clock });
      const cells = openCells(hub, delivery, clock);
      keepSessions(hub, { ...options, clock }, (connection) =>
        connection.endpoint.name === cells.endpoint.name
          ? cells.place(connection)
          : generic.place(connection),
      );
      defineCellsTopics(bus.for('topics'), options);
      serveTopics(hub, { bus, registry, keys, options });

      hub.provideEach('topics', (plugin) => bus.for(plugin));
      hub.onReady(() => registry.freeze());
      hub.onDrain(() => batches.flush());
    },
  });
}

export default topicsWith(systemClock);
