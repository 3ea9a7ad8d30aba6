import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { Options } from '../../../plugins/cityio/options.ts';

const folder = join(import.meta.dirname, '../../../plugins/cityio');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

test('the README has every option with its default', async (t) => {
  const options: Record<string, { default: unknown }> = JSON.parse(JSON.stringify(Options.properties));
  for (const [name, { default: value }] of Object.entries(options)) {
    const [, shown = ''] = new RegExp(`^\\| \`${name}\` \\| ([^|]*) \\|`, 'm').exec(readme) ?? [];
    const expected =
      typeof value === 'number' ? value.toLocaleString('en') : JSON.stringify(value).replaceAll('"', "'");
    t.equal(shown.replaceAll('`', ''), expected, name);
  }
});

test('the README has every error code', async (t) => {
  const codes = new Set<string>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const source = readFileSync(join(folder, file), 'utf8');
    for (const [, code = ''] of source.matchAll(/(?:new HubError\(\s*|code: )'(\w+)'/g)) codes.add(code);
  }
  t.ok(codes.size > 10);
  for (const code of codes) t.ok(readme.includes(`\`${code}\``), code);
});
