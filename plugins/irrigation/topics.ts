/** Events as topics, for other plugins and for walkers. The one file that knows of the plugin `topics`. */
import type { Hub } from '../../core/index.ts';
import type { TelemetryEvent } from './telemetry-event.ts';

/**
 * What cannot be true or came too late is told under names of its own, so that no rule is triggered by it that does not ask.
 * @returns tells the topic of an event; undefined without the plugin `topics`.
 */
export function topicsOf(hub: Hub): ((event: TelemetryEvent) => void) | undefined {
  const topics = hub.find('topics');
  if (topics === undefined) return undefined;
  return (event) => {
    const { row, series, isLate, data } = event;
    const kind = row.mark !== undefined ? 'implausible' : isLate ? 'late' : series.event;
    topics.emit(`irrigation.${kind}`, { event: series.event, ...data });
  };
}
