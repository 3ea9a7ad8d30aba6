/** The table for people and the file for later comparisons. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pinned } from './processes.ts';
import { median, type Options, paired, type Result } from './rounds.ts';
import type { Goal, Unit } from './scenario.ts';

const HEAD = ['scenario', 'contender', 'median', 'min – max', 'ratio', 'target', 'reached'] as const;
const WIDTHS = [16, 12, 12, 23, 18, 22, 7] as const;

interface Verdict {
  readonly goal: Goal;
  /** Median of the rounds; undefined when it was not measured. */
  readonly figure: number | undefined;
  readonly reached: boolean | undefined;
}

/** The lines of one scenario. */
export function tableOf(result: Result): string {
  const { scenario, series, notes } = result;
  const verdicts = judge(result);
  const rows: string[][] = [];
  for (const { contender, samples, error } of series) {
    const values = samples.map(({ value }) => value);
    const show = (value: number) => format(value, scenario.unit);
    const own = verdicts.filter(({ goal }) => goal.contender === contender);
    const first = own.find(({ goal }) => goal.of === scenario.baseline);
    rows.push([
      scenario.name,
      contender,
      error ? 'failed' : show(median(values)),
      values.length > 0 ? `${show(Math.min(...values))} – ${show(Math.max(...values))}` : '',
      ratio(paired(result, contender, scenario.baseline, 'ratio')),
      ...(first ? judged(first) : ['', '']),
    ]);
    for (const verdict of own) {
      if (verdict === first) continue;
      const ratios = ratio(paired(result, contender, verdict.goal.of, 'ratio'));
      rows.push(['', '', '', '', ratios, ...judged(verdict)]);
    }
  }
  for (const verdict of verdicts) {
    if (series.some(({ contender }) => contender === verdict.goal.contender)) continue;
    rows.push([scenario.name, verdict.goal.contender, 'not measured', '', '', ...judged(verdict)]);
  }
  const errors = series.flatMap(({ contender, error }) => (error ? [`${contender}: FAILED, ${error}`] : []));
  return [
    `\n${scenario.name}: ${scenario.title}`,
    line(HEAD),
    ...rows.map(line),
    ...[...errors, ...details(result), ...notes].map((note) => `  ${note}`),
    '',
  ].join('\n');
}

/** @returns the path of the file. */
export function save(results: readonly Result[], options: Options): string {
  const folder = new URL('../../bench-results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = new URL(`${at.replaceAll(':', '-')}.json`, folder);
  const report = {
    at,
    options,
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      kernel: release(),
      node: process.version,
      pinned,
    },
    results: results.map((result) => ({
      scenario: result.scenario.name,
      unit: result.scenario.unit,
      baseline: result.scenario.baseline,
      series: result.series,
      targets: judge(result),
      notes: result.notes,
    })),
  };
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return fileURLToPath(file);
}

function judge(result: Result): Verdict[] {
  return result.scenario.targets.map((goal) => {
    const figures = paired(result, goal.contender, goal.of, goal.plus === undefined ? 'ratio' : 'minus');
    if (figures.length === 0) return { goal, figure: undefined, reached: undefined };
    const figure = median(figures);
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = goal.plus ?? Number.POSITIVE_INFINITY } = goal;
    return { goal, figure, reached: figure >= atLeast && figure <= atMost };
  });
}

function judged({ goal, reached }: Verdict): [string, string] {
  const { of, atLeast, atMost, plus } = goal;
  const bound = atLeast === undefined ? `≤ ${atMost} × ${of}` : `≥ ${atLeast} × ${of}`;
  return [
    plus === undefined ? bound : `≤ ${of} + ${plus}`,
    reached === undefined ? '–' : reached ? 'yes' : 'NO',
  ];
}

function ratio(ratios: readonly number[]): string {
  if (ratios.length === 0) return '';
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return `${median(ratios).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** Medians of what the samples say besides their value. */
function details({ series }: Result): string[] {
  return series.flatMap(({ contender, samples }) => {
    const names = Object.keys(samples[0]?.detail ?? {});
    if (names.length === 0) return [];
    const medians = names.map((name) => {
      const value = median(samples.map(({ detail }) => detail[name] ?? Number.NaN));
      return `${name} ${value < 100 ? value.toFixed(1) : value.toFixed(0)}`;
    });
    return [`${contender}: ${medians.join(', ')}`];
  });
}

function format(value: number, unit: Unit): string {
  if (unit === '/s')
    return value >= 10_000 ? `${(value / 1000).toFixed(0)} k/s` : `${(value / 1000).toFixed(2)} k/s`;
  return `${value < 100 && unit !== 'B' ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
    .join(' ')
    .trimEnd();
}
