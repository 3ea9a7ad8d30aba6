/** Events as topics, for other plugins and for walkers. The one file that knows of the plugin `topics`. */
import type { Hub, Static } from '../../core/index.ts';
import { Told } from './messages.ts';
import type { Options } from './options.ts';
import { rightsOfUser } from './rights.ts';
import type { TelemetryEvent } from './telemetry-event.ts';

/** Names of topics: an event of another name is told as `irrigation.other`. */
const TOPIC_PART = /^[A-Za-z0-9_-]+$/;

/**
 * What cannot be true or came too late is told under names of its own, so that no rule is triggered by it that does not ask.
 * @returns tells the topic of an event; undefined without the plugin `topics`.
 */
export function topicsOf(hub: Hub, options: Options): ((event: TelemetryEvent) => void) | undefined {
  const topics = hub.find('topics');
  if (topics === undefined) return undefined;
  const summary =
    'An event of a controller, by its name; `implausible` and `late` are readings that cannot be true or are not live';
  const isFor = ({ controller }: Static<typeof Told>, user: string) =>
    rightsOfUser(options, user).sees(controller);
  topics.define('irrigation.*', { schema: Told, summary, isFor });
  return (event) => topics.publish(topicOf(event), { ...event.data, event: event.series.event });
}

export function topicOf({ row, series, isLate }: TelemetryEvent): string {
  if (row.mark !== undefined) return 'irrigation.implausible';
  if (isLate) return 'irrigation.late';
  return `irrigation.${TOPIC_PART.test(series.event) ? series.event : 'other'}`;
}
