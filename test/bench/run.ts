/** The command line of the benchmark: `node test/bench/run.ts [scenario …] [--rounds N] [--seconds S] [--quick]`. */
import { parseArgs } from 'node:util';
import { pinned } from './processes.ts';
import { save, tableOf } from './report.ts';
import { type Options, type Result, runScenario } from './rounds.ts';
import { scenarios } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const options: Options = {
  quick: values.quick,
  rounds: positive('--rounds', values.rounds ?? (values.quick ? '1' : '5')),
  seconds: positive('--seconds', values.seconds ?? (values.quick ? '0.2' : '1.2')),
};

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  return refuse(`${name} must be a number above 0, not ${text}`);
}

function refuse(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(2);
}

/** `http` stands for `http-get` and `http-post`. */
function named(argument: string) {
  const found = scenarios.filter(({ name }) => name === argument || name.startsWith(`${argument}-`));
  if (found.length > 0) return found;
  return refuse(`no scenario ${argument}; there are: ${scenarios.map(({ name }) => name).join(', ')}`);
}

const chosen = positionals.length > 0 ? positionals.flatMap(named) : scenarios;
if (!pinned)
  process.stdout.write('taskset cannot pin to cores 0 and 1: server and generator may share a core\n');
if (options.quick)
  process.stdout.write('quick run: it shows that everything runs, the figures mean nothing\n');

const results: Result[] = [];
for (const scenario of chosen) {
  const result = await runScenario(scenario, options);
  results.push(result);
  process.stdout.write(tableOf(result));
}
process.stdout.write(`kept in ${save(results, options)}\n`);
if (results.some(({ series }) => series.some(({ error }) => error !== undefined))) process.exitCode = 1;
