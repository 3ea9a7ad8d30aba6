/** The README says what the code does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { Options } from '../../../plugins/topics/options.ts';

const folder = join(import.meta.dirname, '../../../plugins/topics');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

interface Schema {
  readonly default: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}
const options: Record<string, Schema> = JSON.parse(JSON.stringify(Options.properties));

test('the README has every option with its default', (t) => {
  const [, table = ''] = readme.split('\n## Options\n');
  const rows = [...table.matchAll(/^\| `(\w+)` \| ([^|]*)\|/gm)].map(([, name, shown = '']) => [
    name,
    shown.trim(),
  ]);
  const expected = Object.entries(options).map(([name, { default: value }]) => [
    name,
    typeof value === 'number' ? value.toLocaleString('en') : '',
  ]);
  t.strictSame(rows, expected);
  for (const [name, claim] of Object.entries(options.claims?.properties ?? {}))
    t.ok(readme.includes(`\`${name}\` (\`${claim.default}\`)`), name);
  t.end();
});

test('the README has every error code', (t) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const codes = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/new HubError\(\s*'(\w+)'/g)].map(
      ([, code = '']) => code,
    ),
  );
  t.ok(new Set(codes).size >= 8);
  for (const code of codes) t.ok(readme.includes(`\`${code}\``), code);
  t.end();
});
