/** Replays a rule over what was recorded: tells what it would have done, and does nothing. */
import { randomUUID } from 'node:crypto';
import { HubError, type Services } from '../../../core/index.ts';
import { type Field, latestOf, type Series, setLatest } from '../field.ts';
import type { FoundRow, History } from '../history.ts';
import type { Queries } from '../queries.ts';
import { toValue } from '../sensors.ts';
import { TelemetryEvent } from '../telemetry-event.ts';
import { topicOf } from '../topics.ts';
import { windowOf } from './window.ts';

/** Rows of a series read at once. */
const PAGE = 500;

export interface Replay {
  readonly walker: string;
  /** Unix ms, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Events that trigger the walker. */
  readonly events: readonly string[];
  /** Instead: runs it by the clock, every so many ms. */
  readonly every?: number | undefined;
  /** For whom it runs; undefined: nobody. */
  readonly root?: string | undefined;
}

export interface ReplayParts {
  readonly field: Field;
  readonly history: History;
  readonly queries: Queries;
  readonly walkers: Services['walkers'];
}

/**
 * @param say gets a line for everything the walker would have done.
 * @returns how often it ran.
 * @throws HubError when there is no such walker.
 */
export async function replay(
  parts: ReplayParts,
  { walker, from, to, events, every, root }: Replay,
  say: (line: string) => void,
): Promise<number> {
  const { walkers, field, queries } = parts;
  const stage = walkers.stage();
  // What is known now was not known then.
  const all = [...field.controllers.values()].flatMap(({ series }) => [...series.values()]);
  for (const series of all) series.latest = undefined;
  const find = (controller: string, event: string) => field.controllers.get(controller)?.series.get(event);
  let runs = 0;
  const run = async (now: number, event: { topic: string; data: unknown } | undefined) => {
    const tell = (line: string) => say(`${new Date(now).toISOString()} ${line}`);
    const command = (name: string) => (given: object) => {
      tell(`${name} ${JSON.stringify(given)}`);
      return { id: randomUUID(), state: 'sent' as const };
    };
    const played = await walkers.rehearse(walker, {
      stage,
      now,
      ...(event && { event }),
      ...(root !== undefined && { root }),
      grants: {
        irrigation: {
          latest: ({ controller, event: name }) =>
            all
              .filter((one) => controller === undefined || one.controller.id === controller)
              .filter((one) => name === undefined || one.event === name)
              .flatMap((one) => latestOf(one, now) ?? []),
          window: ({ controller, event: name, minutes }) =>
            windowOf(queries, find(controller, name), minutes, now),
          start: command('start'),
          stop: command('stop'),
        },
      },
    });
    runs++;
    for (const { to: target, targets, data } of played.notifications) {
      tell(`notifies ${target} ${targets.join(', ')}: ${JSON.stringify(data)}`);
    }
    for (const { topic, data } of played.topics) tell(`publishes ${topic}: ${JSON.stringify(data)}`);
    for (const { text } of played.log) tell(`logs ${text}`);
    if (!played.ok) throw new HubError(played.code, `at ${new Date(now).toISOString()}: ${played.message}`);
    for (const report of played.reports) tell(`reports ${JSON.stringify(report)}`);
  };

  let next = from;
  for await (const { series, row } of inOrder(parts, all, from, to)) {
    for (; every !== undefined && next <= row.received; next += every) await run(next, undefined);
    const { record } = row.data;
    if (typeof record === 'number') setLatest(series, { ...row, record });
    if (every !== undefined || !events.includes(series.event)) continue;
    const value = typeof record === 'number' ? toValue(series.sensor, record) : undefined;
    const event = new TelemetryEvent(series, row, value);
    // As live: what is told under another name triggers nothing.
    const topic = topicOf(event);
    if (!events.includes(topic.slice('irrigation.'.length))) continue;
    await run(row.received, { topic, data: { ...event.data, event: series.event } });
  }
  for (; every !== undefined && next < to; next += every) await run(next, undefined);
  return runs;
}

/** Rows of all series in the order in which they arrived. */
async function* inOrder({ history }: ReplayParts, all: readonly Series[], from: number, to: number) {
  const read = async function* (series: Series): AsyncGenerator<FoundRow> {
    for (let after: string | undefined; ; ) {
      const page = await history.rows(series.key, { from, to, after, limit: PAGE });
      yield* page;
      after = page.at(-1)?.place;
      if (page.length < PAGE) return;
    }
  };
  const heads: { readonly series: Series; readonly rows: AsyncGenerator<FoundRow>; row: FoundRow }[] = [];
  for (const series of all) {
    const rows = read(series);
    const { value, done } = await rows.next();
    if (!done) heads.push({ series, rows, row: value });
  }
  while (heads.length > 0) {
    const first = heads.reduce((a, b) => (b.row.received < a.row.received ? b : a));
    yield { series: first.series, row: first.row };
    const { value, done } = await first.rows.next();
    if (done) heads.splice(heads.indexOf(first), 1);
    else first.row = value;
  }
}
