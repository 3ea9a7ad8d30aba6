/** Memory while a season of readings comes in over the wire. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Sample } from './load/job.ts';
import { type Contender, type Context, type Measure, targetOf } from './measures.ts';
import { startServer } from './processes.ts';

const DAYS = 181;
const QUICK_DAYS = 10;

/** Bytes after garbage collection, at the end of a day. */
interface Memory {
  readonly resident: number;
  readonly heap: number;
}

/**
 * Resident memory of a hub that a season comes in to, in bytes. Contenders are the moments: `tenth` of the season, `middle`,
 * `end`, and `highest` from the first tenth on. Each round is a season of its own, in a new hub with an empty store.
 */
export function seasonMemory(): Measure {
  let left = new Map<string, Sample>();
  return async (context, contender) => {
    if (!left.has(contender.name)) left = await fill(context, contender);
    const sample = left.get(contender.name);
    if (sample === undefined) throw new Error(`no moment of a season is called ${contender.name}`);
    left.delete(contender.name);
    return sample;
  };
}

async function fill(context: Context, contender: Contender): Promise<Map<string, Sample>> {
  const { folder, generator, quick } = context;
  await using server = await startServer(contender.server, mkdtempSync(join(folder, 'season-')));
  const count = quick ? QUICK_DAYS : DAYS;
  const start = performance.now();
  const days: Memory[] = [];
  let readings = 0;
  for (let day = 0; day < count; day++) {
    readings += (await generator.run({ do: 'day', day, target: targetOf(contender, server) })).value;
    const { rss, heapUsed } = await server.memory();
    days.push({ resident: rss, heap: heapUsed });
  }
  const seconds = (performance.now() - start) / 1000;
  const rest = days.slice(Math.round(count / 10) - 1);
  const [tenth] = rest;
  const highest = rest.toSorted((a, b) => b.resident - a.resident)[0];
  const middle = days[Math.floor(count / 2)];
  const end = days.at(-1);
  const sampleOf = (memory: Memory | undefined, more: Record<string, number> = {}): Sample => {
    const { resident, heap } = memory ?? { resident: Number.NaN, heap: Number.NaN };
    return { value: resident, detail: { 'heap bytes': heap, ...more } };
  };
  return new Map([
    ['tenth', sampleOf(tenth, { 'after the first day': days[0]?.resident ?? Number.NaN })],
    ['middle', sampleOf(middle)],
    ['end', sampleOf(end, { readings, seconds })],
    [
      'highest',
      sampleOf(highest, {
        'bytes per day': slope(rest.map(({ resident }) => resident)),
        'heap bytes per day': slope(rest.map(({ heap }) => heap)),
      }),
    ],
  ]);
}

/** Growth from one value to the next, by the straight line that is nearest to all (least squares). */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [above, below] = [0, 0];
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - mean);
    below += (i - middle) ** 2;
  }
  return above / below;
}
