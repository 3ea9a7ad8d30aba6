/** Metrics for operators, in the format of Prometheus. Parts count for themselves; this reads them when asked. */
import type { Connections } from './connections.ts';
import type { Failures } from './failures.ts';
import type { EndpointTable } from './paths.ts';
import type { Traffic } from './traffic.ts';

export interface MetricSources {
  readonly endpoints: EndpointTable;
  readonly connections: Connections;
  readonly failures: Failures;
  readonly traffic: Traffic;
  /** Among several on the same ports, of which any may answer; undefined: there is one. */
  readonly process: number | undefined;
}

/** @returns the type and the text of the answer at `/metrics`. */
export async function metricsText({
  endpoints,
  connections,
  failures,
  traffic,
  process,
}: MetricSources): Promise<[string, string]> {
  // Loaded by the first scrape: most hubs on a developer's machine are never scraped.
  const { collectDefaultMetrics, Counter, Gauge, Registry } = await import('prom-client');
  const registers = [new Registry()];
  const [registry] = registers;
  if (registry === undefined) return ['', ''];
  if (process !== undefined) registry.setDefaultLabels({ process });
  collectDefaultMetrics({ register: registry });
  const open = new Gauge({
    name: 'hub_connections',
    help: 'Open connections.',
    labelNames: ['endpoint'],
    registers,
  });
  const received = new Counter({
    name: 'hub_messages_received_total',
    help: 'Messages that were read and passed their schema.',
    labelNames: ['endpoint', 'type'],
    registers,
  });
  const congested = new Counter({
    name: 'hub_slow_reader_messages_total',
    help: 'Messages that met a reader too slow: dropped, replaced by a newer one, or the reason the connection was closed.',
    labelNames: ['endpoint', 'type', 'outcome'],
    registers,
  });
  const failed = new Counter({
    name: 'hub_plugin_failures_total',
    help: 'Errors of plugins that were contained.',
    labelNames: ['plugin'],
    registers,
  });
  const frames = new Counter({
    name: 'hub_frames_received_total',
    help: 'What came through the broker: to topics with members here, to single clients here, and entries of streams.',
    labelNames: ['by'],
    registers,
  });
  for (const endpoint of endpoints) open.set({ endpoint: endpoint.name }, 0);
  for (const connection of connections) open.inc({ endpoint: connection.endpoint.name });
  for (const { name: endpoint, messages } of endpoints) {
    for (const type of messages.incoming.values()) received.inc({ endpoint, type: type.name }, type.received);
    for (const type of messages.outgoing.values()) {
      for (const [outcome, count] of Object.entries(type.congestion))
        congested.inc({ endpoint, type: type.name, outcome }, count);
    }
  }
  for (const [by, count] of Object.entries(traffic.received)) frames.inc({ by }, count);
  for (const [plugin, count] of failures.counts) failed.inc({ plugin }, count);
  return [registry.contentType, await registry.metrics()];
}
