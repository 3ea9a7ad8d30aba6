/** Replays a rule over what was recorded: tells what it would have done, and does nothing. */
import { randomUUID } from 'node:crypto';
import { HubError, type Services } from '../../../core/index.ts';
import { assertShortEnough, type Request } from '../commands.ts';
import { type Controller, type Field, setLatest } from '../field.ts';
import type { History } from '../history.ts';
import type { Options } from '../options.ts';
import type { Queries } from '../queries.ts';
import { rightsOfUser } from '../rights.ts';
import { TelemetryEvent } from '../telemetry-event.ts';
import { topicOf } from '../topics.ts';
import { irrigationCalls } from './calls.ts';
import { inOrder } from './recorded.ts';

export interface Replay {
  readonly walker: string;
  /** Unix ms, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Whether events of a topic trigger the walker. */
  readonly isOn: (topic: string) => boolean;
  /** When it runs by the clock, and with which fields and where: Unix ms in ascending order. */
  readonly ticks: Iterable<number>;
  readonly clocked: Pick<Rehearsal, 'fields' | 'root' | 'node'>;
  /** The user it runs for; undefined: nobody. */
  readonly user: { readonly id: string; readonly root: string } | undefined;
  /** Whether the graph has nothing in it to begin with, in place of what it has now. */
  readonly isEmpty: boolean;
  /** A walker that runs first, to put thresholds on the graph. */
  readonly prepare:
    | { readonly walker: string; readonly fields: Readonly<Record<string, unknown>> }
    | undefined;
}

type Rehearsal = NonNullable<Parameters<Services['walkers']['rehearse']>[1]>;

export interface ReplayParts {
  readonly options: Options;
  readonly field: Field;
  readonly history: History;
  readonly queries: Queries;
  readonly walkers: Services['walkers'];
}

/**
 * @param say gets a line for everything the walker would have done.
 * @returns how often it ran.
 * @throws HubError when there is no such walker, or it fails.
 */
export async function replay(
  parts: ReplayParts,
  { walker, from, to, isOn, ticks, clocked, user, isEmpty, prepare }: Replay,
  say: (line: string) => void,
): Promise<number> {
  const { options, walkers, field } = parts;
  const stage = walkers.stage({ empty: isEmpty });
  // What is known now was not known then.
  const all = [...field.controllers.values()].flatMap(({ series }) => [...series.values()]);
  for (const series of all) series.latest = undefined;
  let now = from;
  const tell = (line: string) => say(`${new Date(now).toISOString()} ${line}`);
  const command =
    (name: string) =>
    ({ id: controller }: Controller, { zones, seconds }: Request) => {
      if (seconds !== undefined) assertShortEnough(options, seconds);
      tell(`${name} ${JSON.stringify({ controller, zones, seconds })}`);
      return { id: randomUUID(), state: 'sent' as const };
    };
  const calls = { ...parts, now: () => now, start: command('start'), stop: command('stop') };
  const grants = { irrigation: irrigationCalls(calls) };
  const run = async (name: string, more: Rehearsal) => {
    const root = user === undefined ? {} : { root: user.root };
    const played = await walkers.rehearse(name, { ...more, ...root, stage, now, grants });
    for (const { to: target, targets, data } of played.notifications) {
      tell(`notifies ${target} ${targets.join(', ')}: ${JSON.stringify(data)}`);
    }
    for (const { topic, data } of played.topics) tell(`publishes ${topic}: ${JSON.stringify(data)}`);
    for (const { text } of played.log) tell(`logs ${text}`);
    if (!played.ok) {
      throw new HubError(played.code, `${name} at ${new Date(now).toISOString()}: ${played.message}`);
    }
    for (const report of played.reports) tell(`reports ${JSON.stringify(report)}`);
  };

  if (prepare !== undefined) await run(prepare.walker, { fields: prepare.fields });
  let runs = 0;
  const clock = ticks[Symbol.iterator]();
  let tick = clock.next();
  const runUntil = async (time: number) => {
    for (; !tick.done && tick.value <= time; tick = clock.next()) {
      now = tick.value;
      await run(walker, clocked);
      runs++;
    }
  };
  const isFor = ({ id }: Controller) => user === undefined || rightsOfUser(options, user.id).sees(id);
  for await (const { series, row } of inOrder(parts.history, all, from, to)) {
    await runUntil(row.received);
    setLatest(series, row);
    const event = new TelemetryEvent(series, row);
    const topic = topicOf(event);
    if (!isOn(topic) || !isFor(series.controller)) continue;
    now = row.received;
    await run(walker, { event: { topic, data: { ...event.data, event: series.event } } });
    runs++;
  }
  await runUntil(to - 1);
  return runs;
}
