/** The REST interface: history, and what there is now. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Hub, HubError, type Static, Type } from '../../core/index.ts';
import type { Clock } from './clock.ts';
import { csv } from './csv.ts';
import { type Field, latestOf, type Series } from './field.ts';
import type { FoundRow } from './history.ts';
import type { Options } from './options.ts';
import { type Interval, type Queries, readEvery, readTime } from './queries.ts';
import { Rights } from './rights.ts';
import { toValue } from './sensors.ts';

/** Of a page of rows. */
const DEFAULT_ROWS = 1_000;
const MAX_ROWS = 10_000;
/** Without `from`, the last day is meant. */
const DAY = 86_400_000;
const tags = ['irrigation'];

const Query = Type.Object({
  controller: Type.String({ maxLength: 64 }),
  event: Type.String({ maxLength: 64 }),
  from: Type.Optional(Type.String({ description: 'Unix ms or ISO 8601; default: a day before `to`.' })),
  to: Type.Optional(Type.String({ description: 'Exclusive; default: now.' })),
  every: Type.Optional(
    Type.String({ description: 'Length of intervals: `1m`, `15m`, `1h`, `1d`. Left out: raw rows.' }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_ROWS, description: 'Rows of a page.' })),
  after: Type.Optional(
    Type.String({ pattern: '^\\d{1,15}\\.\\d{1,6}$', description: '`next` of the page before.' }),
  ),
  format: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('csv')])),
});
type Query = Static<typeof Query>;

export interface RestParts {
  readonly field: Field;
  readonly clock: Clock;
  readonly queries: Queries;
}

export function serveRest(hub: Hub, options: Options, { field, clock, queries }: RestParts): void {
  const rightsOf = async (request: FastifyRequest) => {
    const identity = await hub.identity.of(request);
    if (identity === undefined) throw new HubError('unauthorized', 'a token is needed');
    return new Rights(options, identity);
  };
  const summary = 'History: raw rows, or minimum, mean, maximum and count over intervals';
  const schema = { tags, summary, querystring: Query };
  hub.http.get<{ Querystring: Query }>('/irrigation/telemetry', { schema }, async (request, reply) => {
    const { query } = request;
    const rights = await rightsOf(request);
    if (!rights.sees(query.controller)) {
      throw new HubError('forbidden', `you may not see "${query.controller}"`);
    }
    const series = field.get(query.controller).series.get(query.event);
    if (series === undefined) {
      throw new HubError('not_found', `"${query.controller}" has sent no "${query.event}"`);
    }
    const to = query.to === undefined ? clock.now() + 1 : readTime('to', query.to);
    const from = query.from === undefined ? to - DAY : readTime('from', query.from);
    if (from > to) throw new HubError('invalid_request', 'from: expected a time before `to`');
    if (query.every !== undefined) {
      const intervals = await queries.intervals(series, from, to, readEvery(query.every));
      return sendIntervals(reply, query, series, intervals);
    }
    const limit = query.limit ?? DEFAULT_ROWS;
    const rows = await queries.rows(series, { from, to, after: query.after, limit });
    return sendRows(reply, query, series, rows, rows.length === limit ? rows.at(-1)?.place : undefined);
  });

  const about = {
    tags,
    summary: 'Controllers, whether they are online, and the latest value of each sensor',
  };
  hub.http.get('/irrigation/controllers', { schema: about }, async (request) => {
    const rights = await rightsOf(request);
    const now = clock.now();
    const seen = [...field.controllers.values()].filter(({ id }) => rights.sees(id));
    return {
      controllers: seen.map(({ id, online, since, lastHeard, series }) => ({
        controller: id,
        online,
        since,
        last_heard: lastHeard,
        events: [...series.keys()],
        sensors: Object.fromEntries(
          [...series.values()]
            .filter(({ latest }) => latest !== undefined)
            .map((one) => [one.event, one.sensor]),
        ),
        readings: [...series.values()].flatMap((one) => latestOf(one, now) ?? []),
      })),
    };
  });
}

function sendIntervals(
  reply: FastifyReply,
  { controller, event, every, format }: Query,
  { sensor }: Series,
  intervals: readonly Interval[],
) {
  if (format !== 'csv') return { controller, event, unit: sensor.unit, every, intervals };
  const names = ['from', 'min', 'mean', 'max', 'count', 'marked'];
  const rows = intervals.map(({ from, min, mean, max, count, marked }) => {
    return [new Date(from).toISOString(), min, mean, max, count, marked];
  });
  return sendCsv(reply, csv(names, rows));
}

/** @param next the place after which the next page begins; undefined: there is none. */
function sendRows(
  reply: FastifyReply,
  { controller, event, format }: Query,
  { sensor }: Series,
  found: readonly FoundRow[],
  next: string | undefined,
) {
  const rows = found.map(({ received, at, mark, data }) => ({
    received_at: received,
    at,
    ...(mark !== undefined && { mark }),
    ...(typeof data.record === 'number' && { value: toValue(sensor, data.record) }),
    data,
  }));
  if (format !== 'csv') {
    return { controller, event, unit: sensor.unit, rows, ...(next !== undefined && { next }) };
  }
  if (next !== undefined) void reply.header('x-next', next);
  const names = ['received_at', 'at', 'time', 'record', 'value', 'mark', 'data'];
  const lines = rows.map(({ received_at, at, mark, value, data }) => {
    const { time, record, ...rest } = data;
    const [timeCell, recordCell] = [time, record].map((one) => (typeof one === 'number' ? one : undefined));
    const restCell = Object.keys(rest).length > 0 ? JSON.stringify(rest) : undefined;
    const moments = [received_at, at].map((ms) => new Date(ms).toISOString());
    return [...moments, timeCell, recordCell, value, mark, restCell];
  });
  return sendCsv(reply, csv(names, lines));
}

function sendCsv(reply: FastifyReply, text: string) {
  return reply.type('text/csv; charset=utf-8').send(text);
}
