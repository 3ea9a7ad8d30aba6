/** Runs a scenario: contenders in turn, disturbed samples again, ratios within a round. */
import { mkdtempDisposableSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Sample } from './load/job.ts';
import type { Contender, Context } from './measures.ts';
import { type Generator, pinned, type Server, startGenerator, startServer } from './processes.ts';
import type { Scenario } from './scenario.ts';

/** Shares of one core, of cores 0 and 1 together, above which a sample is taken again. */
const STOLEN_LIMIT = 0.02;
const FOREIGN_LIMIT = 0.2;
const TRIES = 3;
/** Milliseconds before another try: what disturbs may have ended then. */
const PAUSE = 1000;
/** Seconds under load before a contender's first sample: its code must have been compiled by then. */
const FIRST_WARMUP = 2;
const WARMUP = 0.25;
/** A side this busy, in shares of a core, is the one that limits. */
const BUSY = 0.9;

export interface Options {
  readonly rounds: number;
  /** Of one sample. */
  readonly seconds: number;
  readonly quick: boolean;
}

interface Series {
  readonly contender: string;
  /** One per round, until the contender failed. */
  readonly samples: Sample[];
  /** Why it failed. */
  error?: string;
}

export interface Result {
  readonly scenario: Scenario;
  readonly series: readonly Series[];
  /** What a reader has to know of the samples. */
  readonly notes: readonly string[];
}

export async function runScenario(scenario: Scenario, options: Options): Promise<Result> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'hub-bench-'));
  await using open = new AsyncDisposableStack();
  const servers = new Map<string, Server>();
  const server = async (contender: Contender) => {
    const started =
      servers.get(contender.server.href) ??
      open.use(await startServer(contender.server, mkdtempSync(join(folder.path, 'server-'))));
    servers.set(contender.server.href, started);
    return started;
  };

  let generator: Generator = open.use(startGenerator());
  const notes: string[] = [];
  const series: Series[] = scenario.contenders.map(({ name }) => ({ contender: name, samples: [] }));
  const rounds = Math.min(options.rounds, scenario.rounds ?? options.rounds);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contender] of scenario.contenders.entries()) {
      const own = series[index];
      if (!own || own.error !== undefined) continue;
      const warmup = options.quick ? options.seconds : round === 0 ? FIRST_WARMUP : WARMUP;
      const timing = { warmup, seconds: options.seconds };
      const context: Context = { timing, quick: options.quick, generator, folder: folder.path, server };
      try {
        const take = () => scenario.measure(context, contender);
        const { sample, note } = options.quick ? { sample: await take() } : await undisturbed(take);
        own.samples.push(sample);
        if (note) notes.push(`${contender.name}, round ${round + 1}: ${note}`);
      } catch (error) {
        own.error = reasonOf(error);
        await generator[Symbol.asyncDispose](); // with the connections and timers of the failed load
        generator = open.use(startGenerator());
      }
    }
  }
  notes.push(...limitedByGenerator(scenario, series));
  return { scenario, series, notes };
}

/** Takes a sample again when others used the machine; after some tries the least disturbed one has to do. */
async function undisturbed(take: () => Promise<Sample>): Promise<{ sample: Sample; note?: string }> {
  let best: Sample | undefined;
  const dropped: string[] = [];
  for (let i = 0; i < TRIES; i++) {
    if (i > 0) await wait(PAUSE);
    const sample = await take();
    if (disturbance(sample) <= 1) {
      return { sample, ...(dropped.length > 0 ? { note: `taken again: ${dropped.join('; ')}` } : {}) };
    }
    const { stolen, foreign } = sample.shares ?? {};
    dropped.push(`stolen ${percent(stolen)}, used by others ${percent(foreign)}`);
    if (!best || disturbance(sample) < disturbance(best)) best = sample;
  }
  if (!best) throw new Error('no sample was taken');
  return { sample: best, note: `DISTURBED in every try, the best one kept: ${dropped.join('; ')}` };
}

/** Above 1: too much. Without pinning there is no knowing which cores matter. */
function disturbance({ shares }: Sample): number {
  if (!pinned) return 0;
  return Math.max((shares?.stolen ?? 0) / STOLEN_LIMIT, (shares?.foreign ?? 0) / FOREIGN_LIMIT);
}

function limitedByGenerator(scenario: Scenario, series: readonly Series[]): string[] {
  if (scenario.unit === 'µs') return []; // there the generator asks for the time without pause
  return series.flatMap(({ contender, samples }) => {
    const generator = median(samples.map(({ shares }) => shares?.generator ?? 0));
    const server = median(samples.map(({ shares }) => shares?.server ?? 1));
    return generator > BUSY && server < BUSY
      ? [
          `${contender}: WARNING, limited by the generator (${percent(generator)} of a core, the server ${percent(server)})`,
        ]
      : [];
  });
}

/** Ratio (or with `minus` the difference) of two contenders in each round that has both. */
export function paired(result: Result, contender: string, of: string, how: 'ratio' | 'minus'): number[] {
  const values = (name: string) => result.series.find((series) => series.contender === name)?.samples ?? [];
  const others = values(of);
  return values(contender).flatMap(({ value }, round) => {
    const other = others[round]?.value;
    if (other === undefined) return [];
    return [how === 'ratio' ? value / other : value - other];
  });
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

function percent(share: number | undefined): string {
  return share === undefined ? '?' : `${(share * 100).toFixed(0)} %`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
