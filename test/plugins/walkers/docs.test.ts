/** The README says what the code does: options, limits and specs with their defaults. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { Options } from '../../../plugins/walkers/options.ts';
import { DEFAULT_LIMITS } from '../../../plugins/walkers/runtime/limits.ts';
import { readSpecs } from '../../../plugins/walkers/source/specs.ts';

const readme = readFileSync(new URL('../../../plugins/walkers/README.md', import.meta.url), 'utf8');

/** First two cells of the rows under a heading. */
function rows(heading: string): Map<string, string> {
  const [, after = ''] = readme.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  const cells = [...section.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)];
  return new Map(cells.map(([, name = '', value = '']) => [name, value.trim().replaceAll('`', '')]));
}

const shown = (value: unknown) =>
  typeof value === 'number' ? value.toLocaleString('en') : String(value ?? '').replace('[object Object]', '');

test('the README has every option with its default', (t) => {
  t.strictSame(
    [...rows('Options')],
    Object.entries(Options.properties).map(([name, schema]) => {
      return [name, shown('default' in schema ? schema.default : undefined)];
    }),
  );
  t.end();
});

test('the README has every limit with its default', (t) => {
  t.strictSame(
    [...rows('Limits of a run')],
    Object.entries(DEFAULT_LIMITS).map(([name, value]) => [name, shown(value)]),
  );
  t.end();
});

test('the README has every spec with its default', (t) => {
  const read = readSpecs({});
  if ('problem' in read) throw new Error(read.problem);
  const optional = ['webhook', 'schedule', 'summary', 'description'];
  const documented = rows('Specs');
  t.strictSame([...documented.keys()].sort(), [...Object.keys(read.specs), ...optional].sort());
  for (const [name, value] of Object.entries(read.specs)) {
    if (name === 'limits') continue;
    const text = JSON.stringify(value).replaceAll('"', "'");
    t.equal(documented.get(name), text, name);
  }
  t.end();
});
